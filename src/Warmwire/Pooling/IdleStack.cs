using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The connections of one origin that rest: the last that came goes first (LIFO), so that the surplus of a burst ages and is closed.
/// A doubly linked list through <see cref="PoolLink"/>, so that a connection that dies in the middle leaves at once. Guarded by the pool's gate.
/// </summary>
internal sealed class IdleStack
{
    /// <summary>See <see cref="OldestSince"/>.</summary>
    public const long NoneIdle = long.MaxValue;

    private readonly IdleTotal _total;
    private HttpConnection? _newest;
    private HttpConnection? _oldest;
    private long _oldestSince = NoneIdle;

    public IdleStack(IdleTotal total) => _total = total;

    public int Count { get; private set; }

    public HttpConnection? Oldest => _oldest;

    /// <summary>When the least recently used came to rest, or <see cref="NoneIdle"/>. Read without the gate, so it may be a moment old.</summary>
    public long OldestSince => Volatile.Read(ref _oldestSince);

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
            Volatile.Write(ref _oldestSince, link.IdleSince);
        }
        else
        {
            _newest.Link.Newer = connection;
        }

        _newest = connection;
        Count++;
        _total.Add(1);
    }

    /// <summary>The last that came and can serve; some HTTP/2 connections rest without taking exchanges.</summary>
    /// <param name="needsHttp2">Whether only HTTP/2 will do.</param>
    public HttpConnection? NewestFor(bool needsHttp2)
    {
        HttpConnection? connection = _newest;
        while (connection is not null && !(connection.IsMultiplexed ? connection.Link.HasFreePlace : !needsHttp2))
        {
            connection = connection.Link.Older;
        }

        return connection;
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
            Volatile.Write(ref _oldestSince, _oldest is null ? NoneIdle : _oldest.Link.IdleSince);
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
