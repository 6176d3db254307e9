namespace Warmwire.Pooling;

/// <summary>What happened at one origin since the handler was made. Guarded by the pool's gate.</summary>
internal sealed class OriginCounters
{
    private readonly long[] _closedBy = new long[(int)CloseReason.Disposed + 1]; // the last one
    private readonly long[] _dialedBy = new long[(int)DialReason.Prewarm + 1];

    public long Requests { get; set; }

    public long Reused { get; set; }

    public long Opened { get; set; }

    public long DialsFailed { get; set; }

    public long Replays { get; set; }

    public long LeakedResponses { get; set; }

    public IReadOnlyDictionary<CloseReason, long> ClosedBy => NonZero<CloseReason>(_closedBy);

    public IReadOnlyDictionary<DialReason, long> DialedBy => NonZero<DialReason>(_dialedBy);

    public void Closed(CloseReason reason) => _closedBy[(int)reason]++;

    public void Dialed(DialReason reason) => _dialedBy[(int)reason]++;

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
