using Warmwire.Cli.Histograms;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>The buckets in which monitoring systems get latencies: five for each power of ten, from 0.1 ms to 100 s.</summary>
internal static class LatencyBuckets
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>The upper bounds in seconds, without the last bucket's, which is infinite.</summary>
    public static IReadOnlyList<double> Bounds { get; } =
    [
        .. Enumerable.Range(0, 6).SelectMany(static decade => (double[])[1, 1.6, 2.5, 4, 6.3], static (decade, step) =>
            Math.Round(step * Math.Pow(10, decade - 4), 6)),
        100,
    ];

    /// <summary>How many latencies are not longer than each of <see cref="Bounds"/>, to the histogram's three digits.</summary>
    public static long[] CumulativeCounts(LatencyHistogram histogram)
    {
        long[] counts = new long[Bounds.Count];
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            if (histogram.CountAt(i) is > 0 and var count)
            {
                double seconds = LatencyHistogram.LowestOf(i) / NanosecondsPerSecond;
                int first = 0;
                while (first < counts.Length && Bounds[first] < seconds)
                {
                    first++;
                }

                for (int bound = first; bound < counts.Length; bound++)
                {
                    counts[bound] += count;
                }
            }
        }

        return counts;
    }
}
