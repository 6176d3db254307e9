using System.Buffers.Binary;
using Warmwire.Diagnostics;

namespace Warmwire.Http2.Hpack;

/// <summary>Reads strings in the code of <see cref="HuffmanCode"/>.</summary>
/// <remarks>
/// A look at the next ten bits tells every symbol that is common. The others are found by their length: because the code is canonical, the
/// codes of one length, aligned to the left, are all less than those of the next.
/// </remarks>
internal static class HuffmanDecoder
{
    private const int ShortBits = 10;

    // For each beginning of ten bits the symbol in the high byte and the length of its code in the low one; 0 if the code is longer.
    private static readonly ushort[] s_short = new ushort[1 << ShortBits];

    // For each length: what codes of that length are less than, aligned to the left of 32 bits, and where its symbols begin in the
    // list of all symbols by code, less the first code.
    private static readonly ulong[] s_ends = new ulong[HuffmanCode.MaxLength + 1];
    private static readonly int[] s_offsets = new int[HuffmanCode.MaxLength + 1];
    private static readonly ushort[] s_byCode = new ushort[HuffmanCode.Symbols];

    static HuffmanDecoder()
    {
        ReadOnlySpan<byte> lengths = HuffmanCode.Lengths;
        ReadOnlySpan<uint> codes = HuffmanCode.Codes;
        int listed = 0;
        for (int length = HuffmanCode.MinLength; length <= HuffmanCode.MaxLength; length++)
        {
            int firstListed = listed;
            uint lastCode = 0;
            for (int symbol = 0; symbol < HuffmanCode.Symbols; symbol++)
            {
                if (lengths[symbol] != length)
                {
                    continue;
                }

                lastCode = codes[symbol];
                s_byCode[listed++] = (ushort)symbol;
                if (length <= ShortBits)
                {
                    int free = ShortBits - length;
                    s_short.AsSpan((int)lastCode << free, 1 << free).Fill((ushort)((symbol << 8) | length));
                }
            }

            if (listed > firstListed)
            {
                s_ends[length] = (lastCode + 1UL) << (32 - length);
                s_offsets[length] = listed - 1 - (int)lastCode;
            }
        }
    }

    /// <summary>The most a string of that many bytes can become.</summary>
    public static int MaxDecodedLength(int encodedLength) => (int)(encodedLength * 8L / HuffmanCode.MinLength);

    /// <param name="encoded">All of the string.</param>
    /// <param name="destination">At least as long as <see cref="MaxDecodedLength"/> says.</param>
    /// <returns>How many bytes it became.</returns>
    public static int Decode(ReadOnlySpan<byte> encoded, Span<byte> destination)
    {
        ushort[] shortCodes = s_short;
        ulong bits = 0; // aligned to the left
        int count = 0;  // how many of them there are
        int written = 0;
        while (true)
        {
            if (count < 32)
            {
                if (encoded.Length >= 4)
                {
                    bits |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(encoded) << (32 - count);
                    count += 32;
                    encoded = encoded[4..];
                }
                else
                {
                    foreach (byte b in encoded)
                    {
                        bits |= (ulong)b << (56 - count);
                        count += 8;
                    }

                    encoded = [];
                    if (count == 0)
                    {
                        return written;
                    }
                }
            }

            // What is missing at the end is taken for ones, as if the padding went on: then it reads as the end-of-string symbol.
            ulong window = bits | (ulong.MaxValue >> count);
            uint found = shortCodes[window >> (64 - ShortBits)];
            if (found == 0)
            {
                found = FindLong((uint)(window >> 32));
            }

            int length = (int)(found & 0xFF);
            if (length > count)
            {
                CheckPadding(bits, count);
                return written;
            }

            uint symbol = found >> 8;
            if (symbol == HuffmanCode.EndOfString)
            {
                throw new HpackException(HpackErrorTexts.HuffmanEndOfString);
            }

            destination[written++] = (byte)symbol;
            bits <<= length;
            count -= length;
        }
    }

    private static uint FindLong(uint window)
    {
        int length = ShortBits + 1;
        while (window >= s_ends[length])
        {
            length++;
        }

        int symbol = s_byCode[s_offsets[length] + (int)(window >> (32 - length))];
        return ((uint)symbol << 8) | (uint)length;
    }

    private static void CheckPadding(ulong bits, int count)
    {
        if (~bits >> (64 - count) != 0)
        {
            throw new HpackException(HpackErrorTexts.HuffmanPaddingNotOnes);
        }

        if (count > 7)
        {
            throw new HpackException(HpackErrorTexts.HuffmanPaddingTooLong);
        }
    }
}
