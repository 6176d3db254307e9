using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Warmwire.Cli.Quick.Requests;

/// <summary>
/// A text with placeholders: <c>{{csv.id}}</c> is replaced by the value, in a URL percent-encoded, and <c>{{{csv.path}}}</c> by the
/// value as it is.
/// </summary>
internal sealed class Template
{
    private readonly Part[] _parts;

    private Template(string text, Part[] parts) =>
        (Text, _parts, IsFixed) = (text, parts, Array.TrueForAll(parts, static part => part.Name is null));

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Whether it has no placeholder.</summary>
    public bool IsFixed { get; }

    /// <summary>The names of the placeholders.</summary>
    public IEnumerable<string> Names => _parts.Select(static part => part.Name).OfType<string>();

    /// <summary>A text in which braces mean nothing.</summary>
    public static Template Fixed(string text) => new(text, [new Part(text, null, IsRaw: true)]);

    /// <param name="text">The text.</param>
    /// <param name="template">What it means.</param>
    /// <param name="problem">What is wrong with it.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Template? template, [NotNullWhen(false)] out string? problem)
    {
        var parts = new List<Part>();
        template = null;
        int at = 0;
        while (at < text.Length)
        {
            int open = text.IndexOf("{{", at, StringComparison.Ordinal);
            if (open < 0)
            {
                break;
            }

            bool isRaw = text.AsSpan(open).StartsWith("{{{", StringComparison.Ordinal);
            string end = isRaw ? "}}}" : "}}";
            int close = text.IndexOf(end, open, StringComparison.Ordinal);
            string name = close < 0 ? "" : text[(open + end.Length)..close].Trim();
            if (name.Length == 0 || name.AsSpan().ContainsAny('{', '}'))
            {
                problem = $"'{text[open..Math.Min(text.Length, open + 30)]}' is not a placeholder such as {{{{csv.id}}}}";
                return false;
            }

            parts.Add(new Part(text[at..open], null, IsRaw: true));
            parts.Add(new Part("", name, isRaw));
            at = close + end.Length;
        }

        parts.Add(new Part(text[at..], null, IsRaw: true));
        template = new Template(text, [.. parts.Where(static part => part.Name is not null || part.Literal.Length > 0)]);
        problem = null;
        return true;
    }

    /// <summary>The same with all values as they are, also in a URL.</summary>
    public Template AsRaw() => new(Text, [.. _parts.Select(static part => part with { IsRaw = true })]);

    /// <exception cref="MissingValueException">A placeholder has no value.</exception>
    public string Fill(Variables variables, bool isUrl)
    {
        if (IsFixed)
        {
            return Text;
        }

        var text = new StringBuilder(Text.Length + 32);
        foreach (Part part in _parts)
        {
            if (part.Name is not { } name)
            {
                text.Append(part.Literal);
                continue;
            }

            string value = variables.Find(name) ?? throw new MissingValueException(name);
            text.Append(isUrl && !part.IsRaw ? Uri.EscapeDataString(value) : value);
        }

        return text.ToString();
    }

    public override string ToString() => Text;

    private readonly record struct Part(string Literal, string? Name, bool IsRaw);
}
