using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>Requests waiting for a connection, first come first served. A linked list, so that one that gives up leaves at once. Guarded by the pool's gate.</summary>
internal sealed class WaitQueue
{
    private PoolWaiter? _first;
    private PoolWaiter? _last;
    private long _lastTicket;

    public int Count { get; private set; }

    public long LastTicket => _lastTicket;

    public void Enqueue(PoolWaiter waiter)
    {
        waiter.Ticket = ++_lastTicket;
        waiter.IsQueued = true;
        waiter.Ahead = _last;
        if (_last is null)
        {
            _first = waiter;
        }
        else
        {
            _last.Behind = waiter;
        }

        _last = waiter;
        Count++;
    }

    /// <summary>Back to where it was: the connection it was to get turned out to be dead.</summary>
    public void PutBackFirst(PoolWaiter waiter)
    {
        waiter.IsQueued = true;
        waiter.Behind = _first;
        if (_first is null)
        {
            _last = waiter;
        }
        else
        {
            _first.Ahead = waiter;
        }

        _first = waiter;
        Count++;
    }

    /// <summary>Who waits longest.</summary>
    public PoolWaiter? Dequeue() => Take(_first);

    /// <summary>Who waits longest among those whom such a connection serves.</summary>
    public PoolWaiter? DequeueFor(HttpConnection connection) => Take(FirstFor(connection));

    public bool HasAnyFor(HttpConnection connection) => FirstFor(connection) is not null;

    private PoolWaiter? FirstFor(HttpConnection connection)
    {
        PoolWaiter? waiter = _first;
        if (waiter is { NeedsHttp2: true } && !connection.IsMultiplexed)
        {
            do
            {
                waiter = waiter.Behind;
            }
            while (waiter is { NeedsHttp2: true });
        }

        return waiter;
    }

    private PoolWaiter? Take(PoolWaiter? waiter)
    {
        if (waiter is not null)
        {
            Remove(waiter);
        }

        return waiter;
    }

    public bool Remove(PoolWaiter waiter)
    {
        if (!waiter.IsQueued)
        {
            return false;
        }

        if (waiter.Ahead is null)
        {
            Debug.Assert(_first == waiter, "the first has no predecessor");
            _first = waiter.Behind;
        }
        else
        {
            waiter.Ahead.Behind = waiter.Behind;
        }

        if (waiter.Behind is null)
        {
            _last = waiter.Ahead;
        }
        else
        {
            waiter.Behind.Ahead = waiter.Ahead;
        }

        waiter.Behind = waiter.Ahead = null;
        waiter.IsQueued = false;
        Count--;
        return true;
    }

    public IEnumerable<PoolWaiter> FirstToLast()
    {
        for (PoolWaiter? waiter = _first; waiter is not null;)
        {
            PoolWaiter? next = waiter.Behind;
            yield return waiter;
            waiter = next;
        }
    }

    public IEnumerable<PoolWaiter> LastToFirst()
    {
        for (PoolWaiter? waiter = _last; waiter is not null; waiter = waiter.Ahead)
        {
            yield return waiter;
        }
    }

    public static int CountBefore(PoolWaiter waiter)
    {
        int count = 0;
        for (PoolWaiter? ahead = waiter.Ahead; ahead is not null; ahead = ahead.Ahead)
        {
            count++;
        }

        return count;
    }
}
