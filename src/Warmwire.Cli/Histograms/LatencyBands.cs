using System.Globalization;

namespace Warmwire.Cli.Histograms;

/// <summary>
/// Ranges of latency that follow each other and grow with the latency, between round bounds: the rows of a histogram that people read.
/// What is shorter than the first or longer than the last belongs to these.
/// </summary>
internal sealed class LatencyBands
{
    /// <summary>Nothing shorter needs a band of its own.</summary>
    private const long Shortest = 1000;

    /// <summary>Bounds within a power of ten, from fine to coarse.</summary>
    private static readonly double[][] s_steps =
    [
        [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8], [1, 1.6, 2.5, 4, 6.3], [1, 2, 5], [1, 3], [1],
    ];

    private readonly long[] _bounds;

    private LatencyBands(long[] bounds) => _bounds = bounds;

    public int Count => _bounds.Length - 1;

    /// <summary>The finest bands that cover a range with at most <paramref name="most"/> of them.</summary>
    /// <param name="min">The shortest latency in nanoseconds.</param>
    /// <param name="max">The longest.</param>
    /// <param name="most">At least 1.</param>
    public static LatencyBands Covering(long min, long max, int most)
    {
        min = Math.Clamp(min, Shortest, LatencyHistogram.HighestTrackable);
        max = Math.Clamp(max, min, LatencyHistogram.HighestTrackable);
        foreach (double[] steps in s_steps)
        {
            LatencyBands bands = Cut([.. Bounds(steps)], min, max);
            if (bands.Count <= most)
            {
                return bands;
            }
        }

        // More than a power of ten for each band.
        long[] decades = [.. Bounds([1])];
        for (int width = 2; ; width++)
        {
            LatencyBands bands = Cut([.. decades.Where((_, i) => i % width == 0 || i == decades.Length - 1)], min, max);
            if (bands.Count <= most)
            {
                return bands;
            }
        }
    }

    /// <summary>Where a band ends, in nanoseconds; it is not in it.</summary>
    public long End(int band) => _bounds[band + 1];

    public int BandOf(long nanoseconds)
    {
        int found = Array.BinarySearch(_bounds, nanoseconds);
        return Math.Clamp(found >= 0 ? found : ~found - 1, 0, Count - 1);
    }

    /// <summary>How many of a histogram's latencies are in each band.</summary>
    public long[] CountsOf(LatencyHistogram histogram)
    {
        long[] counts = new long[Count];
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            if (histogram.CountAt(i) is > 0 and var count)
            {
                counts[BandOf(LatencyHistogram.MiddleOf(i))] += count;
            }
        }

        return counts;
    }

    /// <summary>A bound with its unit, such as <c>1.25 ms</c>.</summary>
    public static string Text(long nanoseconds) => nanoseconds switch
    {
        < 1_000_000 => Text(nanoseconds, 1e3, "µs"),
        < 1_000_000_000 => Text(nanoseconds, 1e6, "ms"),
        _ => Text(nanoseconds, 1e9, "s"),
    };

    private static string Text(long nanoseconds, double unit, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / unit:0.###} {name}");

    private static IEnumerable<long> Bounds(double[] steps)
    {
        for (long decade = Shortest; decade <= 10 * LatencyHistogram.HighestTrackable; decade *= 10)
        {
            foreach (double step in steps)
            {
                yield return (long)Math.Round(decade * step);
            }
        }
    }

    private static LatencyBands Cut(long[] bounds, long min, long max)
    {
        int first = Array.FindLastIndex(bounds, bound => bound <= min);
        int end = Array.FindIndex(bounds, bound => bound > max);
        return new LatencyBands(bounds[Math.Max(first, 0)..((end < 0 ? bounds.Length - 1 : end) + 1)]);
    }
}
