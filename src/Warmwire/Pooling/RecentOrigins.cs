using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The origins that were asked for last, found again without hashing the whole host. Only a shortcut: an entry may be replaced at any time, and may
/// be of an origin that was removed since, which says so itself. Any thread.
/// </summary>
internal sealed class RecentOrigins
{
    private readonly OriginPool?[] _entries = new OriginPool?[PoolLimits.RecentOrigins];

    public OriginPool? Find(in RouteIdentity route)
    {
        OriginPool? recent = Volatile.Read(ref _entries[IndexOf(route)]);
        return recent is not null && recent.Route.Identity.Is(route) ? recent : null;
    }

    public void Remember(in RouteIdentity route, OriginPool pool) => Volatile.Write(ref _entries[IndexOf(route)], pool);

    public void Forget(in RouteIdentity route, OriginPool pool) => Interlocked.CompareExchange(ref _entries[IndexOf(route)], null, pool);

    /// <summary>Where a route is kept; which routes are the same is not decided here.</summary>
    private static int IndexOf(in RouteIdentity route)
    {
        // Names of one system differ in a few characters, most often near one of the ends.
        string host = route.Host;
        int hash = (host.Length * 31) + route.Port + (int)route.Protocols;
        if (host.Length > 0)
        {
            hash = (hash * 31) + host[0];
            hash = (hash * 31) + host[host.Length / 2];
            hash = (hash * 31) + host[^1];
        }

        return (int)((uint)(hash ^ (hash >> 8)) % PoolLimits.RecentOrigins);
    }
}
