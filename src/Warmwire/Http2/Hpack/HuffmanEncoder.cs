using System.Buffers.Binary;

namespace Warmwire.Http2.Hpack;

/// <summary>Writes strings in the code of <see cref="HuffmanCode"/>.</summary>
internal static class HuffmanEncoder
{
    /// <summary>How many bytes the text takes, padding included.</summary>
    public static int EncodedLength(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> lengths = HuffmanCode.Lengths;
        long bits = 0;
        foreach (byte b in text)
        {
            bits += lengths[b];
        }

        return (int)((bits + 7) / 8);
    }

    /// <param name="text">What to encode.</param>
    /// <param name="destination">Exactly as long as <see cref="EncodedLength"/> says.</param>
    public static void Encode(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        ReadOnlySpan<byte> lengths = HuffmanCode.Lengths;
        ReadOnlySpan<uint> codes = HuffmanCode.Codes;
        ulong bits = 0;
        int count = 0; // of the low bits that are not written yet
        foreach (byte b in text)
        {
            int length = lengths[b];
            bits = (bits << length) | codes[b];
            count += length;
            if (count >= 32)
            {
                count -= 32;
                BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)(bits >> count));
                destination = destination[4..];
            }
        }

        // Ones fill the last byte up: they are how the end-of-string symbol begins (RFC 7541 §5.2).
        int padding = -count & 7;
        bits = (bits << padding) | ((1u << padding) - 1);
        count += padding;
        for (int i = 0; count > 0; i++)
        {
            count -= 8;
            destination[i] = (byte)(bits >> count);
        }
    }
}
