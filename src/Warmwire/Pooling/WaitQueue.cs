using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// Requests that wait for a connection, first come first served. A linked list, so that one that gives up leaves at once, and beside it the
/// list of those that no dial is under way for, so that neither a plan nor a failure has to look for them. Guarded by the lock of the
/// origin.
/// </summary>
internal sealed class WaitQueue
{
    private readonly LinkedList<PoolWaiter> _withoutDial = [];
    private PoolWaiter? _first;
    private PoolWaiter? _last;
    private PoolWaiter? _lastAgain;
    private long _lastTicket;

    public int Count { get; private set; }

    /// <summary>How many of them need HTTP/2 and may get the other.</summary>
    public int CountNeedingHttp2 { get; private set; }

    public long LastTicket => _lastTicket;

    /// <summary>The oldest waiter.</summary>
    public PoolWaiter? First => _first;

    /// <summary>The oldest waiter that any connection serves.</summary>
    public PoolWaiter? FirstForAny
    {
        get
        {
            PoolWaiter? waiter = _first;
            while (waiter is { NeedsHttp2: true })
            {
                waiter = waiter.Behind;
            }

            return waiter;
        }
    }

    /// <summary>The youngest waiter that no dial is under way for.</summary>
    public PoolWaiter? LastWithoutDial => _withoutDial.Last?.Value;

    /// <summary>The youngest of those who have not been served before.</summary>
    public PoolWaiter? LastNewWithoutDial
    {
        get
        {
            LinkedListNode<PoolWaiter>? node = _withoutDial.Last;
            while (node is { Value.IsAgain: true })
            {
                node = node.Previous;
            }

            return node?.Value;
        }
    }

    /// <summary>Lets a request wait: behind all others, or before all those that were not served in vain before.</summary>
    /// <remarks>
    /// Story: a server says GOAWAY after every twentieth stream, and 32 requests are always under way. Those it left out waited behind new
    /// ones, were left out again, and failed after three replays.
    /// </remarks>
    public void Enqueue(PoolWaiter waiter)
    {
        waiter.Ticket = ++_lastTicket;
        if (waiter.IsAgain)
        {
            Insert(waiter, _lastAgain);
            _lastAgain = waiter;
        }
        else
        {
            Insert(waiter, _last);
        }

        Entered(waiter);
    }

    /// <param name="waiter">The waiter.</param>
    /// <param name="ahead">Who stands before it; <see langword="null"/>: nobody.</param>
    private void Insert(PoolWaiter waiter, PoolWaiter? ahead)
    {
        PoolWaiter? behind = ahead is null ? _first : ahead.Behind;
        (waiter.Ahead, waiter.Behind) = (ahead, behind);
        if (ahead is null)
        {
            _first = waiter;
        }
        else
        {
            ahead.Behind = waiter;
        }

        if (behind is null)
        {
            _last = waiter;
        }
        else
        {
            behind.Ahead = waiter;
        }
    }

    /// <summary>Back to where it was: the connection it was to get turned out to be dead.</summary>
    public void PutBackFirst(PoolWaiter waiter)
    {
        Insert(waiter, ahead: null);
        Entered(waiter);
    }

    /// <summary>The oldest waiter.</summary>
    public PoolWaiter? Dequeue() => Take(_first);

    /// <summary>The oldest waiter among those whom such a connection serves.</summary>
    public PoolWaiter? DequeueFor(PooledConnection connection) => Take(FirstFor(connection));

    public bool HasAnyFor(PooledConnection connection) => FirstFor(connection) is not null;

    /// <summary>Takes out the oldest waiter without a dial if it came not later than this; the others of its kind are younger.</summary>
    public PoolWaiter? DequeueWithoutDial(long upToTicket) =>
        _withoutDial.First is { } node && node.Value.Ticket <= upToTicket ? Take(node.Value) : null;

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

        if (_lastAgain == waiter)
        {
            _lastAgain = waiter.Ahead;
        }

        waiter.Behind = waiter.Ahead = null;
        waiter.IsQueued = false;
        Count--;
        CountNeedingHttp2 -= waiter.NeedsHttp2 ? 1 : 0;
        LeaveWithoutDial(waiter);
        return true;
    }

    public void DialBegan(PoolWaiter waiter)
    {
        waiter.HasDial = true;
        LeaveWithoutDial(waiter);
    }

    public void DialEnded(PoolWaiter waiter)
    {
        waiter.HasDial = false;
        if (waiter.IsQueued)
        {
            EnterWithoutDial(waiter);
        }
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

    public static int CountBefore(PoolWaiter waiter)
    {
        int count = 0;
        for (PoolWaiter? ahead = waiter.Ahead; ahead is not null; ahead = ahead.Ahead)
        {
            count++;
        }

        return count;
    }

    private PoolWaiter? FirstFor(PooledConnection connection) => connection.IsMultiplexed ? _first : FirstForAny;

    private PoolWaiter? Take(PoolWaiter? waiter)
    {
        if (waiter is not null)
        {
            Remove(waiter);
        }

        return waiter;
    }

    private void Entered(PoolWaiter waiter)
    {
        waiter.IsQueued = true;
        Count++;
        CountNeedingHttp2 += waiter.NeedsHttp2 ? 1 : 0;
        if (!waiter.HasDial)
        {
            EnterWithoutDial(waiter);
        }
    }

    /// <summary>
    /// In the order of arrival. Dials are for the youngest, and one that comes back is among the oldest, so the place is near one of the
    /// ends.
    /// </summary>
    private void EnterWithoutDial(PoolWaiter waiter)
    {
        if (_withoutDial.First is { } first && waiter.Ticket < first.Value.Ticket)
        {
            waiter.WithoutDial = _withoutDial.AddFirst(waiter);
            return;
        }

        LinkedListNode<PoolWaiter>? before = _withoutDial.Last;
        while (before is not null && before.Value.Ticket > waiter.Ticket)
        {
            before = before.Previous;
        }

        waiter.WithoutDial = before is null ? _withoutDial.AddFirst(waiter) : _withoutDial.AddAfter(before, waiter);
    }

    private void LeaveWithoutDial(PoolWaiter waiter)
    {
        if (waiter.WithoutDial is { } node)
        {
            _withoutDial.Remove(node);
            waiter.WithoutDial = null;
        }
    }
}
