using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Warmwire.Cli.Quick.Scenarios;

/// <summary>
/// A path into JSON such as <c>$.items[0].id</c>: names, names in quotes and brackets, indexes (negative ones from the end), and
/// <c>[*]</c>. Of several values the first is taken.
/// </summary>
internal sealed class JsonPath
{
    private static readonly SearchValues<char> s_notInNames = SearchValues.Create("*?()@ ");

    private readonly IReadOnlyList<Part> _parts;

    private JsonPath(IReadOnlyList<Part> parts) => _parts = parts;

    public static bool TryParse(string text, [NotNullWhen(true)] out JsonPath? path)
    {
        path = null;
        var parts = new List<Part>();
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.Length == 0 || rest[0] != '$')
        {
            return false;
        }

        rest = rest[1..];
        while (rest.Length > 0)
        {
            if (!TryParsePart(ref rest, out Part part))
            {
                return false;
            }

            parts.Add(part);
        }

        path = new JsonPath(parts);
        return true;
    }

    /// <returns>A text as it is, another value as its JSON; <see langword="null"/> if there is none, or it is no JSON.</returns>
    public string? Find(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Find(document.RootElement, 0) switch
            {
                null => null,
                { ValueKind: JsonValueKind.String } text => text.GetString(),
                { } value => value.GetRawText(),
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private JsonElement? Find(JsonElement element, int index)
    {
        if (index == _parts.Count)
        {
            return element;
        }

        Part part = _parts[index];
        if (part.Name is { } name)
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement member)
                ? Find(member, index + 1)
                : null;
        }

        if (element.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        if (part.Index is { } place)
        {
            int at = place < 0 ? element.GetArrayLength() + place : place;
            return at >= 0 && at < element.GetArrayLength() ? Find(element[at], index + 1) : null;
        }

        foreach (JsonElement item in element.EnumerateArray())
        {
            if (Find(item, index + 1) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static bool TryParsePart(ref ReadOnlySpan<char> rest, out Part part)
    {
        part = default;
        if (rest[0] == '.')
        {
            rest = rest[1..];
            int end = rest.IndexOfAny('.', '[');
            ReadOnlySpan<char> name = end < 0 ? rest : rest[..end];
            rest = rest[name.Length..];
            part = new Part(name.ToString(), null);
            return name.Length > 0 && !name.ContainsAny(s_notInNames);
        }

        int close = rest.IndexOf(']');
        if (rest[0] != '[' || close < 0)
        {
            return false;
        }

        ReadOnlySpan<char> inside = rest[1..close].Trim();
        rest = rest[(close + 1)..];
        if (inside is ['\'', .., '\''] or ['"', .., '"'])
        {
            part = new Part(inside[1..^1].ToString(), null);
            return true;
        }

        if (inside is "*")
        {
            return true;
        }

        bool isIndex = int.TryParse(inside, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int index);
        part = new Part(null, index);
        return isIndex;
    }

    /// <summary>A name, an index, or neither for all elements.</summary>
    private readonly record struct Part(string? Name, int? Index);
}
