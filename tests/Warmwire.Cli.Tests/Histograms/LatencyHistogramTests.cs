using Warmwire.Cli.Histograms;
using Warmwire.Cli.Measuring;
using Xunit;

namespace Warmwire.Cli.Tests.Histograms;

public sealed class LatencyHistogramTests
{
    private static readonly double[] s_percentiles = [0.01, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_percentile_is_right_to_three_digits_over_the_whole_range(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 25; round++)
        {
            long[] values = RandomValues.Make(random, random.Next(1, 2_000));
            LatencyHistogram histogram = RandomValues.Record(values);
            Array.Sort(values);
            foreach (double percentile in s_percentiles)
            {
                long exact = Percentile.Of(values, percentile);
                Assert.InRange(histogram.ValueAt(percentile), exact * 0.999, exact * 1.001);
            }

            Assert.Equal(
                (values[0], values[^1], values.Sum(), values.Length), (histogram.Min, histogram.Max, histogram.Sum, (int)histogram.Total));
        }
    }

    [Fact]
    public void Every_bucket_begins_where_the_one_before_it_ends()
    {
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            long lowest = LatencyHistogram.LowestOf(i);
            long middle = LatencyHistogram.MiddleOf(i);
            Assert.Equal(i, LatencyHistogram.IndexOf(lowest));
            Assert.Equal(i, LatencyHistogram.IndexOf(middle));
            Assert.InRange(middle, lowest, lowest * 1.0005);
            if (i > 0)
            {
                Assert.Equal(i - 1, LatencyHistogram.IndexOf(lowest - 1));
            }
        }

        Assert.InRange(LatencyHistogram.IndexOf(LatencyHistogram.HighestTrackable), 0, LatencyHistogram.Length - 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Histograms_added_are_the_histogram_of_all(int seed)
    {
        var random = new Random(seed);
        long[] values = RandomValues.Make(random, 5_000);
        var parts = new LatencyHistogram[7];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = new LatencyHistogram();
        }

        foreach (long value in values)
        {
            parts[random.Next(parts.Length - 1)].Record(value); // the last stays empty
        }

        var added = new LatencyHistogram();
        foreach (LatencyHistogram part in parts)
        {
            added.Add(part);
        }

        AssertEqual(RandomValues.Record(values), added);
    }

    [Fact]
    public async Task Recording_from_many_threads_loses_nothing()
    {
        const int Threads = 4;
        const int Each = 50_000;
        var together = new LatencyHistogram();
        var parts = new long[Threads][];
        for (int i = 0; i < Threads; i++)
        {
            parts[i] = RandomValues.Make(new Random(i), Each);
        }

        using var start = new Barrier(Threads);
        await Task.WhenAll(parts.Select(values => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                foreach (long value in values)
                {
                    together.Record(value);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        AssertEqual(RandomValues.Record([.. parts.SelectMany(static values => values)]), together);
    }

    [Fact]
    public void An_empty_histogram_has_zeros()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal(
            (0L, 0L, 0L, 0L, 0L, 0.0),
            (histogram.Total, histogram.Sum, histogram.Min, histogram.Max, histogram.ValueAt(50), histogram.Mean));
    }

    [Fact]
    public void Longer_than_an_hour_is_counted_as_an_hour_and_told_as_it_was()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.FromHours(3).Ticks * 100);
        histogram.Record(-5);
        Assert.Equal(TimeSpan.FromHours(3).Ticks * 100, histogram.Max);
        Assert.Equal(0, histogram.Min);
        Assert.Equal(1, histogram.CountAt(LatencyHistogram.IndexOf(LatencyHistogram.HighestTrackable)));
        Assert.Equal(1, histogram.CountAt(0));
    }

    [Fact]
    public void The_rank_of_a_percentile_is_exact_among_billions()
    {
        long[] counts = new long[LatencyHistogram.Length];
        counts[1] = 999 * 10_000_000_000L;
        counts[2] = 10_000_000_000L;
        LatencyHistogram histogram = LatencyHistogram.Restore(counts);
        Assert.Equal(1, histogram.ValueAt(99.9));
        counts[1]--;
        counts[2]++;
        Assert.Equal(2, LatencyHistogram.Restore(counts).ValueAt(99.9));
    }

    [Fact]
    public void Cleared_is_as_new()
    {
        LatencyHistogram histogram = RandomValues.Record([5, 6]);
        histogram.Clear();
        AssertEqual(new LatencyHistogram(), histogram);
        histogram.Record(7);
        AssertEqual(RandomValues.Record([7]), histogram);
    }

    internal static void AssertEqual(LatencyHistogram expected, LatencyHistogram actual)
    {
        Assert.Equal((expected.Total, expected.Sum, expected.Min, expected.Max), (actual.Total, actual.Sum, actual.Min, actual.Max));
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            if (expected.CountAt(i) != actual.CountAt(i))
            {
                Assert.Fail($"bucket {i} has {actual.CountAt(i)} in place of {expected.CountAt(i)}");
            }
        }
    }
}
