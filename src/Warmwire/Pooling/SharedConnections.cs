using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// The multiplexed connections of one origin that are in use and not retired. Few: each serves many requests, so the search for the least loaded walks
/// over all. Guarded by the lock of the origin.
/// </summary>
internal sealed class SharedConnections
{
    private readonly List<PooledConnection> _all = [];

    public int Count => _all.Count;

    public PooledConnection this[int index] => _all[index];

    public void Add(PooledConnection connection)
    {
        Debug.Assert(connection.SharedIndex < 0, "added once");
        connection.SharedIndex = _all.Count;
        _all.Add(connection);
    }

    /// <summary>Does nothing if it is not here.</summary>
    public void Remove(PooledConnection connection)
    {
        int index = connection.SharedIndex;
        if (index < 0)
        {
            return;
        }

        PooledConnection last = _all[^1];
        _all[index] = last;
        last.SharedIndex = index;
        _all.RemoveAt(_all.Count - 1);
        connection.SharedIndex = -1;
    }

    /// <summary>The one with the fewest exchanges among those that take one more; of equal ones the oldest.</summary>
    public PooledConnection? LeastLoaded()
    {
        PooledConnection? best = null;
        foreach (PooledConnection connection in _all)
        {
            if (connection.HasFreeSlot
                && (best is null || connection.Slots.Taken < best.Slots.Taken
                    || (connection.Slots.Taken == best.Slots.Taken && connection.Connection.Id < best.Connection.Id)))
            {
                best = connection;
            }
        }

        return best;
    }
}
