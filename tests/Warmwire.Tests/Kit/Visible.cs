using System.Globalization;
using System.Text;

namespace Warmwire.Tests.Kit;

/// <summary>Bytes as the reader of a failed test wants to see them.</summary>
internal static class Visible
{
    private const int Longest = 4000;

    public static string Text(ReadOnlySpan<byte> bytes) => Text(Encoding.Latin1.GetString(bytes));

    public static string Text(string text)
    {
        var visible = new StringBuilder("\"");
        foreach (char c in text.Length > Longest ? text[^Longest..] : text)
        {
            _ = c switch
            {
                '\r' => visible.Append("\\r"),
                '\n' => visible.Append("\\n"),
                < ' ' or > '~' => visible.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => visible.Append(c),
            };
        }

        return visible.Append('"').Append(text.Length > Longest ? $" (the last {Longest} of {text.Length})" : "").ToString();
    }
}
