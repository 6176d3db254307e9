using System.Text;

namespace Warmwire.Tests.Kit.Http2;

/// <summary>
/// Reads the Huffman code of RFC 7541, Appendix B. The code is canonical: shorter codes come first, and codes of one length follow the
/// order of their symbols, so the lengths say it all.
/// </summary>
internal static class HuffmanText
{
    private const int EndOfString = 256;
    private const int Longest = 30;

    /// <summary>The length of each symbol's code in bits, 0 to 255 and the end of the string.</summary>
    private static readonly byte[] s_lengths =
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    private static readonly Dictionary<(int Length, uint Code), int> s_symbols = Assign();

    /// <summary>Whether the lengths fill the code exactly, as those of a complete code do; for the kit's own test.</summary>
    public static bool IsComplete => s_lengths.Sum(length => 1L << (Longest - length)) == 1L << Longest;

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        uint code = 0;
        int length = 0;
        foreach (byte value in bytes)
        {
            for (int bit = 7; bit >= 0; bit--)
            {
                code = (code << 1) | ((uint)(value >> bit) & 1);
                if (++length > Longest)
                {
                    throw new FormatException("No Huffman code is that long.");
                }

                if (s_symbols.TryGetValue((length, code), out int symbol))
                {
                    text.Append(symbol == EndOfString ? throw new FormatException("The end of a string inside it.") : (char)symbol);
                    (code, length) = (0, 0);
                }
            }
        }

        // What is left is the beginning of the end of the string: ones, and less than a byte (RFC 7541 §5.2).
        return length < 8 && code == (1u << length) - 1 ? text.ToString() : throw new FormatException("Huffman padding that is none.");
    }

    private static Dictionary<(int Length, uint Code), int> Assign()
    {
        var symbols = new Dictionary<(int Length, uint Code), int>();
        uint next = 0;
        for (int length = 1; length <= Longest; length++)
        {
            next <<= 1;
            for (int symbol = 0; symbol < s_lengths.Length; symbol++)
            {
                if (s_lengths[symbol] == length)
                {
                    symbols.Add((length, next++), symbol);
                }
            }
        }

        return symbols;
    }
}
