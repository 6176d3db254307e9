using System.Diagnostics;

namespace Warmwire.Concurrency;

/// <summary>
/// The latencies of one window of time, and how many exchanges were under way in it. Of more than it keeps each has the same chance to be
/// kept, so that a fast origin costs no more than another.
/// </summary>
internal sealed class LatencyWindow(Func<double> random)
{
    private readonly long[] _kept = new long[ConcurrencyLimits.WindowSamples];

    /// <summary>How many came.</summary>
    public int Count { get; private set; }

    /// <summary>How many answers said that the server wants no more.</summary>
    public int Refused { get; private set; }

    /// <summary>The most exchanges under way at a time.</summary>
    public int Peak { get; private set; }

    public TimeSpan StartedAt { get; private set; }

    private int Kept => Math.Min(Count, _kept.Length);

    public void Start(int underWay, TimeSpan now)
    {
        Count = 0;
        Refused = 0;
        Peak = underWay;
        StartedAt = now;
    }

    public void UnderWay(int count) => Peak = Math.Max(Peak, count);

    public void Refuse() => Refused++;

    public void Add(TimeSpan latency)
    {
        int index = Count < _kept.Length ? Count : (int)(random() * (Count + 1.0));
        if (index < _kept.Length)
        {
            _kept[index] = latency.Ticks;
        }

        Count++;
    }

    /// <summary>
    /// The mean of the fastest nine tenths: of few latencies a mean is surer than a median, and one lost packet or one long report is not
    /// to decide. Of a server that lets a tenth time out it says so. Sorts.
    /// </summary>
    public TimeSpan Latency()
    {
        Debug.Assert(Count > 0, "a latency");
        Span<long> kept = _kept.AsSpan(0, Kept);
        kept.Sort();
        kept = kept[..Math.Max(1, kept.Length - (kept.Length / 10))];
        double sum = 0;
        foreach (long ticks in kept)
        {
            sum += ticks;
        }

        // Never zero: the limit divides by it, and a fake clock may stand.
        return TimeSpan.FromTicks(Math.Max(1, (long)(sum / kept.Length)));
    }
}
