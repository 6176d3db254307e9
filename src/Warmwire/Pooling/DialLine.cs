namespace Warmwire.Pooling;

/// <summary>
/// The dials of an origin that have their permit and wait for a thread of the pool of threads. One at a time asks for a thread, and the
/// next does as soon as that has got one, before its dial begins: so a dial that blocks its thread holds up no other.
/// </summary>
/// <remarks>
/// Story: a burst of two hundred requests had two hundred dials queued to the thread pool. The first connections came back after an
/// exchange and were given to the next waiters; but those, who go on there too, stood behind all the dials, and until they could send, each
/// dial had begun. Now a waiter that has been given a connection is behind one dial, and what it and others give back makes the dials that
/// have not begun needless.
/// </remarks>
internal sealed class DialLine(ConnectionPool pool, OriginPool origin) : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Queue<PlannedDial> _dials = new();
    private int _asking;
    private long _askedAt;

    /// <summary>The dial begins when its turn comes, if it is still needed then.</summary>
    public void Add(PlannedDial dial)
    {
        lock (_gate)
        {
            _dials.Enqueue(dial);
            if (_asking > 0)
            {
                return;
            }

            Asks_NeedsLock(1);
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        PlannedDial? dial;
        int more;
        lock (_gate)
        {
            _asking--;
            if (!_dials.TryDequeue(out dial))
            {
                return;
            }

            // Story: the threads are all taken, each turn takes a while, and the last of many dials would wait for the sum of them.
            bool late = pool.Services.Time.GetElapsedTime(_askedAt) >= PoolLimits.LateTurn;
            more = Math.Max(0, (late ? _dials.Count : Math.Min(_dials.Count, 1)) - _asking);
            Asks_NeedsLock(more);
        }

        while (more-- > 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        new DialWork(pool, origin, dial).Begin();
    }

    private void Asks_NeedsLock(int count)
    {
        _asking += count;
        _askedAt = pool.Services.Time.GetTimestamp();
    }
}
