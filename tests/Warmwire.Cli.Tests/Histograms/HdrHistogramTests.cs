using HdrHistogram;
using HdrHistogram.Utilities;
using Warmwire.Cli.Histograms;
using Xunit;

namespace Warmwire.Cli.Tests.Histograms;

/// <summary>The package HdrHistogram as an independent reader: it finds in our texts what was recorded.</summary>
public sealed class HdrHistogramTests
{
    [Fact]
    public void It_reads_what_we_write()
    {
        var random = new Random(23);
        for (int round = 0; round < 10; round++)
        {
            long[] values = RandomValues.Make(random, random.Next(1, 3_000));
            HistogramBase expected = Record(values);
            AssertSame(expected, Decode(HistogramCoder.Encode(RandomValues.Record(values))));
        }
    }

    [Fact]
    public void It_merges_as_we_do()
    {
        var random = new Random(24);
        long[] one = RandomValues.Make(random, 2_000);
        long[] other = RandomValues.Make(random, 3_000);
        LatencyHistogram ours = RandomValues.Record(one);
        ours.Add(RandomValues.Record(other));
        HistogramBase theirs = Record(one);
        theirs.Add(Record(other));
        AssertSame(theirs, Decode(HistogramCoder.Encode(ours)));
    }

    private static void AssertSame(HistogramBase expected, HistogramBase actual)
    {
        Assert.Equal(expected.TotalCount, actual.TotalCount);
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            Assert.Equal(expected.GetCountAtValue(LatencyHistogram.LowestOf(i)), actual.GetCountAtValue(LatencyHistogram.LowestOf(i)));
        }

        foreach (double percentile in (double[])[0, 25, 50, 90, 99, 99.9, 100])
        {
            Assert.Equal(expected.GetValueAtPercentile(percentile), actual.GetValueAtPercentile(percentile));
        }
    }

    private static HistogramBase Decode(string text) =>
        HistogramEncoding.DecodeFromCompressedByteBuffer(
            ByteBuffer.Allocate(Convert.FromBase64String(text)), minBarForHighestTrackableValue: 0);

    private static LongHistogram Record(long[] values)
    {
        var histogram = new LongHistogram(1, LatencyHistogram.HighestTrackable, LatencyHistogram.SignificantDigits);
        foreach (long value in values)
        {
            // Longer ones are an error there; we count them as an hour.
            histogram.RecordValue(Math.Clamp(value, 0, LatencyHistogram.HighestTrackable));
        }

        return histogram;
    }
}
