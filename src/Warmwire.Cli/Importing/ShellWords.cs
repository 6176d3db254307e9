using System.Globalization;
using System.Text;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Importing;

/// <summary>The words of a command line as a POSIX shell has them, and back.</summary>
internal static class ShellWords
{
    /// <param name="text">The command line, on one line or several.</param>
    /// <exception cref="CommandFailure">A quote is not closed, or it has what only a shell can do.</exception>
    public static IReadOnlyList<string> Split(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool hasWord = false;
        int i = 0;
        while (i < text.Length)
        {
            switch (text[i])
            {
                case ' ' or '\t' or '\r' or '\n':
                    if (hasWord)
                    {
                        words.Add(word.ToString());
                        word.Clear();
                        hasWord = false;
                    }

                    i++;
                    continue;
                case '\\' when i + 1 < text.Length && text[i + 1] is '\n' or '\r':
                    i += text.AsSpan(i + 1).StartsWith("\r\n", StringComparison.Ordinal) ? 3 : 2;
                    continue;
                case '\\' when i + 1 < text.Length:
                    word.Append(text[i + 1]);
                    i += 2;
                    break;
                case '\'':
                    int close = End(text, i + 1, '\'', escapes: false);
                    word.Append(text, i + 1, close - i - 1);
                    i = close + 1;
                    break;
                case '$' when i + 1 < text.Length && text[i + 1] == '\'':
                    i = AnsiQuoted(text, i + 2, word) + 1;
                    break;
                case '"':
                    i = DoubleQuoted(text, i + 1, word) + 1;
                    break;
                case '$' or '`' or '|' or ';' or '<' or '>' or '&' or '(' or ')':
                    throw new CommandFailure($"'{text[i]}' outside of quotes needs a shell, which there is none of here", ExitCodes.Usage);
                default:
                    word.Append(text[i++]);
                    break;
            }

            hasWord = true;
        }

        if (hasWord)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    /// <summary>A word as it is written for a shell.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || "_@%+=:,./-".Contains(c, StringComparison.Ordinal))
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static int End(string text, int from, char quote, bool escapes)
    {
        for (int i = from; i < text.Length; i++)
        {
            if (escapes && text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == quote)
            {
                return i;
            }
        }

        throw new CommandFailure($"a quote {quote} is not closed", ExitCodes.Usage);
    }

    private static int DoubleQuoted(string text, int from, StringBuilder word)
    {
        int close = End(text, from, '"', escapes: true);
        for (int i = from; i < close; i++)
        {
            if (text[i] == '\\' && text[i + 1] is '"' or '\\' or '$' or '`')
            {
                i++;
            }
            else if (text[i] == '\\' && text[i + 1] == '\n')
            {
                i++;
                continue;
            }
            else if (text[i] is '$' or '`')
            {
                throw new CommandFailure($"'{text[i]}' in double quotes needs a shell, which there is none of here", ExitCodes.Usage);
            }

            word.Append(text[i]);
        }

        return close;
    }

    /// <summary>Within <c>$'…'</c>, which browsers write for texts with line ends.</summary>
    private static int AnsiQuoted(string text, int from, StringBuilder word)
    {
        int close = End(text, from, '\'', escapes: true);
        for (int i = from; i < close; i++)
        {
            if (text[i] != '\\')
            {
                word.Append(text[i]);
                continue;
            }

            i++;
            switch (text[i])
            {
                case 'n':
                    word.Append('\n');
                    break;
                case 'r':
                    word.Append('\r');
                    break;
                case 't':
                    word.Append('\t');
                    break;
                case 'u' or 'x':
                    int length = text[i] == 'u' ? 4 : 2;
                    if (i + length >= close + 1
                        || !ushort.TryParse(
                            text.AsSpan(i + 1, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
                    {
                        throw new CommandFailure($"'\\{text[i]}' must be followed by {length} hexadecimal digits", ExitCodes.Usage);
                    }

                    word.Append((char)code);
                    i += length;
                    break;
                case '\'' or '"' or '\\' or '!' or '?':
                    word.Append(text[i]);
                    break;
                default:
                    throw new CommandFailure($"'\\{text[i]}' in $'…' is not read", ExitCodes.Usage);
            }
        }

        return close;
    }
}
