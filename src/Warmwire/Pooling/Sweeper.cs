namespace Warmwire.Pooling;

/// <summary>
/// Calls the pool's sweep when it is due: one timer for a handler, stopped while there is nothing to look after. It does not keep the pool alive.
/// </summary>
internal sealed class Sweeper : IDisposable
{
    private readonly WeakReference<ConnectionPool> _pool;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private long _armedAt;
    private TimeSpan? _armedFor;
    private bool _disposed;

    public Sweeper(ConnectionPool pool, TimeProvider time)
    {
        _pool = new WeakReference<ConnectionPool>(pool);
        _time = time;
        using (ExecutionContext.IsFlowSuppressed() ? default(IDisposable) : ExecutionContext.SuppressFlow())
        {
            // The timer roots its state: a weak reference, so that a handler nobody holds can be collected.
            _timer = time.CreateTimer(static state => ((WeakReference<Sweeper>)state!).TryRun(), new WeakReference<Sweeper>(this), Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Something will be due after this time; infinite is nothing.</summary>
    public void Expect(TimeSpan after)
    {
        TimeSpan due = after == Timeout.InfiniteTimeSpan || after > PoolLimits.SweepAtLeastEvery ? PoolLimits.SweepAtLeastEvery
            : after < PoolLimits.SweepSpacing ? PoolLimits.SweepSpacing
            : after;
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            if (_disposed || (_armedFor is { } armed && armed - _time.GetElapsedTime(_armedAt, now) <= due))
            {
                return;
            }

            _armedAt = now;
            _armedFor = due;
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
            _armedFor = null;
        }

        if (_pool.TryGetTarget(out ConnectionPool? pool) && pool.Sweep() is { } next)
        {
            Expect(next);
        }
    }
}

/// <summary>The step from the timer's state to the sweeper.</summary>
internal static class WeakSweeper
{
    public static void TryRun(this WeakReference<Sweeper> sweeper)
    {
        if (sweeper.TryGetTarget(out Sweeper? target))
        {
            target.Run();
        }
    }
}
