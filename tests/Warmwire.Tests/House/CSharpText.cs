namespace Warmwire.Tests.House;

/// <summary>Just enough of C#'s lexical grammar to count braces.</summary>
internal static class CSharpText
{
    /// <summary>The same text with spaces in place of comments, strings and character literals. Line ends stay.</summary>
    public static string WithoutTexts(string text)
    {
        char[] result = text.ToCharArray();
        int at = 0;
        while (at < text.Length)
        {
            int end = EndOfText(text, at);
            for (int i = at; i < end; i++)
            {
                result[i] = result[i] is '\n' ? '\n' : ' ';
            }

            at = Math.Max(end, at + 1);
        }

        return new string(result);
    }

    /// <summary>Where the comment or literal ends that begins here; here itself if none does.</summary>
    private static int EndOfText(string text, int at)
    {
        ReadOnlySpan<char> here = text.AsSpan(at);
        if (here.StartsWith("//"))
        {
            return Find(text, "\n", at);
        }

        if (here.StartsWith("/*"))
        {
            return Find(text, "*/", at + 2) + 2;
        }

        if (here[0] == '\'')
        {
            int last = at + 1;
            while (text[last] != '\'')
            {
                last += text[last] == '\\' ? 2 : 1;
            }

            return last + 1;
        }

        int quote = at;
        while (text[quote] is '$' or '@' && quote + 1 < text.Length)
        {
            quote++;
        }

        return text[quote] == '"' ? EndOfString(text, quote, text[at..quote]) : at;
    }

    private static int EndOfString(string text, int quote, string prefix)
    {
        int quotes = 0;
        while (quote + quotes < text.Length && text[quote + quotes] == '"')
        {
            quotes++;
        }

        if (quotes >= 3)
        {
            return Find(text, new string('"', quotes), quote + quotes) + quotes;
        }

        bool verbatim = prefix.Contains('@', StringComparison.Ordinal);
        bool hasHoles = prefix.Contains('$', StringComparison.Ordinal);
        int at = quote + 1;
        while (at < text.Length)
        {
            bool isDouble = at + 1 < text.Length && text[at + 1] == text[at];
            at = text[at] switch
            {
                '\\' when !verbatim => at + 2,
                '"' when verbatim && isDouble => at + 2,
                '"' => -(at + 1),
                '{' when hasHoles && !isDouble => EndOfHole(text, at),
                '{' when hasHoles => at + 2,
                _ => at + 1,
            };
            if (at < 0)
            {
                return -at;
            }
        }

        return text.Length;
    }

    private static int EndOfHole(string text, int brace)
    {
        int depth = 0;
        int at = brace;
        while (at < text.Length)
        {
            int end = EndOfText(text, at);
            if (end > at)
            {
                at = end;
                continue;
            }

            depth += text[at] switch { '{' => 1, '}' => -1, _ => 0 };
            at++;
            if (depth == 0)
            {
                return at;
            }
        }

        return text.Length;
    }

    private static int Find(string text, string end, int from)
    {
        int found = text.IndexOf(end, Math.Min(from, text.Length), StringComparison.Ordinal);
        return found < 0 ? text.Length - end.Length : found;
    }
}
