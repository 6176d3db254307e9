namespace Warmwire.Pooling;

/// <summary>
/// Calls the pool's sweep when it is due: one timer for a handler, stopped while there is nothing to look after. It does not keep the pool
/// alive.
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

    /// <summary>Something will be due after this time; infinite is nothing. Takes the gate only to set the timer earlier.</summary>
    /// <remarks>
    /// Story: a connection becomes idle while the timer fires. Both take the lock of the connection's origin, so either the sweep finds the
    /// connection, or its return comes here after the sweep began and sees that the timer is not set.
    /// </remarks>
    public void Expect(TimeSpan after, long now)
    {
        TimeSpan due = after == Timeout.InfiniteTimeSpan || after > PoolLimits.SweepAtLeastEvery ? PoolLimits.SweepAtLeastEvery
            : after < PoolLimits.SweepSpacing ? PoolLimits.SweepSpacing
            : after;
        long dueAt = now + (long)(due.Ticks * _stampsPerTick);
        if (Volatile.Read(ref _dueAt) <= dueAt)
        {
            return;
        }

        lock (_gate)
        {
            if (_disposed || _dueAt <= dueAt)
            {
                return;
            }

            Volatile.Write(ref _dueAt, dueAt);
            _timer.Change(due, Timeout.InfiniteTimeSpan);
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
        lock (_gate)
        {
            // A full fence: nothing the sweep looks at is read before.
            Interlocked.Exchange(ref _dueAt, NotArmed);
        }

        if (_pool.TryGetTarget(out ConnectionPool? pool) && pool.Sweep() is { } next)
        {
            Expect(next, _time.GetTimestamp());
        }
    }

    private static void RunIfAlive(WeakReference<Sweeper> sweeper)
    {
        if (sweeper.TryGetTarget(out Sweeper? target))
        {
            target.Run();
        }
    }
}
