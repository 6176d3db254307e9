using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// The connections of one origin. Every step decides under the gate what to dial, hand over and close, and acts after leaving it.
/// </summary>
/// <remarks>
/// A request takes whichever comes first, a freed connection or a dial. A dial belongs to the pool: it goes on when the request that asked for it
/// is served or gone, and its connection serves whoever waits longest. There are never more dials than waiting requests.
/// </remarks>
internal sealed class OriginPool : IConnectionOwner
{
    // Immutable.
    private readonly ConnectionPool _pool;
    private readonly HandlerSettings _settings;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly ConnectionAge _age;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly IdleStack _idle;
    private readonly WaitQueue _waiters = new();
    private readonly HashSet<HttpConnection> _open = [];
    private readonly OriginCounters _counters = new();
    private int _dialing;
    private bool _draining;
    private bool _closing;
    private bool _removed;
    private long _lastUsed;
    private bool _usedSinceRefresh;
    private long _lastRefresh;

    public OriginPool(ConnectionPool pool, ConnectionKey key)
    {
        _pool = pool;
        Key = key;
        Services = pool.Services;
        _settings = pool.Services.Settings;
        _time = pool.Services.Time;
        _events = pool.Events;
        _age = pool.Age;
        _idle = new IdleStack(pool.IdleTotal);
        _lastUsed = _lastRefresh = _time.GetTimestamp();
    }

    public ConnectionKey Key { get; }

    public ConnectionServices Services { get; }

    // ---- A request asks ---------------------------------------------------------------------------------------------

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
            lock (_gate)
            {
                if (_removed)
                {
                    connection = default;
                    return false;
                }

                ThrowIfClosing_NeedsLock();
                _lastUsed = now;
                _usedSinceRefresh = true;
                idle = _idle.Pop();
                if (idle is not null)
                {
                    idleTime = _age.IdleTime(idle, now);
                    stale = _age.WhyNotReuse(idle, now, idleTime);
                }
                else
                {
                    RejectIfTooManyWait_NeedsLock();
                    waiter = new PoolWaiter(this, attempt, replacementFor);
                    ahead = _waiters.Count;
                    _waiters.Enqueue(waiter);
                    dials = PlanDials_NeedsLock();
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
        StartDials(dials);
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
        lock (_gate)
        {
            reused = connection.Link.Requests++ > 0;

            // Story: the connection is closed right after the lease, by a disposal for one. Whichever comes first takes it out of the idle count.
            leftIdle = connection.Link.CountedIdle && connection.Link.Place != PoolPlace.Gone;
            connection.Link.CountedIdle = false;
            _counters.Requests++;
            if (reused)
            {
                _counters.Reused++;
            }

            if (attempt.Replays > 0)
            {
                _counters.Replays++;
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
        lock (_gate)
        {
            _waiters.Remove(waiter);
        }
    }

    public TransportException PendingTimeout(PoolWaiter waiter)
    {
        bool totalLimit = _pool.Budget.IsWaiting(this);
        lock (_gate)
        {
            int ahead = waiter.IsQueued ? WaitQueue.CountBefore(waiter) : 0;
            return PoolErrors.PendingTimeout(Key, waiter.Attempt, _open.Count, _settings.MaxConnectionsPerServer, _dialing, ahead, totalLimit);
        }
    }

    public TransportException TotalTimeout(TimeSpan limit) => PoolErrors.TotalTimeout(Key, limit);

    private void RejectIfTooManyWait_NeedsLock()
    {
        bool canDial = _open.Count + _dialing < _settings.MaxConnectionsPerServer;
        int undialed = Math.Max(0, _waiters.Count - _dialing);
        if (!canDial && undialed >= _settings.MaxPendingRequestsPerServer)
        {
            throw PoolErrors.TooManyPending(Key, undialed, _settings.MaxPendingRequestsPerServer, _open.Count);
        }
    }

    private void ThrowIfClosing_NeedsLock()
    {
        if (_closing)
        {
            throw PoolErrors.HandlerDisposed(Key);
        }
    }

    // ---- Dials ------------------------------------------------------------------------------------------------------

    private List<PlannedDial>? PlanDials_NeedsLock()
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "the gate");
        int count = Math.Min(_waiters.Count - _dialing, _settings.MaxConnectionsPerServer - _open.Count - _dialing);
        if (count <= 0 || _closing)
        {
            return null;
        }

        var dials = new List<PlannedDial>(count);
        foreach (PoolWaiter waiter in _waiters.LastToFirst())
        {
            if (!waiter.HasDial)
            {
                waiter.HasDial = true;
                DialReason reason = waiter.ReplacementFor ?? (_open.Count + _dialing == 0 ? DialReason.First : DialReason.AllBusy);
                dials.Add(Plan_NeedsLock(waiter, reason));
                if (dials.Count == count)
                {
                    break;
                }
            }
        }

        return dials.Count > 0 ? dials : null;
    }

    private PlannedDial Plan_NeedsLock(PoolWaiter? waiter, DialReason reason)
    {
        _dialing++;
        return new PlannedDial(waiter, reason, _waiters.LastTicket);
    }

    private void StartDials(List<PlannedDial>? dials)
    {
        while (dials is not null)
        {
            int started = 0;
            while (started < dials.Count && _pool.TryTakePlace())
            {
                _ = StartAsync(dials[started++]);
            }

            if (started == dials.Count)
            {
                return;
            }

            bool destitute = Starve(dials, started);
            if (_pool.Budget.TryWait(this, destitute))
            {
                // Story: a connection of another origin came to rest after this pool had looked for one and before it stood in line. Its return
                // saw nobody waiting, so the look is repeated.
                _pool.MakeRoomForStarved();
                return;
            }

            // Story: the place came free between the refusal and the wait. Then nobody will tell this pool, so it plans once more.
            lock (_gate)
            {
                dials = PlanDials_NeedsLock();
            }
        }
    }

    /// <summary>There is no place for the rest of the dials: those they were for wait, except for whom the queue is too long.</summary>
    /// <returns>Whether the origin has no connection at all.</returns>
    private bool Starve(List<PlannedDial> dials, int from)
    {
        List<PoolWaiter> surplus = [];
        int limit = _settings.MaxPendingRequestsPerServer;
        int open;
        bool destitute;
        lock (_gate)
        {
            for (int i = from; i < dials.Count; i++)
            {
                Unplan_NeedsLock(dials[i]);
            }

            // They were let in because connections could be opened for them; only here it turns out that they are too many.
            while (_waiters.Count - _dialing > limit && _waiters.LastToFirst().FirstOrDefault(static waiter => !waiter.HasDial) is { } last)
            {
                _waiters.Remove(last);
                surplus.Add(last);
            }

            open = _open.Count;
            destitute = open + _dialing == 0;
        }

        foreach (PoolWaiter waiter in surplus)
        {
            waiter.TryFail(PoolErrors.TooManyPending(Key, limit, limit, open));
        }

        return destitute;
    }

    private void Unplan_NeedsLock(PlannedDial dial)
    {
        _dialing--;
        if (dial.Waiter is { } waiter)
        {
            waiter.HasDial = false;
        }
    }

    private Task<TransportException?> StartAsync(PlannedDial dial)
    {
        lock (_gate)
        {
            _counters.Dialed(dial.Reason);
        }

        _events.DialStarted(Key, dial.Reason);

        // The connection outlives the request: nothing of the request's context may stick to it.
        return Detached.RunUserCode(this, dial, static (pool, dial) => pool.DialAsync(dial));
    }

    private async Task<TransportException?> DialAsync(PlannedDial dial)
    {
        DialedStream stream;
        try
        {
            stream = await _pool.DialAsync(Key, dial.Waiter?.Attempt).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            TransportException error = e as TransportException ?? PoolErrors.DialAborted(Key, e);
            DialFailed(dial, error);
            return error;
        }

        DialSucceeded(dial, _pool.CreateConnection(Key, stream, this));
        return null;
    }

    private void DialSucceeded(PlannedDial dial, HttpConnection connection)
    {
        PoolWaiter? waiter;
        bool closing;
        lock (_gate)
        {
            FinishDial_NeedsLock(dial);
            _open.Add(connection);
            _counters.Opened++;
            connection.Link.Lifetime = _age.DrawLifetime();
            closing = _closing;
            waiter = _waiters.Dequeue();
        }

        _events.Opened(connection, dial.Reason);
        _pool.Opened();
        if (closing)
        {
            waiter?.TryFail(PoolErrors.HandlerDisposed(Key));
            connection.Close(CloseReason.Disposed);
        }
        else if (waiter is not null)
        {
            Give(connection, waiter, leased: true);
        }
        else
        {
            connection.Rest();
        }
    }

    private void DialFailed(PlannedDial dial, TransportException error)
    {
        List<PoolWaiter> failed = [];
        List<PlannedDial>? dials;
        lock (_gate)
        {
            FinishDial_NeedsLock(dial);
            _counters.DialsFailed++;
            if (dial.Waiter is { } asked && _waiters.Remove(asked))
            {
                failed.Add(asked);
            }

            // Without any open connection, whoever waited all through this dial without one of his own has seen the same: the
            // origin cannot be reached. Trying for each in turn would make the last wait for the sum of all timeouts.
            if (_open.Count == 0 && dial.Reason != DialReason.Prewarm)
            {
                foreach (PoolWaiter waiter in _waiters.FirstToLast())
                {
                    if (!waiter.HasDial && waiter.Ticket <= dial.StartedAtTicket)
                    {
                        _waiters.Remove(waiter);
                        failed.Add(waiter);
                    }
                }
            }

            dials = PlanDials_NeedsLock();
        }

        _events.DialFailed(Key, dial.Reason, error);
        _pool.GiveBackPlace();
        StartDials(dials);
        foreach (PoolWaiter waiter in failed)
        {
            waiter.TryFail(waiter == dial.Waiter ? error : error.ForAnotherRequest());
        }
    }

    private void FinishDial_NeedsLock(PlannedDial dial)
    {
        _dialing--;
        Debug.Assert(_dialing >= 0, "more dials ended than started");
        if (dial.Waiter is { } waiter)
        {
            waiter.HasDial = false;
        }
    }

    /// <summary>Whether a request waits here that only a place under <see cref="PooledHttpHandler.MaxConnections"/> is missing for.</summary>
    public bool NeedsPlace
    {
        get
        {
            lock (_gate)
            {
                return !_closing && _waiters.Count > _dialing && _open.Count + _dialing < _settings.MaxConnectionsPerServer;
            }
        }
    }

    /// <summary>A place under <see cref="PooledHttpHandler.MaxConnections"/> came free and this pool was waiting for one.</summary>
    /// <returns>Whether it tried to take the place.</returns>
    public bool PlaceCameFree()
    {
        List<PlannedDial>? dials;
        lock (_gate)
        {
            dials = PlanDials_NeedsLock();
        }

        StartDials(dials);
        return dials is not null;
    }

    // ---- A connection comes back, or ends ---------------------------------------------------------------------------

    public void Returned(HttpConnection connection)
    {
        long now = _time.GetTimestamp();
        DateTimeOffset wall = _time.GetUtcNow();
        CloseReason? reason;
        PoolWaiter? waiter = null;
        HttpConnection? surplus = null;
        bool cameToRest = false;
        lock (_gate)
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
                waiter = _waiters.Dequeue();
                if (waiter is null)
                {
                    connection.Link.IdleSince = now;
                    connection.Link.IdleSinceWall = wall;
                    cameToRest = !connection.Link.CountedIdle;
                    connection.Link.CountedIdle = true;
                    _idle.Push(connection);
                    if (_idle.Count > _settings.MaxIdleConnectionsPerServer)
                    {
                        surplus = _idle.Oldest!;
                        _idle.Remove(surplus);
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

    public void Closed(HttpConnection connection, CloseReason reason)
    {
        List<PlannedDial>? dials;
        bool wasIdle;
        lock (_gate)
        {
            if (connection.Link.Place == PoolPlace.Idle)
            {
                _idle.Remove(connection);
            }

            wasIdle = connection.Link.CountedIdle;

            connection.Link.Place = PoolPlace.Gone;
            bool known = _open.Remove(connection);
            Debug.Assert(known, "closed once");
            _counters.Closed(reason);
            dials = PlanDials_NeedsLock();
        }

        _events.Closed(connection, reason, wasIdle);
        _pool.GiveBackPlace();
        StartDials(dials);
    }

    public void ResponseLeaked(HttpConnection connection, string? stack)
    {
        lock (_gate)
        {
            _counters.LeakedResponses++;
        }

        _events.ResponseLeaked(connection, stack);
    }

    private void Give(HttpConnection connection, PoolWaiter waiter, bool leased)
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

            lock (_gate)
            {
                next = _waiters.Dequeue();
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
        lock (_gate)
        {
            closing = _closing;
            if (!waiter.IsDone && !closing)
            {
                // Story: while this waiter was out of the line another connection came back, found nobody waiting and rests.
                idle = _idle.Pop();
                if (idle is null)
                {
                    // Nor would the dead one's end have planned a dial for it, so that is done here.
                    _waiters.PutBackFirst(waiter);
                    dials = PlanDials_NeedsLock();
                }
            }
        }

        if (closing)
        {
            waiter.TryFail(PoolErrors.HandlerDisposed(Key));
        }

        StartDials(dials);
        return idle;
    }

    // ---- Age --------------------------------------------------------------------------------------------------------

    private CloseReason? WhyNotKeep_NeedsLock(HttpConnection connection, long now) =>
        _closing || (_draining && _waiters.Count == 0) ? CloseReason.Disposed
        : connection.Link.RetiredFor is { } retired ? retired
        : _age.IsTooOld(connection, now) ? CloseReason.Lifetime
        : _waiters.Count > 0 && _pool.Budget.HasDestitute ? CloseReason.MadeRoom
        : connection.Link.IdleLimit == TimeSpan.Zero ? CloseReason.IdleTimeout
        : null;

    /// <summary>Closes what has rested or lived too long.</summary>
    /// <returns>When the next one is due; <see langword="null"/> if nothing here will be.</returns>
    public TimeSpan? Sweep(long now)
    {
        List<(HttpConnection Connection, CloseReason Reason)> old = [];
        TimeSpan? next = null;
        lock (_gate)
        {
            foreach (HttpConnection connection in _idle.OldestFirst())
            {
                TimeSpan idleTime = _age.IdleTime(connection, now);
                if (_age.WhyNotReuse(connection, now, idleTime) is { } reason)
                {
                    _idle.Remove(connection);
                    old.Add((connection, reason));
                }
                else
                {
                    next = _age.NextDue(next, connection, now, idleTime);
                }
            }

            if (IsToBeRefreshed_NeedsLock)
            {
                next = ConnectionAge.Earlier(next, _settings.DnsRefreshInterval, _time.GetElapsedTime(_lastRefresh, now));
            }
        }

        foreach ((HttpConnection connection, CloseReason reason) in old)
        {
            connection.Close(reason);
        }

        return next;
    }

    /// <summary>Removes the pool, once, if nobody has used it for long and nothing is left in it. Its history goes to <paramref name="history"/>.</summary>
    public bool TryRemove(long now, [NotNullWhen(true)] out OriginSnapshot? history)
    {
        lock (_gate)
        {
            // Story: a sweep takes longer than it is to the next, and both come here.
            if (_removed)
            {
                history = null;
                return false;
            }

            _removed = _open.Count == 0 && _dialing == 0 && _waiters.Count == 0 && _time.GetElapsedTime(_lastUsed, now) > PoolLimits.KeepUnusedOrigin;
            history = _removed ? Snapshot_NeedsLock(now) : null;
            return history is not null;
        }
    }

    // ---- DNS --------------------------------------------------------------------------------------------------------

    /// <summary>Whether the name is to be resolved again when the interval is over: it is in use, and some connection goes back to it.</summary>
    private bool IsToBeRefreshed_NeedsLock =>
        Key.CanBeResolved && _usedSinceRefresh && _settings.DnsRefreshInterval != Timeout.InfiniteTimeSpan
        && _open.Any(static connection => connection.Dialed.ResolvedAddress is not null);

    /// <summary>Whether the name should be resolved again; says yes once per interval.</summary>
    public bool TryBeginRefresh(long now)
    {
        lock (_gate)
        {
            if (!IsToBeRefreshed_NeedsLock || _time.GetElapsedTime(_lastRefresh, now) < _settings.DnsRefreshInterval)
            {
                return false;
            }

            _lastRefresh = now;
            _usedSinceRefresh = false;
            return true;
        }
    }

    /// <summary>Retires the connections whose address is not in the answer: idle ones now, busy ones when they come back.</summary>
    public void AddressesAre(IReadOnlySet<IPAddress> addresses)
    {
        List<HttpConnection> retired = [];
        lock (_gate)
        {
            foreach (HttpConnection connection in _open)
            {
                if (connection.Dialed.ResolvedAddress is { } address && !addresses.Contains(address))
                {
                    connection.Link.RetiredFor = CloseReason.AddressRetired;
                    if (connection.Link.Place == PoolPlace.Idle)
                    {
                        retired.Add(connection);
                    }
                }
            }

            foreach (HttpConnection connection in retired)
            {
                _idle.Remove(connection);
            }
        }

        foreach (HttpConnection connection in retired)
        {
            connection.Close(CloseReason.AddressRetired);
        }
    }

    // ---- From outside -----------------------------------------------------------------------------------------------

    /// <summary>When the least recently used idle connection came to rest.</summary>
    public long? OldestIdleSince()
    {
        lock (_gate)
        {
            return _idle.Oldest?.Link.IdleSince;
        }
    }

    public bool CloseOldestIdle(CloseReason reason)
    {
        HttpConnection? oldest;
        lock (_gate)
        {
            oldest = _idle.Oldest;
            if (oldest is not null)
            {
                _idle.Remove(oldest);
            }
        }

        oldest?.Close(reason);
        return oldest is not null;
    }

    public int CloseIdle(CloseReason reason)
    {
        List<HttpConnection> idle = [];
        lock (_gate)
        {
            while (_idle.Pop() is { } connection)
            {
                idle.Add(connection);
            }
        }

        foreach (HttpConnection connection in idle)
        {
            connection.Close(reason);
        }

        return idle.Count;
    }

    /// <summary>Keeps no connection from now on, except for those who wait for one already.</summary>
    public void BeginDrain()
    {
        lock (_gate)
        {
            _draining = true;
        }

        CloseIdle(CloseReason.Disposed);
    }

    /// <summary>Fails those who wait, and closes every connection whatever it does.</summary>
    public void Abort()
    {
        List<PoolWaiter> waiting = [];
        HttpConnection[] open;
        lock (_gate)
        {
            _closing = true;
            open = [.. _open];
            while (_waiters.Dequeue() is { } waiter)
            {
                waiting.Add(waiter);
            }
        }

        foreach (PoolWaiter waiter in waiting)
        {
            waiter.TryFail(PoolErrors.HandlerDisposed(Key));
        }

        foreach (HttpConnection connection in open)
        {
            connection.Close(CloseReason.Disposed);
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _open.Count == 0 && _dialing == 0 && _waiters.Count == 0;
            }
        }
    }

    /// <summary>Starts dials until the origin has <paramref name="connections"/> connections, as far as the limits allow. <see langword="false"/>: this pool was removed; ask for the key again.</summary>
    public bool TryPrewarm(int connections, [NotNullWhen(true)] out List<Task<TransportException?>>? started)
    {
        var dials = new List<PlannedDial>();
        started = null;
        lock (_gate)
        {
            if (_removed)
            {
                return false;
            }

            ThrowIfClosing_NeedsLock();
            _lastUsed = _time.GetTimestamp();
            int target = Math.Min(connections, Math.Min(_settings.MaxConnectionsPerServer, _settings.MaxIdleConnectionsPerServer));
            while (_open.Count + _dialing < target)
            {
                dials.Add(Plan_NeedsLock(waiter: null, DialReason.Prewarm));
            }
        }

        started = [];
        foreach (PlannedDial dial in dials)
        {
            if (_pool.Budget.TryTake())
            {
                started.Add(StartAsync(dial));
                continue;
            }

            List<PlannedDial>? instead;
            lock (_gate)
            {
                Unplan_NeedsLock(dial);

                // Story: a request came since the plan and counted on this dial, so it was given none of its own.
                instead = PlanDials_NeedsLock();
            }

            StartDials(instead);
        }

        return true;
    }

    public OriginSnapshot GetSnapshot()
    {
        long now = _time.GetTimestamp();
        lock (_gate)
        {
            return Snapshot_NeedsLock(now);
        }
    }

    private OriginSnapshot Snapshot_NeedsLock(long now) => new()
    {
        Origin = Key.Origin,
        Open = _open.Count,
        Idle = _idle.Count,
        Dialing = _dialing,
        Pending = _waiters.Count,
        Requests = _counters.Requests,
        ConnectionsOpened = _counters.Opened,
        DialsFailed = _counters.DialsFailed,
        Reused = _counters.Reused,
        Replays = _counters.Replays,
        LeakedResponses = _counters.LeakedResponses,
        ClosedBy = _counters.ClosedBy,
        DialedBy = _counters.DialedBy,
        Connections = [.. _open.OrderBy(static c => c.Id).Select(c => new ConnectionSnapshot(
            c.Id,
            c.Link.Place == PoolPlace.Idle ? "Idle" : c.StateName,
            _time.GetElapsedTime(c.OpenedAt, now),
            c.Link.Place == PoolPlace.Idle ? _age.IdleTime(c, now) : TimeSpan.Zero,
            c.Link.Requests,
            c.RemoteEndPoint))],
    };
}
