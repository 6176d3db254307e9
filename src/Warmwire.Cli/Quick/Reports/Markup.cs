using System.Text;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>
/// Writes elements and escapes all that is put in, so that no name, URL or error text can become markup. What it writes is HTML and
/// well-formed XML at once.
/// </summary>
internal sealed class Markup(TextWriter writer)
{
    private readonly Stack<string> _open = new();

    public Markup Open(string tag, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Start(tag, attributes);
        writer.Write('>');
        _open.Push(tag);
        return this;
    }

    public Markup Close()
    {
        string tag = _open.Pop();
        writer.Write($"</{tag}>");
        if (!IsInline(tag))
        {
            writer.Write('\n');
        }

        return this;
    }

    /// <summary>An element that has no content.</summary>
    public Markup Empty(string tag, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Start(tag, attributes);
        writer.Write("/>");
        return this;
    }

    public Markup Element(string tag, string text, params ReadOnlySpan<(string Name, string? Value)> attributes) =>
        Open(tag, attributes).Text(text).Close();

    public Markup Text(string text)
    {
        writer.Write(Escape(text));
        return this;
    }

    /// <summary>Only for texts of this program that are no markup in HTML and in XML.</summary>
    public Markup Unescaped(string text)
    {
        writer.Write(text);
        return this;
    }

    /// <summary>
    /// Besides what is special in HTML, that which XML does not allow and that which makes following text run backwards become U+FFFD.
    /// </summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\t' or '\n' or '\r' => escaped.Append(' '),
                < 0x20 or (>= 0x7f and < 0xa0) or 0xfffe or 0xffff => escaped.Append('\ufffd'),
                0x200e or 0x200f or (>= 0x202a and <= 0x202e) or (>= 0x2066 and <= 0x2069) => escaped.Append('\ufffd'),
                _ => escaped.Append(rune.ToString()),
            };
        }

        return escaped.ToString();
    }

    private void Start(string tag, ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        writer.Write('<');
        writer.Write(tag);
        foreach ((string name, string? value) in attributes)
        {
            if (value is not null)
            {
                writer.Write($" {name}=\"{Escape(value)}\"");
            }
        }
    }

    /// <summary>A line break after these would show as a space.</summary>
    private static bool IsInline(string tag) => tag is "span" or "strong" or "code" or "td" or "th" or "text" or "small" or "bdi";
}
