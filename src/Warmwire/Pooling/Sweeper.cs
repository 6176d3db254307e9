namespace Warmwire.Pooling;

/// <summary>
/// Calls the pool's sweep when an origin is due, or the surplus of all: one timer for a handler, stopped while there is nothing to look
/// after. It does not keep the pool alive.
/// </summary>
internal sealed class Sweeper : IDisposable
{
    private const long NotArmed = long.MaxValue;

    private readonly WeakReference<ConnectionPool> _pool;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly double _stampsPerTick;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly DueOrigins _origins = new();
    private long _notBefore = long.MinValue;
    private bool _disposed;

    // Written under the gate, read without it: every return of a connection asks whether the timer is set early enough.
    private long _dueAt = NotArmed;

    public Sweeper(ConnectionPool pool, TimeProvider time)
    {
        _pool = new WeakReference<ConnectionPool>(pool);
        _time = time;
        _stampsPerTick = time.TimestampFrequency / (double)TimeSpan.TicksPerSecond;
        using (ExecutionContext.IsFlowSuppressed() ? default(IDisposable) : ExecutionContext.SuppressFlow())
        {
            // The timer roots its state: a weak reference, so that a handler without other references can be collected.
            _timer = time.CreateTimer(static state => RunIfAlive((WeakReference<Sweeper>)state!), new WeakReference<Sweeper>(this),
                Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// The origin has to be looked after when this time is over; infinite is some time. Takes the gate only where that is earlier than
    /// expected before.
    /// </summary>
    /// <remarks>
    /// Story: a connection becomes idle while a sweep takes its origin out of the heap. Both take the lock of the origin, so either the
    /// sweep finds the connection, or its return comes here after the origin was taken out and puts it in again. The sweep puts it in too,
    /// and the earlier time holds.
    /// </remarks>
    public void Expect(OriginPool origin, TimeSpan after, long now)
    {
        long dueAt = DueAt(after, now);
        if (origin.DueAt <= dueAt)
        {
            return;
        }

        lock (_gate)
        {
            if (!_disposed)
            {
                _origins.Expect(origin, dueAt);
                Arm_NeedsLock(dueAt, now);
            }
        }
    }

    /// <summary>A sweep has looked after the origin; the timer is set at its end.</summary>
    public void ExpectAgain(OriginPool origin, TimeSpan after, long now)
    {
        lock (_gate)
        {
            _origins.Expect(origin, DueAt(after, now));
        }
    }

    /// <summary>A sweep has to look at the surplus of all origins when this time is over.</summary>
    public void ExpectSurplus(TimeSpan after, long now)
    {
        long dueAt = DueAt(after, now);
        if (Volatile.Read(ref _dueAt) <= dueAt)
        {
            return;
        }

        lock (_gate)
        {
            Arm_NeedsLock(dueAt, now);
        }
    }

    /// <summary>Takes out the origin that is due first, if one is. The sweep puts it back with <see cref="ExpectAgain"/>.</summary>
    public OriginPool? TakeDue(long now)
    {
        lock (_gate)
        {
            return _origins.TakeDue(now);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _timer.Dispose();
    }

    internal void Run()
    {
        long now = _time.GetTimestamp();
        lock (_gate)
        {
            // A full fence: nothing the sweep looks at is read before.
            Interlocked.Exchange(ref _dueAt, NotArmed);
            _notBefore = DueAt(PoolLimits.SweepSpacing, now);
        }

        TimeSpan? surplus = _pool.TryGetTarget(out ConnectionPool? pool) ? pool.Sweep(now) : null;
        lock (_gate)
        {
            if (_origins.Count > 0)
            {
                Arm_NeedsLock(_origins.FirstDueAt, _time.GetTimestamp());
            }
        }

        if (surplus is { } left)
        {
            ExpectSurplus(left, now);
        }
    }

    private static void RunIfAlive(WeakReference<Sweeper> sweeper)
    {
        if (sweeper.TryGetTarget(out Sweeper? target))
        {
            target.Run();
        }
    }

    private long DueAt(TimeSpan after, long now)
    {
        TimeSpan due = after == Timeout.InfiniteTimeSpan || after > PoolLimits.SweepAtLeastEvery ? PoolLimits.SweepAtLeastEvery
            : after < PoolLimits.SweepSpacing ? PoolLimits.SweepSpacing
            : after;
        return now + (long)(due.Ticks * _stampsPerTick);
    }

    private void Arm_NeedsLock(long dueAt, long now)
    {
        // What falls due shortly after a sweep waits for the next, so that one sweep serves many origins.
        long at = Math.Max(dueAt, _notBefore);
        if (_disposed || _dueAt <= at)
        {
            return;
        }

        Volatile.Write(ref _dueAt, at);

        // In whole milliseconds, as timers count, and not too early, which would be a sweep for nothing.
        double milliseconds = Math.Ceiling((at - now) / (_stampsPerTick * TimeSpan.TicksPerMillisecond));
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(milliseconds, 0)), Timeout.InfiniteTimeSpan);
    }
}
