using System.Buffers.Binary;
using System.IO.Compression;
using Warmwire.Cli.Histograms;
using Xunit;

namespace Warmwire.Cli.Tests.Histograms;

public sealed class HistogramCoderTests
{
    /// <summary>Made by hdr-histogram-js 3.0.1 with lowest 1, highest 3600000000000, three digits, from <see cref="s_foreign"/>.</summary>
    private const string Foreign = "HISTFAAAAD14nJNpmSzMwMAgwcDAwMjAwMDMAAGMDAzMbgY7FjDA+Ww/5ZlY9vcxvmA/LBKwOorv8nlGpk5ZJgD43gse";

    private static readonly (long Value, long Count)[] s_foreign =
        [
            (1, 3), (2047, 1), (2048, 2), (1_000_000, 500), (2_500_000, 40), (123_456_789, 7), (999_999_999_999, 1),
            (LatencyHistogram.HighestTrackable, 1),
        ];

    [Theory]
    [InlineData()]
    [InlineData(0L)]
    [InlineData(1L)]
    [InlineData(2047L, 2048L, 2049L)]
    [InlineData(LatencyHistogram.HighestTrackable)]
    [InlineData(0L, LatencyHistogram.HighestTrackable)]
    public void What_is_written_is_read_back(params long[] values) => AssertRoundTrip(RandomValues.Record(values));

    [Fact]
    public void Random_histograms_are_read_back()
    {
        var random = new Random(11);
        for (int i = 0; i < 20; i++)
        {
            AssertRoundTrip(RandomValues.Record(RandomValues.Make(random, random.Next(1, 3_000))));
        }
    }

    [Fact]
    public void Counts_of_every_length_are_read_back()
    {
        long[] counts = new long[LatencyHistogram.Length];
        for (int i = 0; i < 62; i++)
        {
            counts[i * 2] = 1L << i;
            counts[(i * 2) + 200] = (1L << i) / 3;
        }

        AssertRoundTrip(LatencyHistogram.Restore(counts));
    }

    [Fact]
    public void A_text_of_another_library_has_the_same_counts()
    {
        var expected = new LatencyHistogram();
        foreach ((long value, long count) in s_foreign)
        {
            for (long i = 0; i < count; i++)
            {
                expected.Record(value);
            }
        }

        LatencyHistogram read = HistogramCoder.Decode(Foreign, expected.Sum, expected.Min, expected.Max);
        LatencyHistogramTests.AssertEqual(expected, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HIST")]
    [InlineData("no Base64!")]
    [InlineData("HISTEwAAAD14nJNpmSzMwMAgwcDAwMjAwMDMAAGMDAzMbgY7FjDA+Ww/5ZlY9vcxvmA/LBKwOorv8nlGpk5ZJgD43gse")]
    [InlineData("HISTFAAAAD54nJNpmSzMwMAgwcDAwMjAwMDMAAGMDAzMbgY7FjDA+Ww/5ZlY9vcxvmA/LBKwOorv8nlGpk5ZJgD43gse")]
    [InlineData("HISTFAAAAAB4nJNp")]
    public void Texts_that_begin_otherwise_are_refused(string text) => Assert.Throws<FormatException>(() => HistogramCoder.Decode(text));

    [Fact]
    public void A_text_cut_off_anywhere_is_refused()
    {
        string whole = HistogramCoder.Encode(RandomValues.Record(RandomValues.Make(new Random(5), 50)));
        byte[] bytes = Convert.FromBase64String(whole);
        for (int length = 0; length < bytes.Length - 6; length++) // what is cut off less are the stream's end mark and check sum
        {
            byte[] cut = bytes[..length];
            Assert.Throws<FormatException>(() => HistogramCoder.Decode(Convert.ToBase64String(cut)));
            if (length >= 8)
            {
                BinaryPrimitives.WriteInt32BigEndian(cut.AsSpan(4), length - 8);
                Assert.Throws<FormatException>(() => HistogramCoder.Decode(Convert.ToBase64String(cut)));
            }
        }
    }

    [Theory]
    [InlineData(0, 0x1c849303, 4)] // the same cookie without the word size
    [InlineData(4, 7, 4)] // another payload length
    [InlineData(8, 1024, 4)] // shifted buckets
    [InlineData(12, 2, 4)] // two digits
    [InlineData(16, 1000, 8)] // from a microsecond
    [InlineData(24, 60_000, 8)] // to a minute
    public void Another_layout_is_refused(int offset, long value, int length)
    {
        byte[] header = Header(0);
        if (length == 4)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(offset), (int)value);
        }
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(offset), value);
        }

        Assert.Equal(0, HistogramCoder.Decode(Pack(Header(0))).Total);
        Assert.Throws<FormatException>(() => HistogramCoder.Decode(Pack(header)));
    }

    [Theory]
    [InlineData("80")] // a number without an end
    [InlineData("ffffffffffffffffff")] // the longest run of empty buckets
    [InlineData("feffffffffffffffff02")] // the largest count, and one more
    [InlineData("83900402")] // a run just past the end, then a count
    [InlineData("8190040202")]
    public void Counts_that_cannot_be_are_refused(string payload)
    {
        byte[] bytes = Convert.FromHexString(payload);
        Assert.Throws<FormatException>(() => HistogramCoder.Decode(Pack([.. Header(bytes.Length), .. bytes])));
    }

    [Fact]
    public void A_small_text_does_not_unpack_into_a_large_one()
    {
        byte[] zeros = new byte[50_000_000];
        string text = Pack([.. Header(zeros.Length), .. zeros]);
        Assert.InRange(text.Length, 0, 100_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<FormatException>(() => HistogramCoder.Decode(text));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    [Fact]
    public void A_stream_that_wants_a_dictionary_is_refused() =>
        Assert.Throws<FormatException>(() => HistogramCoder.Decode(Frame([0x78, 0xbb, 0, 0, 0, 1, 3, 0])));

    [Fact]
    public void A_shortest_above_the_longest_is_refused() =>
        Assert.Throws<FormatException>(() => HistogramCoder.Decode(Foreign, sum: 1, min: 10, max: 9));

    [Fact]
    public void Damaged_texts_are_refused_or_read_and_nothing_else_happens()
    {
        var random = new Random(42);
        byte[] packed = Convert.FromBase64String(HistogramCoder.Encode(RandomValues.Record(RandomValues.Make(random, 100))));
        byte[] plain = Unpack(packed);
        int refused = 0;
        for (int i = 0; i < 2_000; i++)
        {
            // Half of them are damaged inside, where the check sum does not hide what comes next.
            bool isInside = i % 2 == 0;
            byte[] bytes = [.. isInside ? plain : packed];
            for (int flips = random.Next(1, 6); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                LatencyHistogram read = HistogramCoder.Decode(isInside ? Pack(bytes) : Convert.ToBase64String(bytes));
                Assert.True(read.Total >= 0);
                Assert.InRange(read.ValueAt(50), read.Min, read.Max);
                HgrmText.Write(TextWriter.Null, read);
            }
            catch (FormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1_000, 2_000);
    }

    private static void AssertRoundTrip(LatencyHistogram histogram)
    {
        string text = HistogramCoder.Encode(histogram);
        LatencyHistogram read = HistogramCoder.Decode(text, histogram.Sum, histogram.Min, histogram.Max);
        LatencyHistogramTests.AssertEqual(histogram, read);
        Assert.Equal(text, HistogramCoder.Encode(read));
    }

    private static byte[] Header(int payloadLength)
    {
        byte[] header = new byte[40];
        BinaryPrimitives.WriteInt32BigEndian(header, 0x1c849313);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), payloadLength);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(12), 3);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(16), 1);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(24), LatencyHistogram.HighestTrackable);
        BinaryPrimitives.WriteDoubleBigEndian(header.AsSpan(32), 1);
        return header;
    }

    private static string Pack(ReadOnlySpan<byte> plain)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(plain);
        }

        return Frame(packed.ToArray());
    }

    private static string Frame(byte[] stream)
    {
        byte[] text = [0x1c, 0x84, 0x93, 0x14, 0, 0, 0, 0, .. stream];
        BinaryPrimitives.WriteInt32BigEndian(text.AsSpan(4), stream.Length);
        return Convert.ToBase64String(text);
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var zlib = new ZLibStream(new MemoryStream(packed, 8, packed.Length - 8), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        zlib.CopyTo(plain);
        return plain.ToArray();
    }
}
