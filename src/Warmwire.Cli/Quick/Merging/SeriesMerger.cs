using System.Numerics;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>
/// Series laid over each other by the wall clock. A point belongs to the interval in which it begins; its peak counts in every interval
/// that it reaches into, so that the sum of peaks is never less than what was open at one moment. It can be more, as the parts' peaks need
/// not have been at the same moment.
/// </summary>
internal static class SeriesMerger
{
    public const int MaxPoints = 600;

    /// <exception cref="CommandFailure">A part's series is damaged.</exception>
    public static SeriesResult Merge(IReadOnlyList<NamedResult> parts, WallClock clock)
    {
        var points = new List<Placed>();
        long interval = TimeSpan.TicksPerSecond;
        for (int i = 0; i < parts.Count; i++)
        {
            long own = IntervalOf(parts[i]);
            interval = Math.Max(interval, own);
            foreach (SeriesPoint point in parts[i].Result.Series.Points)
            {
                long begin = clock.StartOf(parts[i]) + WallClock.TicksOf(point.At);
                points.Add(new Placed(i, point, begin, begin + own));
            }
        }

        if (points.Count == 0)
        {
            return new SeriesResult { IntervalSeconds = 1, Points = [] };
        }

        long last = points.Max(static point => point.Begin);
        while (last / interval >= MaxPoints)
        {
            interval *= 2;
        }

        long[] peaks = Peaks(points, parts.Count, interval, (int)(last / interval) + 1);
        ILookup<long, Placed> byInterval = points.ToLookup(point => point.Begin / interval);
        var histogram = new LatencyHistogram();
        var merged = new SeriesPoint[peaks.Length];
        for (int i = 0; i < merged.Length; i++)
        {
            merged[i] = Combine((double)i * interval / TimeSpan.TicksPerSecond, [.. byInterval[i]], peaks[i], histogram, parts);
        }

        return new SeriesResult { IntervalSeconds = (double)interval / TimeSpan.TicksPerSecond, Points = merged };
    }

    private static long IntervalOf(NamedResult part)
    {
        double seconds = part.Result.Series.IntervalSeconds;
        if (seconds is not (>= 1 and <= 1 << 30)
            || seconds != (int)seconds
            || !BitOperations.IsPow2((int)seconds)
            || part.Result.Series.Points.Any(static point => point is null))
        {
            throw new CommandFailure($"{part.Name} is damaged: the interval of its series is not 1, 2, 4, 8, … seconds");
        }

        return (int)seconds * TimeSpan.TicksPerSecond;
    }

    private static long[] Peaks(List<Placed> points, int partCount, long interval, int count)
    {
        long[] sums = new long[count];
        long[] own = new long[count];
        ILookup<int, Placed> byPart = points.ToLookup(static point => point.Part);
        for (int part = 0; part < partCount; part++)
        {
            Array.Clear(own);
            foreach (Placed placed in byPart[part])
            {
                for (long i = placed.Begin / interval; i * interval < placed.End && i < count; i++)
                {
                    own[i] = Math.Max(own[i], placed.Point.PeakOpen);
                }
            }

            for (int i = 0; i < count; i++)
            {
                sums[i] = checked(sums[i] + own[i]);
            }
        }

        return sums;
    }

    private static SeriesPoint Combine(double at, Placed[] points, long peak, LatencyHistogram histogram, IReadOnlyList<NamedResult> parts)
    {
        histogram.Clear();
        foreach ((int part, SeriesPoint point, _, _) in points)
        {
            if (point.Histogram.Length > 0)
            {
                try
                {
                    histogram.Add(HistogramCoder.ReadCounts(point.Histogram), Summaries.Nanoseconds(point.Max));
                }
                catch (FormatException error)
                {
                    throw new CommandFailure(
                        $"{parts[part].Name} is damaged: the histogram of its series at {point.At} s: {error.Message}", error);
                }
            }
        }

        return new SeriesPoint
        {
            At = at,
            Due = Sum(points, static point => point.Due),
            Started = Sum(points, static point => point.Started),
            Responses = Sum(points, static point => point.Responses),
            Errors = Sum(points, static point => point.Errors),
            Opened = Sum(points, static point => point.Opened),
            Closed = Sum(points, static point => point.Closed),
            PeakOpen = peak,
            P50 = Summaries.Milliseconds(histogram.ValueAt(50)),
            P99 = Summaries.Milliseconds(histogram.ValueAt(99)),
            Max = Summaries.Milliseconds(histogram.Max),
            Histogram = histogram.Total == 0 ? "" : HistogramCoder.Encode(histogram),
        };
    }

    private static long Sum(Placed[] points, Func<SeriesPoint, long> of) => points.Sum(point => of(point.Point));

    private readonly record struct Placed(int Part, SeriesPoint Point, long Begin, long End);
}
