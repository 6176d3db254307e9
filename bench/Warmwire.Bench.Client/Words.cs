using System.Globalization;

namespace Warmwire.Bench.Client;

/// <summary>Settings as words, <c>name=value</c>: what every language reads without a library.</summary>
internal sealed class Words
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Words(ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw new ArgumentException($"'{word}' is not NAME=VALUE", nameof(words));
            }

            _values[word[..equals]] = word[(equals + 1)..];
        }
    }

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    public string Text(string name) =>
        _values.TryGetValue(name, out string? value) ? value : throw new ArgumentException($"{name}= is missing", nameof(name));

    public int Number(string name, int otherwise) =>
        _values.TryGetValue(name, out string? value) ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    public double Fraction(string name, double otherwise) =>
        _values.TryGetValue(name, out string? value) ? double.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    public Uri Uri(string name) => new(Text(name), UriKind.Absolute);
}
