using System.Text;

namespace Warmwire.Proxies;

/// <summary>
/// What the body of a proxy's refusal says to people, on one line: the title of a page, or else the beginning of its text.
/// </summary>
internal static class AnswerExcerpt
{
    /// <param name="body">The beginning of the body, which may be cut anywhere. In ASCII or UTF-8; what is neither is shown as '?'.</param>
    public static string Of(ReadOnlySpan<byte> body)
    {
        string text = Encoding.UTF8.GetString(body);
        int title = text.IndexOf("<title>", StringComparison.OrdinalIgnoreCase);
        int end = title < 0 ? -1 : text.IndexOf("</title>", title, StringComparison.OrdinalIgnoreCase);
        return Plain(end < 0 ? text : text.AsSpan()[(title + "<title>".Length)..end]);
    }

    /// <summary>Without tags, and with one space in place of whatever is not visible.</summary>
    private static string Plain(ReadOnlySpan<char> text)
    {
        var plain = new StringBuilder(ProxyLimits.ShownCharacters);
        bool inTag = false;
        bool spaceDue = false;
        foreach (char c in text)
        {
            inTag = c == '<' || (inTag && c != '>');
            if (inTag || c == '>' || c <= ' ' || char.IsControl(c) || char.IsWhiteSpace(c))
            {
                spaceDue = plain.Length > 0;
                continue;
            }

            if (plain.Length >= ProxyLimits.ShownCharacters)
            {
                return plain.Append("...").ToString();
            }

            if (spaceDue)
            {
                plain.Append(' ');
                spaceDue = false;
            }

            plain.Append(char.IsAscii(c) ? c : '?');
        }

        return plain.ToString();
    }
}
