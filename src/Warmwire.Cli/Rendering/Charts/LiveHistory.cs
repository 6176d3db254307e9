using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Load;

namespace Warmwire.Cli.Rendering.Charts;

/// <summary>The last seconds of a run, as many as the widest screen has columns.</summary>
internal sealed class LiveHistory : ISecondObserver
{
    public const int MaxSeconds = 500;

    private readonly Lock _gate = new();
    private readonly Queue<LiveSecond> _seconds = new();

    /// <summary>All latencies that can be counted, ten bands for each power of ten.</summary>
    public static LatencyBands Bands { get; } = LatencyBands.Covering(0, LatencyHistogram.HighestTrackable, int.MaxValue);

    public void SecondEnded(long second, LiveInterval interval)
    {
        long[] counts = interval.Latencies.Total == 0 ? [] : Bands.CountsOf(interval.Latencies);
        var ended = new LiveSecond(second, counts, interval.Errors, interval.Opened, interval.Open);
        lock (_gate)
        {
            _seconds.Enqueue(ended);
            if (_seconds.Count > MaxSeconds)
            {
                _seconds.Dequeue();
            }
        }
    }

    /// <summary>The last <paramref name="most"/> seconds or fewer, in order.</summary>
    public IReadOnlyList<LiveSecond> Last(int most)
    {
        lock (_gate)
        {
            return [.. _seconds.Skip(Math.Max(_seconds.Count - most, 0))];
        }
    }
}

/// <summary>A second of a run.</summary>
/// <param name="At">Its number, from 0.</param>
/// <param name="Counts">How many latencies are in each band of <see cref="LiveHistory.Bands"/>; empty where no response came.</param>
/// <param name="Errors">Requests that failed.</param>
/// <param name="Opened">Connections that were opened.</param>
/// <param name="Open">Connections that were open at its end.</param>
internal sealed record LiveSecond(long At, long[] Counts, long Errors, long Opened, long Open);
