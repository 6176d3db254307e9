using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The origins of a handler by their routes. An origin is found without a lock and without allocating; the table is changed under its gate.
/// </summary>
/// <remarks>
/// A hash table of chains whose links never change: who removes an origin makes the links before it anew, so that a search which is under
/// way comes to the end of the chain it began with. A table of the framework would do, but the code of one that is searched by a value is
/// compiled by each program at its first request.
/// </remarks>
internal sealed class OriginTable
{
    private readonly Lock _gate = new();
    private volatile Link?[] _chains = new Link?[4];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>All origins, at one moment.</summary>
    public List<OriginPool> ToList()
    {
        lock (_gate)
        {
            var all = new List<OriginPool>(_count);
            foreach (Link? chain in _chains)
            {
                for (Link? link = chain; link is not null; link = link.Next)
                {
                    all.Add(link.Origin);
                }
            }

            return all;
        }
    }

    public OriginPool? Find(in RouteIdentity route) => Find(route, route.GetHashCode());

    /// <summary>The origin of this route, which is made if there is none. Only one is.</summary>
    public OriginPool GetOrAdd(in RouteIdentity route, Func<Route, OriginPool> make)
    {
        int hash = route.GetHashCode();
        lock (_gate)
        {
            if (Find(route, hash) is { } known)
            {
                return known;
            }

            if (_count == _chains.Length)
            {
                Grow_NeedsLock();
            }

            OriginPool made = make(new Route(route));
            ref Link? chain = ref _chains[IndexOf(hash, _chains)];
            Volatile.Write(ref chain, new Link(made, chain));
            _count++;
            return made;
        }
    }

    /// <summary>Whether it was there.</summary>
    public bool TryRemove(OriginPool origin)
    {
        lock (_gate)
        {
            ref Link? chain = ref _chains[IndexOf(origin.Route.GetHashCode(), _chains)];
            Link? found = chain;
            while (found is not null && !ReferenceEquals(found.Origin, origin))
            {
                found = found.Next;
            }

            if (found is null)
            {
                return false;
            }

            Link? rest = found.Next;
            for (Link before = chain!; !ReferenceEquals(before, found); before = before.Next!)
            {
                rest = new Link(before.Origin, rest);
            }

            Volatile.Write(ref chain, rest);
            _count--;
            return true;
        }
    }

    private static int IndexOf(int hash, Link?[] chains) => (int)(((uint)hash * 0x9E37_79B9) >> 7) & (chains.Length - 1);

    private OriginPool? Find(in RouteIdentity route, int hash)
    {
        Link?[] chains = _chains;
        for (Link? link = Volatile.Read(ref chains[IndexOf(hash, chains)]); link is not null; link = link.Next)
        {
            if (link.Origin.Route.Identity.Is(route))
            {
                return link.Origin;
            }
        }

        return null;
    }

    private void Grow_NeedsLock()
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "the gate");
        var larger = new Link?[_chains.Length * 2];
        foreach (Link? chain in _chains)
        {
            for (Link? link = chain; link is not null; link = link.Next)
            {
                ref Link? next = ref larger[IndexOf(link.Origin.Route.GetHashCode(), larger)];
                next = new Link(link.Origin, next);
            }
        }

        _chains = larger;
    }

    private sealed class Link(OriginPool origin, Link? next)
    {
        public OriginPool Origin { get; } = origin;

        public Link? Next { get; } = next;
    }
}
