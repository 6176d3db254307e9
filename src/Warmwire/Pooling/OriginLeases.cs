using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>Gives an origin's connections to requests and takes them back: a request gets an idle one or waits, a returned one serves the next in line or rests.</summary>
internal sealed class OriginLeases
{
    // Immutable.
    private readonly ConnectionPool _pool;
    private readonly OriginPool _origin;
    private readonly OriginState _state;
    private readonly OriginDials _dials;
    private readonly ConnectionBudget _budget;
    private readonly HandlerSettings _settings;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly ConnectionAge _age;

    public OriginLeases(ConnectionPool pool, OriginPool origin, OriginState state, OriginDials dials)
    {
        _pool = pool;
        _origin = origin;
        _state = state;
        _dials = dials;
        _budget = pool.Budget;
        _settings = pool.Services.Settings;
        _time = pool.Services.Time;
        _events = pool.Events;
        _age = pool.Age;
    }

    private ConnectionKey Key => _state.Key;

    // ---- A request asks ---------------------------------------------------------------------------------------------

    /// <summary>
    /// Leases the connection that came to rest last and lives, if there is one. Takes the gate once and allocates nothing.
    /// <see langword="false"/> may have any reason; <see cref="TryRent"/> has the answer.
    /// </summary>
    public bool TryRentIdle(Attempt attempt, [NotNullWhen(true)] out HttpConnection? connection)
    {
        connection = null;
        if (attempt.Settings.Trace is not null)
        {
            // A traced request goes the whole way, so that each step is told, and told once.
            return false;
        }

        long now = _time.GetTimestamp();
        while (true)
        {
            HttpConnection? idle;
            lock (_state.Gate)
            {
                if (_state.Removed || _state.Closing)
                {
                    return false;
                }

                idle = TakeIdle_NeedsLock(now);
            }

            if (idle is null)
            {
                return false;
            }

            if (TryLeaseIdle(idle, attempt, now))
            {
                connection = idle;
                return true;
            }

            // It was dead; the next one.
        }
    }

    /// <summary>Finds a connection for the attempt. <see langword="false"/>: this pool was removed for lack of use; ask for the key again.</summary>
    public bool TryRent(Attempt attempt, DialReason? replacementFor, out ValueTask<HttpConnection> connection)
    {
        long now = _time.GetTimestamp();
        TraceCalls.Invoke(attempt.Settings.Trace?.GetConnection, Key.Origin);
        while (true)
        {
            HttpConnection? idle;
            PoolWaiter? waiter = null;
            List<PlannedDial>? dials = null;
            int ahead = 0;
            lock (_state.Gate)
            {
                if (_state.Removed)
                {
                    connection = default;
                    return false;
                }

                _state.ThrowIfClosing_NeedsLock();
                idle = TakeIdle_NeedsLock(now);
                if (idle is null)
                {
                    _state.Used_NeedsLock(now);
                    RejectIfTooManyWait_NeedsLock();
                    waiter = new PoolWaiter(_origin, attempt, replacementFor);
                    ahead = _state.Waiters.Count;
                    _state.Waiters.Enqueue(waiter);
                    dials = _dials.Plan_NeedsLock();
                }
            }

            if (waiter is not null)
            {
                connection = WaitAsync(waiter, now, ahead, dials);
                return true;
            }

            if (TryLeaseIdle(idle!, attempt, now))
            {
                connection = ValueTask.FromResult(idle!);
                return true;
            }

            // It was dead; the next one, or a new one.
        }
    }

    /// <summary>Takes out what came to rest last, as a lease that is going to succeed; one that does not ends the connection.</summary>
    private HttpConnection? TakeIdle_NeedsLock(long now)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        HttpConnection? idle = _state.Idle.Pop();
        if (idle is not null)
        {
            _state.Used_NeedsLock(now);
            idle.Link.Requests++;
            idle.Link.CountedIdle = false;
        }

        return idle;
    }

    /// <summary>What was taken out by <see cref="TakeIdle_NeedsLock"/> serves the attempt, or ends.</summary>
    private bool TryLeaseIdle(HttpConnection idle, Attempt attempt, long now)
    {
        // Story: the connection is closed between the gate and this line. Its close has told that an active connection ended, because the link said
        // so, and this makes up for it. The other way round it is the same sum.
        _events.LeftIdle(idle);
        TimeSpan idleTime = _age.IdleTime(idle, now);
        if (_age.WhyNotReuse(idle, now, idleTime) is { } stale)
        {
            idle.Close(stale);
            return false;
        }

        if (!idle.TryLease(idleTime))
        {
            return false;
        }

        attempt.Rested = true;
        attempt.IdleTime = idleTime;
        attempt.QueueTime = TimeSpan.Zero;
        Leased(idle, attempt, now, reused: idle.Link.Requests > 1);
        return true;
    }

    private async ValueTask<HttpConnection> WaitAsync(PoolWaiter waiter, long since, int ahead, List<PlannedDial>? dials)
    {
        Attempt attempt = waiter.Attempt;
        if (dials is null)
        {
            TraceCalls.Invoke(attempt.Settings.Trace?.Queued, ahead);
            PoolEvents.Queued(Key, ahead);
        }

        waiter.Listen();
        _dials.Start(dials);
        HttpConnection connection;
        try
        {
            connection = await waiter.Connection.ConfigureAwait(false);
        }
        catch
        {
            _events.LeftQueue(Key, attempt, _time.GetElapsedTime(since));
            throw;
        }

        bool reused, leftIdle;
        lock (_state.Gate)
        {
            reused = connection.Link.Requests++ > 0;

            // Story: the connection is closed right after the lease, by a disposal for one. Whichever comes first takes it out of the idle count.
            leftIdle = connection.Link.CountedIdle && connection.Link.Place != PoolPlace.Gone;
            connection.Link.CountedIdle = false;
        }

        if (leftIdle)
        {
            _events.LeftIdle(connection);
        }

        long now = _time.GetTimestamp();
        attempt.Rested = false;
        attempt.IdleTime = TimeSpan.Zero;
        attempt.QueueTime = _time.GetElapsedTime(since, now);
        Leased(connection, attempt, now, reused);
        return connection;
    }

    private void Leased(HttpConnection connection, Attempt attempt, long now, bool reused)
    {
        attempt.Reused = reused;
        attempt.LeasedAt = now;
        attempt.WasLeased = true;
        _state.Counters.Leased(reused, attempt.Replays > 0);
        _events.Leased(connection, attempt, reused);
        if (attempt.Settings.Trace is { } trace)
        {
            TraceCalls.Invoke(trace.GotConnection, new GotConnectionInfo(connection.Id, reused, attempt.Rested, attempt.IdleTime));
        }
    }

    /// <summary>The waiter gave up. A dial under way for it goes on.</summary>
    public void Leave(PoolWaiter waiter)
    {
        lock (_state.Gate)
        {
            _state.Waiters.Remove(waiter);
        }
    }

    public TransportException PendingTimeout(PoolWaiter waiter)
    {
        bool totalLimit = _budget.IsWaiting(_origin);
        lock (_state.Gate)
        {
            int ahead = waiter.IsQueued ? WaitQueue.CountBefore(waiter) : 0;
            return PoolErrors.PendingTimeout(Key, waiter.Attempt, _state.Open.Count, _settings.MaxConnectionsPerServer, _state.Dialing, ahead, totalLimit);
        }
    }

    public TransportException TotalTimeout(TimeSpan limit) => PoolErrors.TotalTimeout(Key, limit);

    private void RejectIfTooManyWait_NeedsLock()
    {
        bool canDial = _state.Open.Count + _state.Dialing < _settings.MaxConnectionsPerServer;
        int undialed = Math.Max(0, _state.Waiters.Count - _state.Dialing);
        if (!canDial && undialed >= _settings.MaxPendingRequestsPerServer)
        {
            throw PoolErrors.TooManyPending(Key, undialed, _settings.MaxPendingRequestsPerServer, _state.Open.Count);
        }
    }

    // ---- A connection comes back ------------------------------------------------------------------------------------

    public void Returned(HttpConnection connection)
    {
        long now = _time.GetTimestamp();
        DateTimeOffset wall = _time.GetUtcNow();
        TimeSpan idleLimit = _age.IdleLimitOf(connection);
        bool tooOld = _age.IsTooOld(connection, now);
        CloseReason? reason;
        PoolWaiter? waiter = null;
        HttpConnection? surplus = null;
        bool cameToRest = false;
        lock (_state.Gate)
        {
            // Story: the watch found the connection dead before this return came through; it has been counted as closed.
            if (connection.Link.Place == PoolPlace.Gone)
            {
                return;
            }

            Debug.Assert(connection.Link.Place == PoolPlace.Busy, "returned once");
            reason = WhyNotKeep_NeedsLock(connection, idleLimit, tooOld);
            if (reason is null)
            {
                waiter = _state.Waiters.Dequeue();
                if (waiter is null)
                {
                    connection.Link.IdleLimit = idleLimit;
                    connection.Link.IdleSince = now;
                    connection.Link.IdleSinceWall = wall;
                    cameToRest = !connection.Link.CountedIdle;
                    connection.Link.CountedIdle = true;
                    _state.Idle.Push(connection);
                    if (_state.Idle.Count > _settings.MaxIdleConnectionsPerServer)
                    {
                        surplus = _state.Idle.Oldest!;
                        _state.Idle.Remove(surplus);
                    }
                }
            }
        }

        if (reason is { } close)
        {
            connection.Close(close);
        }
        else if (waiter is not null)
        {
            Give(connection, waiter, leased: false);
        }
        else
        {
            if (cameToRest)
            {
                _events.CameToRest(connection);
            }

            surplus?.Close(CloseReason.IdleLimit);
            _pool.CameToRest(idleLimit, now);
        }
    }

    public void Give(HttpConnection connection, PoolWaiter waiter, bool leased)
    {
        PoolWaiter? next = waiter;

        // It comes from an exchange that has just ended.
        TimeSpan rested = TimeSpan.Zero;
        while (next is not null)
        {
            if (!leased && !connection.TryLease(rested))
            {
                if (PutBack(next) is not { } other)
                {
                    return;
                }

                connection = other;
                rested = TimeSpan.MaxValue;
                continue;
            }

            leased = true;
            if (next.TryGive(connection))
            {
                return;
            }

            lock (_state.Gate)
            {
                next = _state.Waiters.Dequeue();
            }
        }

        connection.Rest();
    }

    /// <summary>The connection that was meant for the waiter died on the way.</summary>
    /// <returns>Another that may serve it; <see langword="null"/>: it is back in line, or gone.</returns>
    private HttpConnection? PutBack(PoolWaiter waiter)
    {
        List<PlannedDial>? dials = null;
        HttpConnection? idle = null;
        bool closing;
        lock (_state.Gate)
        {
            closing = _state.Closing;
            if (!waiter.IsDone && !closing)
            {
                // Story: while this waiter was out of the line another connection came back, found nobody waiting and rests.
                idle = _state.Idle.Pop();
                if (idle is null)
                {
                    // Nor would the dead one's end have planned a dial for it, so that is done here.
                    _state.Waiters.PutBackFirst(waiter);
                    dials = _dials.Plan_NeedsLock();
                }
            }
        }

        if (closing)
        {
            waiter.TryFail(PoolErrors.HandlerDisposed(Key));
        }

        _dials.Start(dials);
        return idle;
    }

    private CloseReason? WhyNotKeep_NeedsLock(HttpConnection connection, TimeSpan idleLimit, bool tooOld) =>
        _state.Closing || (_state.Draining && _state.Waiters.Count == 0) ? CloseReason.Disposed
        : connection.Link.RetiredFor is { } retired ? retired
        : tooOld ? CloseReason.Lifetime
        : _state.Waiters.Count > 0 && _budget.HasDestitute ? CloseReason.MadeRoom
        : idleLimit == TimeSpan.Zero ? CloseReason.IdleTimeout
        : null;
}
