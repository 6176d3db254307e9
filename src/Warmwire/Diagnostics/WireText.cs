using System.Text;

namespace Warmwire.Diagnostics;

/// <summary>Shows foreign bytes in a message: short, on one line, with nothing in it that could confuse a log.</summary>
internal static class WireText
{
    private const int MaxShown = 64;

    public static string Show(ReadOnlySpan<byte> bytes) => Show(Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, MaxShown + 1)]));

    public static string Show(ReadOnlySpan<char> text)
    {
        StringBuilder shown = new(Math.Min(text.Length, MaxShown) + 1);
        foreach (char c in text[..Math.Min(text.Length, MaxShown)])
        {
            if (c is >= ' ' and <= '~' and not '\\' and not '\'')
            {
                shown.Append(c);
            }
            else
            {
                shown.Append(Show(c));
            }
        }

        return text.Length > MaxShown ? shown.Append("...").ToString() : shown.ToString();
    }

    public static string Show(char c) => c switch
    {
        '\r' => "\\r",
        '\n' => "\\n",
        '\t' => "\\t",
        '\\' => "\\\\",
        >= ' ' and <= '~' and not '\'' => c.ToString(),
        <= '\u00FF' => $"\\x{(int)c:X2}",
        _ => $"\\u{(int)c:X4}",
    };
}
