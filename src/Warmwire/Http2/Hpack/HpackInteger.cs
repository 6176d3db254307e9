using Warmwire.Diagnostics;

namespace Warmwire.Http2.Hpack;

/// <summary>Integers that begin in the low bits of a byte and go on in as many as they need (RFC 7541 §5.1).</summary>
internal static class HpackInteger
{
    /// <summary>More than any length or index a block can mean.</summary>
    public const int MaxValue = (1 << 28) - 1;

    /// <summary>The most an integer takes, the byte of the prefix included.</summary>
    public const int MaxBytes = 6;

    private const int BitsPerByte = 7;

    /// <param name="block">The field block. There is a byte at <paramref name="at"/>.</param>
    /// <param name="at">Where the integer begins; afterwards where it has ended.</param>
    /// <param name="prefixBits">How many bits of the first byte belong to it.</param>
    public static int Read(ReadOnlySpan<byte> block, ref int at, int prefixBits)
    {
        int full = (1 << prefixBits) - 1;
        int value = block[at++] & full;
        return value < full ? value : ReadOn(block, ref at, value);
    }

    /// <param name="destination">At least <see cref="MaxBytes"/> long.</param>
    /// <param name="pattern">The bits of the first byte that are above the prefix.</param>
    /// <param name="prefixBits">How many bits of the first byte belong to the integer.</param>
    /// <param name="value">Not negative.</param>
    /// <returns>How many bytes it takes.</returns>
    public static int Write(Span<byte> destination, byte pattern, int prefixBits, int value)
    {
        int full = (1 << prefixBits) - 1;
        if (value < full)
        {
            destination[0] = (byte)(pattern | value);
            return 1;
        }

        destination[0] = (byte)(pattern | full);
        int length = 1;
        uint rest = (uint)(value - full);
        while (rest >= 1 << BitsPerByte)
        {
            destination[length++] = (byte)(rest | 0x80);
            rest >>= BitsPerByte;
        }

        destination[length++] = (byte)rest;
        return length;
    }

    private static int ReadOn(ReadOnlySpan<byte> block, ref int at, int prefix)
    {
        long value = prefix;

        // The bytes are counted and not only the sum is bounded, because zeros can go on for ever.
        for (int shift = 0; shift < (MaxBytes - 1) * BitsPerByte; shift += BitsPerByte)
        {
            if (at == block.Length)
            {
                throw new HpackException(HpackErrorTexts.Truncated);
            }

            byte next = block[at++];
            value += (long)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value <= MaxValue ? (int)value : throw new HpackException(HpackErrorTexts.IntegerTooLarge);
            }
        }

        throw new HpackException(HpackErrorTexts.IntegerTooLarge);
    }
}
