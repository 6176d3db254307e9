using System.Diagnostics;

namespace Warmwire.Tests.Kit;

/// <summary>
/// Time that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, on its thread, in the order they are due; the
/// clock shows each timer the very moment it was set for. Time that passes is the sum of all advances, from whatever thread and also from
/// inside a timer's callback.
/// </summary>
/// <remarks>
/// A timer set to zero is due at once and fires on the thread pool, as a real one would, never within the call that sets it.
/// </remarks>
public sealed class FakeTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _armed = [];
    private TimeSpan _elapsed = TimeSpan.FromHours(1); // not zero, so that a default value is never mistaken for now
    private TimeSpan _wallShift;
    private long _armings;
    private long _changes;

    /// <summary>What the wall clock showed when the monotonic clock showed zero.</summary>
    private DateTimeOffset WallEpoch { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers are set.</summary>
    public int PendingTimers
    {
        get
        {
            lock (_gate)
            {
                return _armed.Count;
            }
        }
    }

    /// <summary>How far away the next timer is; <see langword="null"/> if none is set.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_gate)
            {
                return FirstNeedsLock() is { } first ? first.DueAt - _elapsed : null;
            }
        }
    }

    /// <summary>How often any timer was set or changed: what code that claims to touch timers rarely is measured by.</summary>
    public long TimerChanges
    {
        get
        {
            lock (_gate)
            {
                return _changes;
            }
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _elapsed.Ticks;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return WallEpoch + _elapsed + _wallShift;
        }
    }

    /// <summary>Moves both clocks and fires what falls due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan remaining = by;
        while (true)
        {
            FakeTimer? due;
            lock (_gate)
            {
                due = FirstNeedsLock();
                if (due is null || due.DueAt > _elapsed + remaining)
                {
                    _elapsed += remaining;
                    return;
                }

                if (due.DueAt > _elapsed)
                {
                    remaining -= due.DueAt - _elapsed;
                    _elapsed = due.DueAt;
                }

                due.TakeTurnNeedsLock();
            }

            due.Fire();
        }
    }

    /// <summary>
    /// Moves the wall clock alone, either way: a machine or container that was frozen and thawed, or whose clock was set.
    /// </summary>
    public void AdvanceWallClock(TimeSpan by)
    {
        lock (_gate)
        {
            _wallShift += by;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private FakeTimer? FirstNeedsLock()
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        FakeTimer? first = null;
        foreach (FakeTimer timer in _armed)
        {
            if (first is null || (timer.DueAt, timer.Arming).CompareTo((first.DueAt, first.Arming)) < 0)
            {
                first = timer;
            }
        }

        return first;
    }

    private sealed class FakeTimer(FakeTime time, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();

        // Guarded by the gate of the time
        private TimeSpan _period;
        private bool _disposed;

        public TimeSpan DueAt { get; private set; }

        /// <summary>Among timers due at the same moment the one set first fires first.</summary>
        public long Arming { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            RequireTimerRange(dueTime);
            RequireTimerRange(period);
            lock (time._gate)
            {
                if (_disposed)
                {
                    return false;
                }

                time._armed.Remove(this);
                time._changes++;
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    return true;
                }

                ArmNeedsLock(dueTime);
            }

            if (dueTime == TimeSpan.Zero)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static time => time.Advance(TimeSpan.Zero), time, preferLocal: false);
            }

            return true;
        }

        public void TakeTurnNeedsLock()
        {
            time._armed.Remove(this);
            if (_period > TimeSpan.Zero)
            {
                ArmNeedsLock(_period);
            }
        }

        public void Fire()
        {
            if (_context is null)
            {
                callback(state);
            }
            else
            {
                ExecutionContext.Run(_context, new ContextCallback(callback), state);
            }
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                _disposed = true;
                time._armed.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private static void RequireTimerRange(TimeSpan value)
        {
            // The limits of the system's timer, so that code that passes here does not fail there.
            ArgumentOutOfRangeException.ThrowIfLessThan((long)value.TotalMilliseconds, -1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((long)value.TotalMilliseconds, uint.MaxValue - 1);
        }

        private void ArmNeedsLock(TimeSpan after)
        {
            DueAt = time._elapsed + after;
            Arming = time._armings++;
            time._armed.Add(this);
        }
    }
}
