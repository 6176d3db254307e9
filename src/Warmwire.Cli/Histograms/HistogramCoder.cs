using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Warmwire.Cli.Histograms;

/// <summary>
/// A histogram as text: the compressed V2 encoding of HdrHistogram in Base64, which its tools and its libraries in other languages read,
/// and which logs of histograms have. Inside the zlib stream are a header of 40 bytes, big-endian, and the counts as ZigZag LEB128 numbers,
/// where a negative one is a run of empty buckets.
/// </summary>
internal static class HistogramCoder
{
    private const int Cookie = 0x1c849303 | 0x10;
    private const int CompressedCookie = 0x1c849304 | 0x10;
    private const int HeaderLength = 40;

    /// <summary>
    /// More than any histogram of <see cref="LatencyHistogram.Length"/> buckets takes, so that a small file cannot unpack into a large one.
    /// </summary>
    private const int MaxPayload = 10 * 40_000;

    public static string Encode(LatencyHistogram histogram)
    {
        using var payload = new MemoryStream();
        int length = LatencyHistogram.Length;
        while (length > 0 && histogram.CountAt(length - 1) == 0)
        {
            length--;
        }

        for (int i = 0; i < length;)
        {
            int run = i;
            while (histogram.CountAt(run) == 0)
            {
                run++;
            }

            if (run > i)
            {
                WriteNumber(payload, i - run);
                i = run;
            }
            else
            {
                WriteNumber(payload, histogram.CountAt(i++));
            }
        }

        Span<byte> header = stackalloc byte[HeaderLength];
        BinaryPrimitives.WriteInt32BigEndian(header, Cookie);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], (int)payload.Length);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], 0);
        BinaryPrimitives.WriteInt32BigEndian(header[12..], LatencyHistogram.SignificantDigits);
        BinaryPrimitives.WriteInt64BigEndian(header[16..], 1);
        BinaryPrimitives.WriteInt64BigEndian(header[24..], LatencyHistogram.HighestTrackable);
        BinaryPrimitives.WriteDoubleBigEndian(header[32..], 1.0);

        using var packed = new MemoryStream();
        packed.Write(stackalloc byte[8]);
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(header);
            payload.WriteTo(zlib);
        }

        Span<byte> bytes = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        BinaryPrimitives.WriteInt32BigEndian(bytes, CompressedCookie);
        BinaryPrimitives.WriteInt32BigEndian(bytes[4..], bytes.Length - 8);
        return Convert.ToBase64String(bytes);
    }

    /// <param name="text">What <see cref="Encode"/> made, or another program with the same range and precision.</param>
    /// <param name="sum">The exact sum, which the buckets do not tell.</param>
    /// <param name="min">The exact shortest.</param>
    /// <param name="max">The exact longest.</param>
    /// <exception cref="FormatException">It is not such a text.</exception>
    public static LatencyHistogram Decode(string text, long? sum = null, long? min = null, long? max = null)
    {
        long[] counts = new long[LatencyHistogram.Length];
        foreach ((int index, long count) in ReadCounts(text))
        {
            counts[index] = count;
        }

        return LatencyHistogram.Restore(counts, sum, min, max);
    }

    /// <summary>
    /// The buckets that are not empty, in ascending order: of the few durations of an interval, much less than a histogram.
    /// </summary>
    /// <exception cref="FormatException">It is not such a text.</exception>
    public static IReadOnlyList<(int Index, long Count)> ReadCounts(string text)
    {
        byte[] packed = Convert.FromBase64String(text);
        if (packed.Length < 8
            || BinaryPrimitives.ReadInt32BigEndian(packed) != CompressedCookie
            || BinaryPrimitives.ReadInt32BigEndian(packed.AsSpan(4)) != packed.Length - 8)
        {
            throw new FormatException("it does not start like a compressed histogram");
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(HeaderLength + MaxPayload);
        try
        {
            return Counts(Payload(buffer.AsSpan(0, Unpack(packed, buffer))));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int Unpack(byte[] packed, byte[] buffer)
    {
        using var zlib = new ZLibStream(new MemoryStream(packed, 8, packed.Length - 8), CompressionMode.Decompress);
        try
        {
            int length = zlib.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return length < buffer.Length ? length : throw new FormatException("it is larger than any such histogram");
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            // An IOException is a stream that asks for a dictionary, which zlib allows and this format does not.
            throw new FormatException("its compressed bytes are damaged", error);
        }
    }

    private static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> bytes)
    {
        // The number at 8 tells how far buckets were shifted; hdr-histogram-js writes 1 there, which is no shift, as those are by 1,024 and
        // more. The one at 32 is not looked at, because that library writes an integer in place of a double.
        if (bytes.Length < HeaderLength
            || BinaryPrimitives.ReadInt32BigEndian(bytes) != Cookie
            || BinaryPrimitives.ReadInt32BigEndian(bytes[4..]) != bytes.Length - HeaderLength
            || BinaryPrimitives.ReadInt32BigEndian(bytes[8..]) is not (0 or 1)
            || BinaryPrimitives.ReadInt32BigEndian(bytes[12..]) != LatencyHistogram.SignificantDigits
            || BinaryPrimitives.ReadInt64BigEndian(bytes[16..]) != 1
            || BinaryPrimitives.ReadInt64BigEndian(bytes[24..]) != LatencyHistogram.HighestTrackable)
        {
            throw new FormatException("it is not a histogram from 1 ns to an hour with three digits");
        }

        return bytes[HeaderLength..];
    }

    private static List<(int Index, long Count)> Counts(ReadOnlySpan<byte> payload)
    {
        var counts = new List<(int, long)>();
        long total = 0;
        long index = 0;
        while (!payload.IsEmpty)
        {
            long number = ReadNumber(ref payload);
            if (number < 0)
            {
                index -= Math.Max(number, -LatencyHistogram.Length - 1L);
            }
            else if (index < LatencyHistogram.Length && total + number >= total)
            {
                if (number > 0)
                {
                    counts.Add(((int)index, number));
                }

                index++;
                total += number;
            }
            else
            {
                throw new FormatException("its counts are out of range");
            }

            if (index > LatencyHistogram.Length)
            {
                throw new FormatException("it has more buckets than there are");
            }
        }

        return counts;
    }

    /// <summary>ZigZag, then groups of seven bits from the lowest up; the ninth byte has eight.</summary>
    private static void WriteNumber(MemoryStream stream, long number)
    {
        ulong rest = (ulong)((number << 1) ^ (number >> 63));
        for (int i = 0; i < 8 && rest > 0x7f; i++)
        {
            stream.WriteByte((byte)(rest | 0x80));
            rest >>= 7;
        }

        stream.WriteByte((byte)rest);
    }

    private static long ReadNumber(ref ReadOnlySpan<byte> payload)
    {
        ulong number = 0;
        for (int i = 0; i < payload.Length; i++)
        {
            bool isNinth = i == 8;
            number |= (ulong)(isNinth ? payload[i] : payload[i] & 0x7f) << (7 * i);
            if (isNinth || payload[i] < 0x80)
            {
                payload = payload[(i + 1)..];
                return (long)(number >> 1) ^ -(long)(number & 1);
            }
        }

        throw new FormatException("its last number is incomplete");
    }
}
