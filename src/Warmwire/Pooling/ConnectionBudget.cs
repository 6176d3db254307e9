using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// How many connections all origins may have together (<see cref="PooledHttpHandler.MaxConnections"/>). A connection takes its place before it is
/// dialed and gives it back when it is closed. Pools that found no place wait here in order and are told when there is one.
/// </summary>
internal sealed class ConnectionBudget
{
    private readonly int _limit;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly LinkedList<OriginPool> _starved = [];
    private readonly HashSet<OriginPool> _starvedSet = [];
    private int _used;
    private int _starvedCount;

    public ConnectionBudget(int limit) => _limit = limit;

    /// <summary>Whether a pool is in line. Read without the gate: it is asked on every return.</summary>
    public bool HasStarved => Volatile.Read(ref _starvedCount) > 0;

    public bool IsWaiting(OriginPool pool)
    {
        lock (_gate)
        {
            return _starvedSet.Contains(pool);
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
    public bool TryWait(OriginPool pool)
    {
        lock (_gate)
        {
            // Story: a place came free after this pool was refused one and before it stood in line; nobody would tell it again.
            if (_used < _limit)
            {
                return false;
            }

            if (_starvedSet.Add(pool))
            {
                _starved.AddLast(pool);
                Volatile.Write(ref _starvedCount, _starved.Count);
            }

            return true;
        }
    }

    /// <summary>The pool that has been in line longest.</summary>
    public OriginPool? FirstInLine()
    {
        lock (_gate)
        {
            return _starved.First?.Value;
        }
    }

    /// <summary>The pool does not need a place any more.</summary>
    public void LeaveLine(OriginPool pool)
    {
        lock (_gate)
        {
            if (_starvedSet.Remove(pool))
            {
                _starved.Remove(pool);
                Volatile.Write(ref _starvedCount, _starved.Count);
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
        if (_starved.First is not { } first)
        {
            return null;
        }

        _starved.RemoveFirst();
        Volatile.Write(ref _starvedCount, _starved.Count);
        _starvedSet.Remove(first.Value);
        return first.Value;
    }
}
