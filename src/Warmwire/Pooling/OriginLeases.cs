using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>Gives an origin's connections to requests and takes them back: a request gets an idle one or waits, a returned one serves the next in line or rests.</summary>
internal sealed class OriginLeases
{
    // Immutable.
    private readonly ConnectionPool _pool;
    private readonly OriginPool _origin;
    private readonly OriginState _state;
    private readonly OriginDials _dials;
    private readonly OriginChoice _choice;
    private readonly ConnectionBudget _budget;
    private readonly HandlerSettings _settings;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly ConnectionAge _age;

    public OriginLeases(ConnectionPool pool, OriginPool origin, OriginState state)
    {
        _pool = pool;
        _origin = origin;
        _state = state;
        _dials = origin.Dials;
        _choice = origin.Choice;
        _budget = pool.Budget;
        _settings = pool.Services.Settings;
        _time = pool.Services.Time;
        _events = pool.Events;
        _age = pool.Age;
    }

    private Route Key => _state.Key;

    // ---- A request asks ---------------------------------------------------------------------------------------------

    /// <summary>
    /// Leases the connection that came to rest last and lives, or a place on one that is shared, if there is one. Takes the gate once and allocates nothing.
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
            TakenConnection taken;
            bool reused;
            lock (_state.Gate)
            {
                if (_state.Removed || _state.Closing || !TryTake_NeedsLock(attempt, now, out taken, out reused))
                {
                    return false;
                }
            }

            if (TryLeaseFor(attempt, taken, now, reused))
            {
                connection = taken.Connection;
                return true;
            }

            // It was dead; the next one.
        }
    }

    /// <summary>Finds a connection for the attempt. <see langword="false"/>: this pool was removed for lack of use; ask for the key again.</summary>
    public bool TryRent(Attempt attempt, DialReason? replacementFor, out ValueTask<HttpConnection> connection)
    {
        long now = _time.GetTimestamp();
        UserCode.Tell(attempt.Settings.Trace?.GetConnection, Key.Origin);
        while (true)
        {
            TakenConnection taken;
            bool reused;
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
                if (!TryTake_NeedsLock(attempt, now, out taken, out reused))
                {
                    _state.Used_NeedsLock(now);
                    RejectIfHttp1IsSpoken_NeedsLock(attempt);
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

            if (TryLeaseFor(attempt, taken, now, reused))
            {
                connection = ValueTask.FromResult(taken.Connection);
                return true;
            }

            // It was dead; the next one, or a new one.
        }
    }

    /// <summary>Takes a connection, or a place on one, as a lease that is going to succeed; <see cref="TryLeaseFor"/> tells whether it does.</summary>
    private bool TryTake_NeedsLock(Attempt attempt, long now, out TakenConnection taken, out bool reused)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        reused = false;
        if (!_choice.TryTake_NeedsLock(NeedsHttp2(attempt), now, out taken))
        {
            return false;
        }

        _state.Used_NeedsLock(now);
        if (taken.Stale is null)
        {
            reused = taken.Connection.Link.Requests++ > 0;
            taken.Connection.Link.CountedIdle = false;
        }

        return true;
    }

    /// <summary>What was taken serves the attempt, or does not.</summary>
    private bool TryLeaseFor(Attempt attempt, in TakenConnection taken, long now, bool reused)
    {
        HttpConnection connection = taken.Connection;
        TimeSpan idleTime = taken.IdleTime;
        if (taken.Stale is { } old)
        {
            connection.Close(old);
            return false;
        }

        if (connection.IsMultiplexed)
        {
            _events.PlaceTaken(taken);
            if (!connection.TryLease(idleTime))
            {
                _origin.Streams.Refused(taken, counted: true);
                return false;
            }

            connection.Link.HasServed = true;
        }
        else
        {
            // Story: the connection is closed between the gate and this line. Its close has told that an active connection ended, because the link said
            // so, and this makes up for it. The other way round it is the same sum.
            _events.LeftIdle(connection);
            idleTime = _age.IdleTime(connection, now);
            if (_age.WhyNotReuse(connection, now, idleTime) is { } stale)
            {
                connection.Close(stale);
                return false;
            }

            if (!connection.TryLease(idleTime))
            {
                return false;
            }
        }

        Leased(
            connection,
            attempt,
            new LeaseFacts { IsLeased = true, Reused = reused, WasIdle = taken.FromRest, IdleTime = idleTime, LeasedAt = now });
        return true;
    }

    private async ValueTask<HttpConnection> WaitAsync(PoolWaiter waiter, long since, int ahead, List<PlannedDial>? dials)
    {
        Attempt attempt = waiter.Attempt;
        if (dials is null)
        {
            UserCode.Tell(attempt.Settings.Trace?.Queued, ahead);
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
        Leased(
            connection,
            attempt,
            new LeaseFacts
            {
                IsLeased = true,
                Reused = reused,
                WasIdle = waiter.RestedFor is not null,
                IdleTime = waiter.RestedFor ?? TimeSpan.Zero,
                QueueTime = _time.GetElapsedTime(since, now),
                LeasedAt = now,
            });
        return connection;
    }

    private void Leased(HttpConnection connection, Attempt attempt, in LeaseFacts lease)
    {
        attempt.Lease = lease;
        _state.Counters.Leased(lease.Reused, attempt.Replays > 0);
        _events.Leased(connection, attempt, lease.Reused);
        if (attempt.Settings.Trace is { } trace)
        {
            UserCode.Tell(trace.GotConnection, new GotConnectionInfo(connection.Id, lease.Reused, lease.WasIdle, lease.IdleTime));
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
            return _dials.StreamPlaces_NeedsLock() is var streams and > 0 && !totalLimit
                ? PoolErrors.PendingStreamTimeout(Key, waiter.Attempt, streams, _state.Open.Count(static connection => connection.IsMultiplexed), _state.Dialing, ahead)
                : PoolErrors.PendingTimeout(Key, waiter.Attempt, _state.Open.Count, _settings.MaxConnectionsPerServer, _state.Dialing, ahead, totalLimit);
        }
    }

    public TransportException TotalTimeout(TimeSpan limit) => PoolErrors.TotalTimeout(Key, limit);

    /// <summary>Only where the server chooses the protocol can a request need one and get the other.</summary>
    private bool NeedsHttp2(Attempt attempt) => Key.Protocols == ProtocolOffer.Http2OrHttp1 && (attempt.RequiresHttp2 || attempt.IsExtendedConnect);

    private void RejectIfHttp1IsSpoken_NeedsLock(Attempt attempt)
    {
        if (_state.SpeaksHttp2 == false && NeedsHttp2(attempt) && !_state.HasHope_NeedsLock(onlyHttp2: true))
        {
            throw PoolErrors.Http2Refused(Key, attempt);
        }
    }

    private void RejectIfTooManyWait_NeedsLock()
    {
        if (!_dials.HasRoom_NeedsLock(out int waiting) && waiting >= _settings.MaxPendingRequestsPerServer)
        {
            throw _dials.TooManyPending_NeedsLock(waiting);
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
                waiter = _state.Waiters.DequeueFor(connection);
                if (waiter is null)
                {
                    cameToRest = Rest_NeedsLock(connection, idleLimit, now, wall, out surplus);
                }
            }
        }

        if (reason is { } close)
        {
            connection.Close(close);
        }
        else if (waiter is not null)
        {
            Give(TakenConnection.NotMultiplexed(connection, TimeSpan.Zero), waiter, leased: false);
        }
        else
        {
            CameToRest(connection, cameToRest, surplus, idleLimit, now);
        }
    }

    /// <summary>Puts it to rest; <see cref="CameToRest"/> does what is to be done outside the gate.</summary>
    /// <returns>Whether the metrics are to be told.</returns>
    public bool Rest_NeedsLock(HttpConnection connection, TimeSpan idleLimit, long now, DateTimeOffset wall, out HttpConnection? surplus)
    {
        PoolLink link = connection.Link;
        link.IdleLimit = idleLimit;
        link.IdleSince = now;
        link.IdleSinceWall = wall;
        bool cameToRest = !link.CountedIdle;
        link.CountedIdle = true;
        _state.Idle.Push(connection);
        surplus = null;
        if (_state.Idle.Count > _settings.MaxIdleConnectionsPerServer)
        {
            surplus = _state.Idle.Oldest!;
            _state.Retire_NeedsLock(surplus, CloseReason.IdleLimit);
        }

        return cameToRest;
    }

    public void CameToRest(HttpConnection connection, bool tell, HttpConnection? surplus, TimeSpan idleLimit, long now)
    {
        if (tell)
        {
            _events.CameToRest(connection);
        }

        surplus?.Close(CloseReason.IdleLimit);
        _pool.CameToRest(idleLimit, now);
    }

    /// <summary>Gives a connection, or a place on one, to one who waits, and if that one has gone to the next.</summary>
    public void Give(TakenConnection taken, PoolWaiter waiter, bool leased)
    {
        PoolWaiter? next = waiter;
        while (next is not null)
        {
            HttpConnection connection = taken.Connection;
            if (!leased && !TryLease(taken))
            {
                if (!TryTakeAnother(connection, next, out taken))
                {
                    return;
                }

                continue;
            }

            leased = true;
            next.RestedFor = taken.FromRest ? taken.IdleTime : null;
            if (next.TryGive(connection))
            {
                return;
            }

            lock (_state.Gate)
            {
                next = _state.Waiters.DequeueFor(connection);
            }
        }

        taken.Connection.Rest();
    }

    private bool TryLease(in TakenConnection taken)
    {
        HttpConnection connection = taken.Connection;
        if (!connection.IsMultiplexed)
        {
            return connection.TryLease(taken.IdleTime);
        }

        _events.PlaceTaken(taken);
        if (connection.TryLease(taken.IdleTime))
        {
            connection.Link.HasServed = true;
            return true;
        }

        _origin.Streams.Refused(taken, counted: false);
        return false;
    }

    /// <summary>The connection that was meant for the waiter died on the way.</summary>
    /// <returns>Whether another may serve it; if not, it is back in line, or gone.</returns>
    private bool TryTakeAnother(HttpConnection dead, PoolWaiter waiter, out TakenConnection taken)
    {
        while (true)
        {
            List<PlannedDial>? dials = null;
            bool found = false;
            List<PoolWaiter>? failed = null;
            bool closing;
            long now = _time.GetTimestamp();
            lock (_state.Gate)
            {
                closing = _state.Closing;
                taken = default;
                if (!waiter.IsDone && !closing)
                {
                    // Story: while this waiter was out of the line another connection came back, found nobody waiting and rests.
                    found = _choice.TryTake_NeedsLock(waiter.NeedsHttp2, now, out taken);
                    if (!found)
                    {
                        // Nor would the dead one's end have planned a dial for it, so that is done here.
                        _state.Waiters.PutBackFirst(waiter);
                        if (dead.Link.Place == PoolPlace.Gone || dead.Link.RetiredFor is not null)
                        {
                            failed = _dials.WhoSawItFail_NeedsLock(dead);
                        }

                        dials = _dials.Plan_NeedsLock();
                    }
                }
            }

            if (closing)
            {
                waiter.TryFail(PoolErrors.HandlerDisposed(Key));
            }

            _dials.Start(dials);
            failed?.ForEach(hopeless => hopeless.TryFail(PoolErrors.ClosedBeforeUse(Key, dead, dead.Link.RetiredFor)));
            if (!found)
            {
                return false;
            }

            if (taken.Stale is not { } stale)
            {
                if (!taken.Connection.IsMultiplexed)
                {
                    taken = TakenConnection.NotMultiplexed(taken.Connection, TimeSpan.MaxValue);
                }

                return true;
            }

            taken.Connection.Close(stale);
        }
    }

    private CloseReason? WhyNotKeep_NeedsLock(HttpConnection connection, TimeSpan idleLimit, bool tooOld) =>
        _state.Closing || (_state.Draining && !_state.Waiters.HasAnyFor(connection)) ? CloseReason.Disposed
        : connection.Link.RetiredFor is { } retired ? retired
        : tooOld ? CloseReason.Lifetime
        : _state.Waiters.Count > 0 && _budget.HasDestitute ? CloseReason.MadeRoom
        : idleLimit == TimeSpan.Zero ? CloseReason.IdleTimeout
        : null;
}
