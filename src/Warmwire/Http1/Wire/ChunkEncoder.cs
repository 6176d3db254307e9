using System.Buffers.Text;
using Warmwire.Buffers;

namespace Warmwire.Http1.Wire;

/// <summary>Writes the chunked coding (RFC 9112 §7.1): per chunk a prefix, the data, a suffix; at the end the last chunk.</summary>
internal static class ChunkEncoder
{
    /// <summary>16 digits and CR LF.</summary>
    public const int MaxPrefixLength = 18;

    /// <summary>The size line of a chunk that is not empty: an empty one would end the body.</summary>
    public static int FormatPrefix(Span<byte> destination, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        if (!Utf8Formatter.TryFormat(size, destination, out int digits, new System.Buffers.StandardFormat('X')))
        {
            throw new ArgumentException("Too short for the prefix.", nameof(destination));
        }

        "\r\n"u8.CopyTo(destination[digits..]);
        return digits + 2;
    }

    public static void WritePrefix(OutputBuffer output, long size) => output.Advance(FormatPrefix(output.GetSpan(MaxPrefixLength), size));

    public static void WriteSuffix(OutputBuffer output) => output.Write("\r\n"u8);

    public static void WriteLastChunk(OutputBuffer output) => output.Write("0\r\n\r\n"u8);

    /// <summary>A whole chunk; nothing if the data is empty.</summary>
    public static void WriteChunk(OutputBuffer output, ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            WritePrefix(output, data.Length);
            output.Write(data);
            WriteSuffix(output);
        }
    }
}
