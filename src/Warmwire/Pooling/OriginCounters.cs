using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// What happened at one origin since the handler was made. Leases are counted by any thread, the rest is guarded by the lock of the origin.
/// </summary>
internal sealed class OriginCounters
{
    // Written out: each program that starts would compile the code that counts them, and pay for it at its first request.
    private const int CloseReasons = (int)CloseReason.Evicted + 1;
    private const int DialReasons = (int)DialReason.AllAtStreamLimit + 1;

    private readonly long[] _closedBy = new long[CloseReasons];
    private readonly long[] _dialedBy = new long[DialReasons];

    private long _firstUses;
    private long _reused;
    private long _replays;

    public OriginCounters()
    {
        Debug.Assert(Enum.GetValues<CloseReason>().Length == CloseReasons, "each reason is counted");
        Debug.Assert(Enum.GetValues<DialReason>().Length == DialReasons, "each reason is counted");
    }

    /// <summary>Each is counted in one of two places, so that the sum is never less than it was.</summary>
    public long Requests => Volatile.Read(ref _firstUses) + Reused;

    public long Reused => Volatile.Read(ref _reused);

    public long Replays => Volatile.Read(ref _replays);

    public long Opened { get; set; }

    public long DialsFailed { get; set; }

    public long LeakedResponses { get; set; }

    public IReadOnlyDictionary<CloseReason, long> ClosedBy => NonZero<CloseReason>(_closedBy);

    public IReadOnlyDictionary<DialReason, long> DialedBy => NonZero<DialReason>(_dialedBy);

    /// <summary>A request has its connection.</summary>
    public void Leased(bool reused, bool isReplay)
    {
        Interlocked.Increment(ref reused ? ref _reused : ref _firstUses);
        if (isReplay)
        {
            Interlocked.Increment(ref _replays);
        }
    }

    public void Closed(CloseReason reason) => _closedBy[(int)reason]++;

    public void Dialed(DialReason reason) => _dialedBy[(int)reason]++;

    /// <summary>Adds what happened at an origin that is no more. Not for an origin's own: this is a sum.</summary>
    public void Add(OriginCounters origin)
    {
        _reused += origin.Reused;
        _firstUses += origin.Requests - origin.Reused;
        _replays += origin.Replays;
        Opened += origin.Opened;
        DialsFailed += origin.DialsFailed;
        LeakedResponses += origin.LeakedResponses;
        for (int i = 0; i < CloseReasons; i++)
        {
            _closedBy[i] += origin._closedBy[i];
        }

        for (int i = 0; i < DialReasons; i++)
        {
            _dialedBy[i] += origin._dialedBy[i];
        }
    }

    private static Dictionary<T, long> NonZero<T>(long[] counts)
        where T : struct, Enum
    {
        var result = new Dictionary<T, long>();
        foreach (T reason in Enum.GetValues<T>())
        {
            if (counts[Convert.ToInt32(reason, System.Globalization.CultureInfo.InvariantCulture)] is var count and > 0)
            {
                result[reason] = count;
            }
        }

        return result;
    }
}
