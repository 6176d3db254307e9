using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// The idle connections of all origins in the order in which they became idle, so that the least recently used is found without a look at
/// the origins; and their number, against <see cref="PooledHttpHandler.MaxIdleConnections"/>. A doubly linked list through <see
/// cref="PooledConnection"/>.
/// </summary>
/// <remarks>
/// A connection is here exactly while it is in the <see cref="IdleStack"/> of its origin, which puts it here and takes it out under the
/// origin's lock. So the gate is the innermost lock: under it there is nothing but the list. Not kept at all where no limit can be reached.
/// </remarks>
internal sealed class IdleOrder
{
    // Immutable.
    private readonly int _limit;
    private readonly bool _isKept;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private PooledConnection? _newest;
    private PooledConnection? _oldest;

    // Written under the gate, read without it: every return of a connection asks.
    private int _count;

    public IdleOrder(int limit, int maxConnections)
    {
        _limit = limit;
        _isKept = limit < maxConnections || maxConnections < int.MaxValue;
    }

    /// <summary>Whether more connections are idle than are kept for long.</summary>
    public bool IsPassed => Volatile.Read(ref _count) > _limit;

    public void Add(PooledConnection connection)
    {
        if (!_isKept)
        {
            return;
        }

        lock (_gate)
        {
            Debug.Assert(connection is { NewerOfAll: null, OlderOfAll: null } && connection != _oldest, "it is here once");
            connection.OlderOfAll = _newest;
            if (_newest is null)
            {
                _oldest = connection;
            }
            else
            {
                _newest.NewerOfAll = connection;
            }

            _newest = connection;
            Volatile.Write(ref _count, _count + 1);
        }
    }

    public void Remove(PooledConnection connection)
    {
        if (!_isKept)
        {
            return;
        }

        lock (_gate)
        {
            if (connection.NewerOfAll is { } newer)
            {
                newer.OlderOfAll = connection.OlderOfAll;
            }
            else
            {
                _newest = connection.OlderOfAll;
            }

            if (connection.OlderOfAll is { } older)
            {
                older.NewerOfAll = connection.NewerOfAll;
            }
            else
            {
                _oldest = connection.NewerOfAll;
            }

            connection.NewerOfAll = connection.OlderOfAll = null;
            Volatile.Write(ref _count, _count - 1);
        }
    }

    /// <summary>The least recently used of all, and since when it is idle. It may be leased as soon as this returns.</summary>
    /// <remarks>
    /// Story: an origin stands in line for a permit and looks here, and at this moment a connection becomes idle, whose return then asks
    /// whether anybody stands in line. Both take the gate, this look also where the list is empty: either it finds the connection, or the
    /// return comes behind it and sees the line.
    /// </remarks>
    public PooledConnection? Oldest(out long since)
    {
        lock (_gate)
        {
            // Its time changes only while it is not here.
            since = _oldest?.IdleSince ?? 0;
            return _oldest;
        }
    }
}
