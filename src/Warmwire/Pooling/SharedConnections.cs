using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The multiplexed connections of one origin that are in use and not retired. Few: each serves many requests, so the search for the least loaded walks
/// over all. Guarded by the pool's gate.
/// </summary>
internal sealed class SharedConnections
{
    private readonly List<HttpConnection> _all = [];

    public int Count => _all.Count;

    public HttpConnection this[int index] => _all[index];

    public void Add(HttpConnection connection)
    {
        Debug.Assert(connection.Link.SharedIndex < 0, "added once");
        connection.Link.SharedIndex = _all.Count;
        _all.Add(connection);
    }

    /// <summary>Does nothing if it is not here.</summary>
    public void Remove(HttpConnection connection)
    {
        int index = connection.Link.SharedIndex;
        if (index < 0)
        {
            return;
        }

        HttpConnection last = _all[^1];
        _all[index] = last;
        last.Link.SharedIndex = index;
        _all.RemoveAt(_all.Count - 1);
        connection.Link.SharedIndex = -1;
    }

    /// <summary>The one with the fewest exchanges among those that take one more; of equal ones the oldest.</summary>
    public HttpConnection? LeastLoaded()
    {
        HttpConnection? best = null;
        foreach (HttpConnection connection in _all)
        {
            PoolLink link = connection.Link;
            if (link.HasFreePlace
                && (best is null || link.Streams < best.Link.Streams || (link.Streams == best.Link.Streams && connection.Id < best.Id)))
            {
                best = connection;
            }
        }

        return best;
    }
}
