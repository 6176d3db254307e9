using System.Diagnostics;

namespace Warmwire.Timing;

/// <summary>
/// Timeouts without a timer per request. Most deadlines share a few durations and are cancelled long before they are due, so there is one
/// list per duration in use and one timer for all: scheduling and cancelling link and unlink a node, and the timer is touched only when a
/// deadline is due earlier than the timer is set for. A cancelled deadline leaves the timer alone; it then fires once for nothing.
/// </summary>
/// <remarks>
/// Deadlines never expire early; they expire up to a millisecond late, besides what the system's timer adds. The timer does not keep the
/// queue alive: a queue that nobody holds is collected, and its deadlines with it, without expiring.
/// </remarks>
internal sealed class DeadlineQueue : IDisposable
{
    private const int MaxSpareLists = 8;
    private const long NotArmed = long.MaxValue;

    /// <summary>Below the 2³² ms limit of the system's timer; a later deadline is reached in several steps.</summary>
    private const long MaxTimerMilliseconds = 24 * 60 * 60 * 1000;

    /// <summary>A century: keeps timestamps at any clock frequency clear of overflow.</summary>
    private const long MaxMilliseconds = 100L * 365 * 24 * 60 * 60 * 1000;

    private readonly TimeProvider _time;
    private readonly long _frequency;
    private readonly ITimer _timer;

    private readonly Lock _gate = new();

    // Guarded by _gate
    private readonly Dictionary<long, DeadlineList> _lists = [];
    private readonly DeadlineListHeap _heap = new();
    private readonly Stack<DeadlineList> _spareLists = new(MaxSpareLists);
    private long _armedFor = NotArmed;
    private int _count;
    private bool _disposed;

    public DeadlineQueue(TimeProvider time)
    {
        _time = time;
        _frequency = time.TimestampFrequency;
        _timer = CreateTimer(time, new WeakReference<DeadlineQueue>(this));
    }

    /// <summary>How many deadlines are waiting.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _disposed ? 0 : _count;
            }
        }
    }

    /// <summary>How many distinct durations are waiting: what the bound on memory is about.</summary>
    internal int ListCount
    {
        get
        {
            lock (_gate)
            {
                Debug.Assert(_lists.Count == _heap.Count);
                return _lists.Count;
            }
        }
    }

    /// <summary>Lets <paramref name="deadline"/> expire after a time, rounded up to milliseconds; a negative time is up at once.</summary>
    /// <returns>Whether it was scheduled: not if <paramref name="after"/> is infinite, nor if the queue is disposed.</returns>
    /// <exception cref="InvalidOperationException">It is scheduled already.</exception>
    public bool Schedule(Deadline deadline, TimeSpan after) =>
        TrySchedule(deadline, after, out bool isScheduledAlready)
        || (isScheduledAlready ? throw new InvalidOperationException("The deadline is scheduled already.") : false);

    /// <summary>As <see cref="Schedule"/>, for a deadline with several owners: does nothing if it is scheduled already.</summary>
    public bool TrySchedule(Deadline deadline, TimeSpan after) => TrySchedule(deadline, after, out _);

    private bool TrySchedule(Deadline deadline, TimeSpan after, out bool isScheduledAlready)
    {
        bool infinite = after == Timeout.InfiniteTimeSpan;
        long milliseconds = Math.Clamp(RoundUp(after.Ticks, TimeSpan.TicksPerMillisecond), 0, MaxMilliseconds);
        long now = _time.GetTimestamp();
        lock (_gate)
        {
            isScheduledAlready = deadline.List is not null;
            if (isScheduledAlready || infinite || _disposed)
            {
                return false;
            }

            deadline.DueAt = now + ToTimestamp(milliseconds);
            if (_lists.TryGetValue(milliseconds, out DeadlineList? list))
            {
                list.Append(deadline);
            }
            else
            {
                list = _spareLists.Count > 0 ? _spareLists.Pop() : new DeadlineList(this);
                list.Milliseconds = milliseconds;
                list.Append(deadline);
                _lists.Add(milliseconds, list);
                _heap.Add(list);
            }

            _count++;
            ArmNeedsLock(deadline.DueAt, now);
            return true;
        }
    }

    /// <summary>Takes <paramref name="deadline"/> back.</summary>
    /// <returns>
    /// <see langword="true"/>: it was waiting, and will not expire. <see langword="false"/>: it was not scheduled, or
    /// <see cref="Deadline.OnExpired"/> has run, is running or is about to; then do not schedule it again before that has run.
    /// </returns>
    public bool Cancel(Deadline deadline)
    {
        lock (_gate)
        {
            if (deadline.List is not { } list)
            {
                return false;
            }

            Debug.Assert(list.Queue == this, "cancelled at another queue than it was scheduled with");
            RemoveNeedsLock(deadline, list);
            return true;
        }
    }

    /// <summary>
    /// Stops the queue: no deadline expires any more. One that was scheduled can still be cancelled, and tells that it did not expire.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _timer.Dispose();
    }

    /// <summary>The timer lives as long as the queue and must not carry the context of whichever request came first.</summary>
    private static ITimer CreateTimer(TimeProvider time, WeakReference<DeadlineQueue> queue)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return time.CreateTimer(OnTimer, queue, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        using (ExecutionContext.SuppressFlow())
        {
            return time.CreateTimer(OnTimer, queue, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private static void OnTimer(object? state)
    {
        if (!((WeakReference<DeadlineQueue>)state!).TryGetTarget(out DeadlineQueue? queue))
        {
            return; // not armed again, so the timer goes the same way
        }

        queue.TimerFired();
    }

    private void TimerFired()
    {
        lock (_gate)
        {
            _armedFor = NotArmed;
        }

        // One at a time, so that a deadline stays cancellable until the moment it is its turn.
        while (TakeExpired() is { } deadline)
        {
            deadline.Expire();
        }
    }

    private Deadline? TakeExpired()
    {
        long now = _time.GetTimestamp();
        lock (_gate)
        {
            if (_disposed || _heap.First is not { Head: { } first } list)
            {
                return null;
            }

            if (first.DueAt > now)
            {
                ArmNeedsLock(first.DueAt, now);
                return null;
            }

            RemoveNeedsLock(first, list);

            // Before the callback rather than after it: should it block, another timer thread takes over the rest.
            if (_armedFor == NotArmed && _heap.First is { Head: { } next })
            {
                ArmNeedsLock(next.DueAt, now);
            }

            return first;
        }
    }

    private void RemoveNeedsLock(Deadline deadline, DeadlineList list)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        bool wasHead = list.Head == deadline;
        list.Remove(deadline);
        _count--;
        if (!wasHead)
        {
            return;
        }

        _heap.HeadRemoved(list);
        if (list.IsEmpty)
        {
            _lists.Remove(list.Milliseconds);
            if (_spareLists.Count < MaxSpareLists)
            {
                _spareLists.Push(list);
            }
        }
    }

    /// <summary>
    /// Sets the timer, if it is not set for that time or earlier. In the lock, because two settings must not overtake one another.
    /// </summary>
    private void ArmNeedsLock(long dueAt, long now)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        if (dueAt >= _armedFor || _disposed)
        {
            return;
        }

        // At least 1 ms: less could make a time provider call back from within Change, under our lock.
        long remaining = Math.Max(0, dueAt - now);
        long milliseconds = Math.Clamp((long)Math.Ceiling((double)remaining * 1000 / _frequency), 1, MaxTimerMilliseconds);
        _armedFor = now + ToTimestamp(milliseconds);
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }

    private long ToTimestamp(long milliseconds)
    {
        (long seconds, long rest) = Math.DivRem(milliseconds, 1000);
        return (seconds * _frequency) + RoundUp(rest * _frequency, 1000);
    }

    private static long RoundUp(long value, long unit) => value <= 0 ? 0 : ((value - 1) / unit) + 1;
}
