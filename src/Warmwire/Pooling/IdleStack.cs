using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// The idle connections of one origin: the last that came goes first (LIFO), so that the surplus of a burst ages and is closed. A doubly
/// linked list through <see cref="PooledConnection"/>, so that a connection that dies in the middle leaves at once. Guarded by the lock of
/// the origin.
/// </summary>
internal sealed class IdleStack
{
    private readonly IdleOrder _all;
    private PooledConnection? _newest;
    private PooledConnection? _oldest;

    public IdleStack(IdleOrder all) => _all = all;

    public int Count { get; private set; }

    public PooledConnection? Oldest => _oldest;

    public void Push(PooledConnection connection)
    {
        Debug.Assert(connection.State == PooledState.Idle, "it has become idle");
        connection.Older = _newest;
        connection.Newer = null;
        if (_newest is null)
        {
            _oldest = connection;
        }
        else
        {
            _newest.Newer = connection;
        }

        _newest = connection;
        Count++;
        _all.Add(connection);
    }

    /// <summary>The last that came and can serve; some HTTP/2 connections are idle without taking exchanges.</summary>
    /// <param name="needsHttp2">Whether only HTTP/2 will do.</param>
    public PooledConnection? NewestFor(bool needsHttp2) => NextFor(_newest, needsHttp2);

    /// <summary>This one, or the last that came before it and can serve.</summary>
    public static PooledConnection? NextFor(PooledConnection? connection, bool needsHttp2)
    {
        while (connection is not null && !(connection.IsMultiplexed ? connection.HasFreeSlot : !needsHttp2))
        {
            connection = connection.Older;
        }

        return connection;
    }

    /// <summary>Takes it out; what becomes of it is its <see cref="PooledConnection.MoveTo"/>.</summary>
    public void Remove(PooledConnection connection)
    {
        if (connection.Newer is null)
        {
            _newest = connection.Older;
        }
        else
        {
            connection.Newer.Older = connection.Older;
        }

        if (connection.Older is null)
        {
            _oldest = connection.Newer;
        }
        else
        {
            connection.Older.Newer = connection.Newer;
        }

        connection.Newer = connection.Older = null;
        Count--;
        _all.Remove(connection);
    }

    /// <summary>From the least recently used to the last.</summary>
    public IEnumerable<PooledConnection> OldestFirst()
    {
        for (PooledConnection? connection = _oldest; connection is not null;)
        {
            PooledConnection? next = connection.Newer;
            yield return connection;
            connection = next;
        }
    }
}
