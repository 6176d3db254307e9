using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The connections of one origin that rest: the last that came goes first (LIFO), so that the surplus of a burst ages and is closed.
/// A doubly linked list through <see cref="PoolLink"/>, so that a connection that dies in the middle leaves at once. Guarded by the pool's gate.
/// </summary>
internal sealed class IdleStack
{
    private readonly IdleTotal _total;
    private HttpConnection? _newest;
    private HttpConnection? _oldest;

    public IdleStack(IdleTotal total) => _total = total;

    public int Count { get; private set; }

    public HttpConnection? Oldest => _oldest;

    public void Push(HttpConnection connection)
    {
        PoolLink link = connection.Link;
        Debug.Assert(link.Place == PoolPlace.Busy, "only a busy connection comes to rest");
        link.Place = PoolPlace.Idle;
        link.Older = _newest;
        link.Newer = null;
        if (_newest is null)
        {
            _oldest = connection;
        }
        else
        {
            _newest.Link.Newer = connection;
        }

        _newest = connection;
        Count++;
        _total.Add(1);
    }

    public HttpConnection? Pop()
    {
        HttpConnection? connection = _newest;
        if (connection is not null)
        {
            Remove(connection);
        }

        return connection;
    }

    public void Remove(HttpConnection connection)
    {
        PoolLink link = connection.Link;
        Debug.Assert(link.Place == PoolPlace.Idle, "it rests here");
        if (link.Newer is null)
        {
            _newest = link.Older;
        }
        else
        {
            link.Newer.Link.Older = link.Older;
        }

        if (link.Older is null)
        {
            _oldest = link.Newer;
        }
        else
        {
            link.Older.Link.Newer = link.Newer;
        }

        link.Newer = link.Older = null;
        link.Place = PoolPlace.Busy;
        Count--;
        _total.Add(-1);
    }

    /// <summary>From the least recently used to the last.</summary>
    public IEnumerable<HttpConnection> OldestFirst()
    {
        for (HttpConnection? connection = _oldest; connection is not null;)
        {
            HttpConnection? next = connection.Link.Newer;
            yield return connection;
            connection = next;
        }
    }
}

/// <summary>Idle connections of all origins together. Any thread.</summary>
internal sealed class IdleTotal
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add(int change) => Interlocked.Add(ref _count, change);
}
