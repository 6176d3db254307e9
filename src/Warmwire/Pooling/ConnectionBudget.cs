using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// How many connections all origins may have together (<see cref="PooledHttpHandler.MaxConnections"/>). A connection takes its place before it is
/// dialed and gives it back when it is closed. Origins that found no place wait here in order and are told when there is one; those without any
/// connection go first, and the others yield to them (<see cref="HasDestitute"/>), so that a busy origin cannot starve another for ever.
/// </summary>
internal sealed class ConnectionBudget
{
    private readonly int _limit;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly LinkedList<OriginPool> _starved = [];
    private readonly LinkedList<OriginPool> _destitute = [];
    private readonly Dictionary<OriginPool, LinkedListNode<OriginPool>> _inLine = [];
    private int _used;
    private int _yielding;

    // Written under the gate, read without it: they are asked on every return of a connection.
    private volatile bool _hasStarved;
    private volatile bool _hasDestitute;

    public ConnectionBudget(int limit) => _limit = limit;

    /// <summary>How many places are free at this moment.</summary>
    public int Free => Math.Max(0, _limit - Volatile.Read(ref _used));

    /// <summary>Whether an origin is in line.</summary>
    public bool HasStarved => _hasStarved;

    /// <summary>Whether an origin is in line that has no connection at all.</summary>
    public bool HasDestitute => _hasDestitute;

    public bool IsWaiting(OriginPool pool)
    {
        lock (_gate)
        {
            return _inLine.ContainsKey(pool);
        }
    }

    public bool TryTake()
    {
        lock (_gate)
        {
            if (_used >= _limit)
            {
                return false;
            }

            _used++;
            return true;
        }
    }

    /// <summary>Puts the pool in line for the next free place. <see langword="false"/>: there is one now, so it should try again.</summary>
    public bool TryWait(OriginPool pool, bool destitute)
    {
        lock (_gate)
        {
            // Story: a place came free after this pool was refused one and before it stood in line; nobody would tell it again.
            if (_used < _limit)
            {
                return false;
            }

            LinkedList<OriginPool> line = destitute ? _destitute : _starved;
            if (_inLine.TryGetValue(pool, out LinkedListNode<OriginPool>? node) && node.List != line)
            {
                Remove_NeedsLock(node);
                node = null;
            }

            if (node is null)
            {
                _inLine[pool] = line.AddLast(pool);
                Publish_NeedsLock();
            }

            return true;
        }
    }

    /// <summary>The pool whose turn is next.</summary>
    public OriginPool? FirstInLine()
    {
        lock (_gate)
        {
            return (_destitute.First ?? _starved.First)?.Value;
        }
    }

    /// <summary>
    /// A shared connection, which may never come to rest, may retire to make room: not more of them than origins without any connection are in line.
    /// <see cref="EndYield"/> when it is gone.
    /// </summary>
    public bool TryBeginYield()
    {
        lock (_gate)
        {
            if (_yielding >= _destitute.Count)
            {
                return false;
            }

            _yielding++;
            return true;
        }
    }

    public void EndYield()
    {
        lock (_gate)
        {
            _yielding--;
            Debug.Assert(_yielding >= 0, "more yields ended than begun");
        }
    }

    /// <summary>The pool does not need a place any more.</summary>
    public void LeaveLine(OriginPool pool)
    {
        lock (_gate)
        {
            if (_inLine.TryGetValue(pool, out LinkedListNode<OriginPool>? node))
            {
                Remove_NeedsLock(node);
            }
        }
    }

    /// <summary>Gives a place back.</summary>
    /// <returns>The pool to tell, if one is in line.</returns>
    public OriginPool? Release()
    {
        lock (_gate)
        {
            _used--;
            Debug.Assert(_used >= 0, "more places given back than taken");
            return NextInLine_NeedsLock();
        }
    }

    /// <summary>A pool that was told did not need the place.</summary>
    /// <returns>The next pool to tell.</returns>
    public OriginPool? PassOn()
    {
        lock (_gate)
        {
            return _used < _limit ? NextInLine_NeedsLock() : null;
        }
    }

    private OriginPool? NextInLine_NeedsLock()
    {
        if ((_destitute.First ?? _starved.First) is not { } first)
        {
            return null;
        }

        Remove_NeedsLock(first);
        return first.Value;
    }

    private void Remove_NeedsLock(LinkedListNode<OriginPool> node)
    {
        node.List!.Remove(node);
        _inLine.Remove(node.Value);
        Publish_NeedsLock();
    }

    private void Publish_NeedsLock()
    {
        _hasDestitute = _destitute.Count > 0;
        _hasStarved = _inLine.Count > 0;
    }
}
