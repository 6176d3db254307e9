using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// The sum of what happened at origins that were forgotten, so that the totals of the snapshot never go back and the list of origins
/// does not grow without limit.
/// </summary>
internal sealed class ForgottenOrigins
{
    private const string Name = "(origins not used any more)";

    private readonly Lock _gate = new();
    private OriginCounters? _sum;

    /// <summary>The origins in use and the sum of the others, as they are at one moment: each origin is in exactly one of them.</summary>
    public (List<OriginPool> InUse, OriginSnapshot? Sum) Read(OriginTable origins)
    {
        lock (_gate)
        {
            return (origins.ToList(), Sum_NeedsLock());
        }
    }

    /// <summary>Moves a removed origin from those in use to the sum.</summary>
    public void Move(OriginTable origins, OriginPool origin, OriginCounters history)
    {
        lock (_gate)
        {
            if (origins.TryRemove(origin))
            {
                (_sum ??= new OriginCounters()).Add(history);
            }
        }
    }

    private OriginSnapshot? Sum_NeedsLock()
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "the gate");
        return _sum is null ? null : new OriginSnapshot
        {
            Origin = Name,
            Open = 0,
            Idle = 0,
            Dialing = 0,
            Pending = 0,
            Requests = _sum.Requests,
            ConnectionsOpened = _sum.Opened,
            DialsFailed = _sum.DialsFailed,
            Reused = _sum.Reused,
            Replays = _sum.Replays,
            LeakedResponses = _sum.LeakedResponses,
            ClosedBy = _sum.ClosedBy,
            DialedBy = _sum.DialedBy,
            Connections = [],
        };
    }
}
