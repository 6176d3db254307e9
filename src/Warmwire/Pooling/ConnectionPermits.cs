using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// The permits to have a connection that all origins share (<see cref="PooledHttpHandler.MaxConnections"/>). A permit is taken before a
/// connection is dialed and goes back when it is closed. Origins that found none wait here in order, and a permit that comes back is handed
/// to the first of them; those without any connection go first, and the others yield to them (<see cref="HasDestitute"/>), so that a busy
/// origin cannot starve another.
/// </summary>
internal sealed class ConnectionPermits
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

    public ConnectionPermits(int limit) => _limit = limit;

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

    /// <summary>Puts the pool in line for the next permit. <see langword="false"/>: there is one now, so it should try again.</summary>
    public bool TryWait(OriginPool pool, bool isDestitute)
    {
        lock (_gate)
        {
            // Story: a permit came back after this pool was refused one and before it stood in line; it would be handed to nobody.
            if (_used < _limit)
            {
                return false;
            }

            LinkedList<OriginPool> line = isDestitute ? _destitute : _starved;
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
            return First_NeedsLock?.Value;
        }
    }

    /// <summary>The pool does not need a permit any more.</summary>
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

    /// <summary>Gives a permit back.</summary>
    /// <returns>The pool that has it now, if one was in line; it uses the permit or releases it again.</returns>
    public OriginPool? Release()
    {
        lock (_gate)
        {
            Debug.Assert(_used > 0, "more permits released than taken");
            if (First_NeedsLock is not { } first)
            {
                _used--;
                return null;
            }

            Remove_NeedsLock(first);
            return first.Value;
        }
    }

    /// <summary>
    /// A shared connection, which may never become idle, may retire to make room: not more of them than origins without any connection are
    /// in line. <see cref="EndYield"/> when it is gone.
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

    private LinkedListNode<OriginPool>? First_NeedsLock => _destitute.First ?? _starved.First;

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
