using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Differences;

/// <summary>The corrected latencies of a run, as a sample of what the server would do in a longer one.</summary>
internal sealed class LatencySample
{
    private const double NanosecondsPerMillisecond = 1e6;

    private readonly LatencyHistogram _histogram;
    private readonly IReadOnlyList<(int Index, long Count)>[] _intervals;
    private readonly long[] _wholes;

    /// <exception cref="FormatException">A histogram cannot be read.</exception>
    public LatencySample(QuickResult result)
    {
        _histogram = Summaries.Restore(result.Histogram.Corrected, result.LatencyMs.Corrected);
        _intervals =
        [
            .. result.Series.Points.Select(static point => point.Histogram.Length == 0 ? [] : HistogramCoder.ReadCounts(point.Histogram)),
        ];
        _wholes = [.. _intervals.Select(static counts => counts.Sum(static pair => pair.Count))];
    }

    public long Count => _histogram.Total;

    /// <summary>A percentile in milliseconds, and between which it is.</summary>
    public Estimate Percentile(double percentile, double outside)
    {
        long value = _histogram.ValueAt(percentile);
        long size = Math.Max((long)(Count / ScatterAbove(value)), 1);
        (long low, long high) = OrderStatistics.Ranks(size, percentile / 100, outside);
        double share = (double)Count / size;
        double lowest = low < 1 ? 0 : LatencyHistogram.LowestOf(BucketOf((long)Math.Floor(low * share)));
        double highest = high > size
            ? double.PositiveInfinity
            : EndOf(BucketOf(Math.Min((long)Math.Ceiling(high * share), Count)));
        return new Estimate(
            value / NanosecondsPerMillisecond,
            Math.Min(lowest, value) / NanosecondsPerMillisecond,
            Math.Max(highest, value) / NanosecondsPerMillisecond);
    }

    /// <summary>Of the share of latencies above a value.</summary>
    private double ScatterAbove(long value)
    {
        int bucket = LatencyHistogram.IndexOf(Math.Min(value, LatencyHistogram.HighestTrackable));
        long[] parts = [.. _intervals.Select(counts => counts.Where(pair => pair.Index > bucket).Sum(static pair => pair.Count))];
        return Scatter.OfShares(parts, _wholes);
    }

    /// <summary>The bucket of the latency with this rank, from 1.</summary>
    private int BucketOf(long rank)
    {
        long seen = 0;
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            seen += _histogram.CountAt(i);
            if (seen >= rank)
            {
                return i;
            }
        }

        return LatencyHistogram.Length - 1;
    }

    private static long EndOf(int bucket) => bucket + 1 < LatencyHistogram.Length ? LatencyHistogram.LowestOf(bucket + 1) : long.MaxValue;
}
