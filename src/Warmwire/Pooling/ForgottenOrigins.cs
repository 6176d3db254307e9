using System.Collections.Concurrent;
using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The sum of what happened at origins that were forgotten, so that the totals of the snapshot never go back and the list of origins
/// does not grow without limit.
/// </summary>
internal sealed class ForgottenOrigins
{
    private const string Name = "(origins not used any more)";

    private readonly Lock _gate = new();
    private OriginSnapshot? _sum;

    /// <summary>The origins in use and the sum of the others, as they are at one moment: each origin is in exactly one of them.</summary>
    public (ICollection<OriginPool> InUse, OriginSnapshot? Sum) Read(ConcurrentDictionary<Route, OriginPool> origins)
    {
        lock (_gate)
        {
            return (origins.Values, _sum);
        }
    }

    /// <summary>Moves a removed origin from those in use to the sum.</summary>
    public void Move(ConcurrentDictionary<Route, OriginPool> origins, OriginPool origin, OriginSnapshot history)
    {
        lock (_gate)
        {
            if (origins.TryRemove(KeyValuePair.Create(origin.Route, origin)))
            {
                Add_NeedsLock(history);
            }
        }
    }

    private void Add_NeedsLock(OriginSnapshot origin)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "the gate");
        _sum = _sum is null ? origin with { Origin = Name, Protocols = "" } : new OriginSnapshot
        {
            Origin = Name,
            Open = 0,
            Idle = 0,
            Dialing = 0,
            Pending = 0,
            Requests = _sum.Requests + origin.Requests,
            ConnectionsOpened = _sum.ConnectionsOpened + origin.ConnectionsOpened,
            DialsFailed = _sum.DialsFailed + origin.DialsFailed,
            Reused = _sum.Reused + origin.Reused,
            Replays = _sum.Replays + origin.Replays,
            LeakedResponses = _sum.LeakedResponses + origin.LeakedResponses,
            ClosedBy = Add(_sum.ClosedBy, origin.ClosedBy),
            DialedBy = Add(_sum.DialedBy, origin.DialedBy),
            Connections = [],
        };
    }

    private static Dictionary<T, long> Add<T>(IReadOnlyDictionary<T, long> one, IReadOnlyDictionary<T, long> other)
        where T : notnull
    {
        var sum = new Dictionary<T, long>(one);
        foreach ((T key, long count) in other)
        {
            sum[key] = sum.GetValueOrDefault(key) + count;
        }

        return sum;
    }
}
