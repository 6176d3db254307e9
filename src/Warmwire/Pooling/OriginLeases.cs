using System.Diagnostics;
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

    /// <summary>Finds a connection for the attempt. <see langword="false"/>: this pool was removed for lack of use; ask for the key again.</summary>
    public bool TryRent(Attempt attempt, DialReason? replacementFor, out ValueTask<HttpConnection> connection)
    {
        long now = _time.GetTimestamp();
        TraceCalls.Invoke(attempt.Settings.Trace?.GetConnection, Key.Origin);
        while (true)
        {
            HttpConnection? idle;
            CloseReason? stale = null;
            PoolWaiter? waiter = null;
            List<PlannedDial>? dials = null;
            int ahead = 0;
            TimeSpan idleTime = default;
            lock (_state.Gate)
            {
                if (_state.Removed)
                {
                    connection = default;
                    return false;
                }

                _state.ThrowIfClosing_NeedsLock();
                _state.LastUsed = now;
                _state.UsedSinceRefresh = true;
                idle = _state.Idle.Pop();
                if (idle is not null)
                {
                    idleTime = _age.IdleTime(idle, now);
                    stale = _age.WhyNotReuse(idle, now, idleTime);
                }
                else
                {
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

            if (stale is { } reason)
            {
                idle!.Close(reason);
            }
            else if (idle!.TryLease())
            {
                Leased(idle, attempt, now, now, idleTime, wasIdle: true);
                connection = ValueTask.FromResult(idle);
                return true;
            }

            // It was dead; the next one, or a new one.
        }
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

        Leased(connection, attempt, since, _time.GetTimestamp(), TimeSpan.Zero, wasIdle: false);
        return connection;
    }

    private void Leased(HttpConnection connection, Attempt attempt, long since, long now, TimeSpan idleTime, bool wasIdle)
    {
        bool reused, leftIdle;
        lock (_state.Gate)
        {
            reused = connection.Link.Requests++ > 0;

            // Story: the connection is closed right after the lease, by a disposal for one. Whichever comes first takes it out of the idle count.
            leftIdle = connection.Link.CountedIdle && connection.Link.Place != PoolPlace.Gone;
            connection.Link.CountedIdle = false;
            _state.Counters.Requests++;
            if (reused)
            {
                _state.Counters.Reused++;
            }

            if (attempt.Replays > 0)
            {
                _state.Counters.Replays++;
            }
        }

        if (leftIdle)
        {
            _events.LeftIdle(connection);
        }

        attempt.Reused = reused;
        attempt.Rested = wasIdle;
        attempt.IdleTime = idleTime;
        attempt.LeasedAt = now;
        attempt.WasLeased = true;
        attempt.QueueTime = _time.GetElapsedTime(since, now);
        _events.Leased(connection, attempt, reused);
        TraceCalls.Invoke(attempt.Settings.Trace?.GotConnection, new GotConnectionInfo(connection.Id, reused, wasIdle, idleTime));
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

    public void Returned(HttpConnection connection)
    {
        long now = _time.GetTimestamp();
        DateTimeOffset wall = _time.GetUtcNow();
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
            connection.Link.IdleLimit = _age.IdleLimitOf(connection);
            reason = WhyNotKeep_NeedsLock(connection, now);
            if (reason is null)
            {
                waiter = _state.Waiters.Dequeue();
                if (waiter is null)
                {
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
            _pool.CameToRest(connection.Link.IdleLimit);
        }
    }

    public void Give(HttpConnection connection, PoolWaiter waiter, bool leased)
    {
        PoolWaiter? next = waiter;
        while (next is not null)
        {
            if (!leased && !connection.TryLease())
            {
                if (PutBack(next) is not { } other)
                {
                    return;
                }

                connection = other;
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

    private CloseReason? WhyNotKeep_NeedsLock(HttpConnection connection, long now) =>
        _state.Closing || (_state.Draining && _state.Waiters.Count == 0) ? CloseReason.Disposed
        : connection.Link.RetiredFor is { } retired ? retired
        : _age.IsTooOld(connection, now) ? CloseReason.Lifetime
        : _state.Waiters.Count > 0 && _budget.HasDestitute ? CloseReason.MadeRoom
        : connection.Link.IdleLimit == TimeSpan.Zero ? CloseReason.IdleTimeout
        : null;
}
