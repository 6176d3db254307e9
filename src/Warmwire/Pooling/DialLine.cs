namespace Warmwire.Pooling;

/// <summary>
/// The dials of an origin that have their permit and wait for a thread of the thread pool. One of them at a time asks for a thread, and the
/// next does as soon as that has got one, before the dial begins: so a dial that blocks its thread holds up no other.
/// </summary>
/// <remarks>
/// Story: a burst of two hundred requests had two hundred dials queued to the thread pool. The connections that were opened first came back
/// and were given to the next waiters; but those go on there too, behind all the dials, and until they could send, each dial had begun. Now
/// such a waiter is behind one dial, and each connection that comes back makes a dial needless whose turn has not come.
/// </remarks>
internal sealed class DialLine : IThreadPoolWorkItem
{
    // Immutable.
    private readonly TimeProvider _time;
    private readonly Action<PlannedDial> _begin;
    private readonly Action<IThreadPoolWorkItem> _askForThread;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Queue<PlannedDial> _dials = new();
    private int _asking;
    private long _askedAt;

    public DialLine(TimeProvider time, Action<PlannedDial> begin)
        : this(time, begin, static line => ThreadPool.UnsafeQueueUserWorkItem(line, preferLocal: false))
    {
    }

    /// <summary>For tests, which are the thread pool themselves.</summary>
    internal DialLine(TimeProvider time, Action<PlannedDial> begin, Action<IThreadPoolWorkItem> askForThread)
    {
        _time = time;
        _begin = begin;
        _askForThread = askForThread;
    }

    /// <summary>Puts the dial at the end of the line.</summary>
    public void Add(PlannedDial dial)
    {
        lock (_gate)
        {
            _dials.Enqueue(dial);
            if (_asking > 0)
            {
                return;
            }

            Ask_NeedsLock(1);
        }

        _askForThread(this);
    }

    /// <summary>A thread has come for the first in line.</summary>
    public void Execute()
    {
        // What else is ready goes first, such as the event loop with an answer that makes the dial needless.
        Thread.Yield();

        PlannedDial? dial;
        int more;
        lock (_gate)
        {
            _asking--;
            if (!_dials.TryDequeue(out dial))
            {
                return;
            }

            // Story: all threads are busy and each turn takes its time, so the last of many dials would wait for the sum of the turns.
            bool late = _time.GetElapsedTime(_askedAt) >= PoolLimits.LateTurn;
            more = Math.Max(0, (late ? _dials.Count : Math.Min(_dials.Count, 1)) - _asking);
            Ask_NeedsLock(more);
        }

        for (; more > 0; more--)
        {
            _askForThread(this);
        }

        _begin(dial);
    }

    private void Ask_NeedsLock(int count)
    {
        _asking += count;
        _askedAt = _time.GetTimestamp();
    }
}
