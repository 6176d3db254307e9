using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Warmwire.Connections;
using Warmwire.Runtime;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>The dials of an origin: when one is begun, whom it serves, what its failure means.</summary>
/// <remarks>
/// A dial belongs to the pool: it goes on when the request that asked for it is served or gone, and its connection serves whoever waits longest.
/// There are never more dials than waiting requests, and with HTTP/2, whose connections serve many, a fraction of that; nobody knows the protocol before
/// the first dial has ended, so the others wait for what it tells.
/// </remarks>
internal sealed class OriginDials
{
    // Immutable.
    private readonly ConnectionPool _pool;
    private readonly OriginPool _origin;
    private readonly OriginState _state;
    private readonly HandlerSettings _settings;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly ConnectionAge _age;

    public OriginDials(ConnectionPool pool, OriginPool origin, OriginState state)
    {
        _pool = pool;
        _origin = origin;
        _state = state;
        _settings = pool.Services.Settings;
        _time = pool.Services.Time;
        _events = pool.Events;
        _age = pool.Age;
    }

    private Route Key => _state.Key;

    /// <summary>Decides on dials for those who wait, as far as the limits allow. They hold their places in the count and are to be started by <see cref="Start"/>.</summary>
    public List<PlannedDial>? Plan_NeedsLock()
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        int count = Needed_NeedsLock();
        if (count <= 0 || _state.Closing)
        {
            return null;
        }

        // Not more than there are places, or an origin that is starved would plan, and give up, a dial for each that waits whenever one more comes.
        // One is always tried: it may take the place of an idle connection.
        count = Math.Min(count, Math.Max(1, _pool.Budget.Free));

        var dials = new List<PlannedDial>(count);
        foreach (PoolWaiter waiter in _state.Waiters.LastToFirst())
        {
            if (!waiter.HasDial)
            {
                waiter.HasDial = true;
                dials.Add(PlanOne_NeedsLock(waiter, waiter.ReplacementFor ?? Reason_NeedsLock()));
                if (dials.Count == count)
                {
                    break;
                }
            }
        }

        return dials.Count > 0 ? dials : null;
    }

    /// <summary>How many dials those who wait need beyond those under way, and the limit on connections to the origin allows.</summary>
    private int Needed_NeedsLock()
    {
        int waiting = _state.Waiters.Count;
        if (waiting == 0)
        {
            return 0;
        }

        int needed = _state.SpeaksHttp2 switch
        {
            false => WaitingForHttp1_NeedsLock(waiting) - _state.Dialing,
            null => _state.Dialing == 0 ? 1 : 0,
            true => NeededForStreams_NeedsLock(waiting),
        };
        return Math.Min(needed, _settings.MaxConnectionsPerServer - _state.Open.Count - _state.Dialing);
    }

    /// <summary>
    /// Those whom another connection of HTTP/1.1 helps. Who needs HTTP/2 waits for a stream while an earlier connection may still give one: dials that tell
    /// HTTP/1.1 again would be made for nothing. Without that hope a dial has to tell that it is in vain.
    /// </summary>
    private int WaitingForHttp1_NeedsLock(int waiting) =>
        Key.Protocols == ProtocolOffer.Http2OrHttp1 && _state.HasHope_NeedsLock(onlyHttp2: true)
            ? _state.Waiters.FirstToLast().Count(static waiter => !waiter.NeedsHttp2)
            : waiting;

    private int NeededForStreams_NeedsLock(int waiting)
    {
        int coming = _state.Dialing + _state.Opening;
        int needed = _settings.EnableMultipleHttp2Connections
            ? (int)(((long)waiting + _state.StreamLimit - 1) / _state.StreamLimit) - coming
            : coming > 0 || _state.HasHope_NeedsLock(onlyHttp2: true) ? 0
            : 1;
        return needed > 0 && SaysNotNow_NeedsLock() ? 0 : needed;
    }

    /// <summary>A server that allows no stream at all means "not now"; it would say the same on every further connection.</summary>
    private bool SaysNotNow_NeedsLock() => _state.Open.Any(static connection => connection.IsMultiplexed && connection.Link is { IsUsable: true, Opening: false, StreamLimit: 0 });

    private DialReason Reason_NeedsLock() =>
        _state.Dialing + _state.Opening == 0 && !_state.HasHope_NeedsLock(onlyHttp2: false) ? DialReason.First
        : _state.SpeaksHttp2 == true ? DialReason.AllAtStreamLimit
        : DialReason.AllBusy;

    /// <summary>Whether one who comes now and finds no connection has one opened for it, or shares in one that is being opened; else <paramref name="waiting"/> tells how many wait like it.</summary>
    public bool HasRoom_NeedsLock(out int waiting)
    {
        bool canDial = _state.Open.Count + _state.Dialing < _settings.MaxConnectionsPerServer;
        long perDial = 1;
        if (_state.SpeaksHttp2 == true)
        {
            canDial = canDial && (_settings.EnableMultipleHttp2Connections || (_state.Dialing + _state.Opening == 0 && !_state.HasHope_NeedsLock(onlyHttp2: true)));
            perDial = _state.StreamLimit;
        }
        else if (_state.SpeaksHttp2 is null)
        {
            // What the one dial tells decides about all of them.
            canDial = canDial || _state.Dialing > 0;
        }

        waiting = (int)Math.Max(0, _state.Waiters.Count - (perDial * (_state.Dialing + _state.Opening)));
        return canDial;
    }

    /// <summary>Takes out of the line those for whom it is too long: they were let in while it seemed that connections could be opened for them.</summary>
    /// <param name="noPlace">Whether it is certain that none can be opened now.</param>
    public List<PoolWaiter>? Surplus_NeedsLock(bool noPlace)
    {
        List<PoolWaiter>? surplus = null;
        int limit = _settings.MaxPendingRequestsPerServer;
        while (limit != int.MaxValue
            && (!HasRoom_NeedsLock(out int waiting) || noPlace)
            && waiting > limit
            && _state.Waiters.LastToFirst().FirstOrDefault(static waiter => !waiter.HasDial) is { } last)
        {
            _state.Waiters.Remove(last);
            (surplus ??= []).Add(last);
        }

        return surplus;
    }

    public TransportException TooManyPending_NeedsLock(int waiting) =>
        PoolErrors.TooManyPending(Key, waiting, _settings.MaxPendingRequestsPerServer, _state.Open.Count, StreamPlaces_NeedsLock());

    /// <summary>How many exchanges the open HTTP/2 connections serve together, for texts; zero if there are none.</summary>
    public long StreamPlaces_NeedsLock() => _state.Open.Sum(static connection => connection.IsMultiplexed ? connection.Link.StreamLimit : 0L);

    private PlannedDial PlanOne_NeedsLock(PoolWaiter? waiter, DialReason reason)
    {
        _state.Dialing++;
        return new PlannedDial(waiter, reason, _state.Waiters.LastTicket);
    }

    public void Start(List<PlannedDial>? dials)
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
                // The plan may have been cut short by the places that were free then.
                lock (_state.Gate)
                {
                    dials = Plan_NeedsLock();
                }

                continue;
            }

            bool destitute = Starve(dials, started);
            if (_pool.Budget.TryWait(_origin, destitute))
            {
                // Story: a connection of another origin came to rest after this pool had looked for one and before it stood in line. Its return
                // saw nobody waiting, so the look is repeated.
                _pool.MakeRoomForStarved();
                return;
            }

            // Story: the place came free between the refusal and the wait. Then nobody will tell this pool, so it plans once more.
            lock (_state.Gate)
            {
                dials = Plan_NeedsLock();
            }
        }
    }

    /// <summary>There is no place for the rest of the dials: those they were for wait, except for whom the queue is too long.</summary>
    /// <returns>Whether the origin has no connection at all.</returns>
    private bool Starve(List<PlannedDial> dials, int from)
    {
        List<PoolWaiter>? surplus;
        TransportException? error = null;
        bool destitute;
        lock (_state.Gate)
        {
            for (int i = from; i < dials.Count; i++)
            {
                Unplan_NeedsLock(dials[i]);
            }

            // They were let in because connections could be opened for them; only here it turns out that they are too many.
            surplus = Surplus_NeedsLock(noPlace: true);
            if (surplus is not null)
            {
                error = TooManyPending_NeedsLock(_settings.MaxPendingRequestsPerServer);
            }

            destitute = _state.Open.Count + _state.Dialing == 0;
        }

        Fail(surplus, error);
        return destitute;
    }

    private static void Fail(List<PoolWaiter>? waiters, TransportException? error) => waiters?.ForEach(waiter => waiter.TryFail(error!.ForAnotherRequest()));

    private void Unplan_NeedsLock(PlannedDial dial)
    {
        _state.Dialing--;
        if (dial.Waiter is { } waiter)
        {
            waiter.HasDial = false;
        }

        _state.ForgetProtocol_NeedsLock();
    }

    private Task<TransportException?> StartAsync(PlannedDial dial)
    {
        bool http1Only;
        lock (_state.Gate)
        {
            _state.Counters.Dialed(dial.Reason);
            http1Only = _state.Http1Only;
        }

        _events.DialStarted(Key, dial.Reason);

        // The connection outlives the request: nothing of the request's context may stick to it.
        return Detached.RunUserCode(this, (Dial: dial, Http1Only: http1Only), static (pool, state) => pool.DialAsync(state.Dial, state.Http1Only));
    }

    private async Task<TransportException?> DialAsync(PlannedDial dial, bool http1Only)
    {
        HttpConnection connection;
        try
        {
            DialedStream stream = await _pool.DialAsync(Key, dial.Waiter?.Attempt, http1Only).ConfigureAwait(false);
            connection = _pool.CreateConnection(Key, stream, _origin);
        }
        catch (Exception e)
        {
            TransportException error = e as TransportException ?? PoolErrors.DialAborted(Key, e);
            Failed(dial, error);
            return error;
        }

        if (connection.IsMultiplexed)
        {
            SucceededShared(dial, connection);
        }
        else
        {
            Succeeded(dial, connection);
        }

        return null;
    }

    private void Succeeded(PlannedDial dial, HttpConnection connection)
    {
        PoolWaiter? waiter;
        List<PoolWaiter>? surplus = null;
        List<PoolWaiter>? refused;
        TransportException? tooMany = null;
        List<PlannedDial>? dials = null;
        bool closing;
        lock (_state.Gate)
        {
            bool wasKnown = _state.SpeaksHttp2 == false;
            Opened_NeedsLock(dial, connection);
            _state.SpeaksHttp2 = false;
            closing = _state.Closing;

            // Story: one that needs HTTP/2 came while there was a connection of it, among others of HTTP/1.1. That one is gone and this dial was the
            // last hope. So it is asked also where the protocol seemed to be known.
            refused = WhoNeedsHttp2InVain_NeedsLock();
            waiter = _state.Waiters.DequeueFor(connection);
            if (!wasKnown)
            {
                // Those who waited for what this dial would tell have connections opened now, or have to be told that they are too many.
                dials = Plan_NeedsLock();
                surplus = Surplus_NeedsLock(noPlace: false);
                tooMany = surplus is null ? null : TooManyPending_NeedsLock(_settings.MaxPendingRequestsPerServer);
            }
        }

        _events.Opened(connection, dial.Reason);
        _pool.Opened();
        Start(dials);
        Fail(surplus, tooMany);
        FailForVersion(refused);
        if (closing)
        {
            waiter?.TryFail(PoolErrors.HandlerDisposed(Key));
            connection.Close(CloseReason.Disposed);
        }
        else if (waiter is not null)
        {
            _origin.Leases.Give(TakenConnection.NotMultiplexed(connection, TimeSpan.Zero), waiter, leased: true);
        }
        else
        {
            connection.Rest();
        }
    }

    private void SucceededShared(PlannedDial dial, HttpConnection connection)
    {
        bool closing;
        bool unwanted;
        lock (_state.Gate)
        {
            Opened_NeedsLock(dial, connection);
            connection.Link.StreamLimit = connection.StreamLimit;
            connection.Link.OpenedForTicket = dial.Reason == DialReason.Prewarm ? 0 : dial.StartedAtTicket;

            // Story: a request comes before those who wait are served. It must neither pass them, nor count the connection for nothing and dial.
            connection.Link.Opening = true;
            _state.Opening++;
            closing = _state.Closing;
            unwanted = _state.Http1Only;
            if (!unwanted)
            {
                _state.SpeaksHttp2 = true;
            }
        }

        _events.Opened(connection, dial.Reason);
        _pool.Opened();
        connection.Start();
        if (closing)
        {
            connection.Close(CloseReason.Disposed);
        }
        else if (unwanted)
        {
            // Story: the server asked for HTTP/1.1 on another connection while this one was dialed.
            connection.Close(CloseReason.Http11Required);
        }
        else
        {
            _origin.Streams.Opened(connection);
        }
    }

    private void Opened_NeedsLock(PlannedDial dial, HttpConnection connection)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        _state.Open.Add(connection);
        Finish_NeedsLock(dial);
        _state.Counters.Opened++;
        connection.Link.Lifetime = _age.DrawLifetime();
    }

    /// <summary>Takes out of the line those who cannot do with HTTP/1.1, which is what the server speaks.</summary>
    public List<PoolWaiter>? WhoNeedsHttp2InVain_NeedsLock()
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        if (Key.Protocols != ProtocolOffer.Http2OrHttp1 || _state.HasHope_NeedsLock(onlyHttp2: true))
        {
            return null;
        }

        List<PoolWaiter>? refused = null;
        foreach (PoolWaiter waiter in _state.Waiters.FirstToLast())
        {
            if (waiter.NeedsHttp2)
            {
                _state.Waiters.Remove(waiter);
                (refused ??= []).Add(waiter);
            }
        }

        return refused;
    }

    public void FailForVersion(List<PoolWaiter>? waiters) => waiters?.ForEach(waiter => waiter.TryFail(PoolErrors.Http2Refused(Key, waiter.Attempt)));

    /// <summary>
    /// Takes out of the line those who waited all through the dial of a connection that is closed before it served anybody, if it was the only hope: to
    /// them it is a dial that failed. Without this a server that says goodbye before the first request would be dialed for ever.
    /// </summary>
    public List<PoolWaiter>? WhoSawItFail_NeedsLock(HttpConnection connection)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        if (!connection.IsMultiplexed || connection.Link.HasServed || _state.Http1Only || _state.Dialing + _state.Opening > 0 || _state.HasHope_NeedsLock(onlyHttp2: false))
        {
            return null;
        }

        List<PoolWaiter>? failed = null;
        foreach (PoolWaiter waiter in _state.Waiters.FirstToLast())
        {
            if (!waiter.HasDial && waiter.Ticket <= connection.Link.OpenedForTicket)
            {
                _state.Waiters.Remove(waiter);
                (failed ??= []).Add(waiter);
            }
        }

        return failed;
    }

    private void Failed(PlannedDial dial, TransportException error)
    {
        List<PoolWaiter> failed = [];
        List<PlannedDial>? dials;
        lock (_state.Gate)
        {
            Finish_NeedsLock(dial);
            _state.Counters.DialsFailed++;
            if (dial.Waiter is { } asked && _state.Waiters.Remove(asked))
            {
                failed.Add(asked);
            }

            // Without any connection that may serve, whoever waited all through this dial without one of his own has seen the same: the
            // origin cannot be reached. Trying for each in turn would make the last wait for the sum of all timeouts.
            if (!_state.HasHope_NeedsLock(onlyHttp2: false) && dial.Reason != DialReason.Prewarm)
            {
                foreach (PoolWaiter waiter in _state.Waiters.FirstToLast())
                {
                    if (!waiter.HasDial && waiter.Ticket <= dial.StartedAtTicket)
                    {
                        _state.Waiters.Remove(waiter);
                        failed.Add(waiter);
                    }
                }
            }

            _state.ForgetProtocol_NeedsLock();
            dials = Plan_NeedsLock();
        }

        _events.DialFailed(Key, dial.Reason, error);
        _pool.GiveBackPlace();
        Start(dials);
        foreach (PoolWaiter waiter in failed)
        {
            waiter.TryFail(waiter == dial.Waiter ? error : error.ForAnotherRequest());
        }
    }

    private void Finish_NeedsLock(PlannedDial dial)
    {
        _state.Dialing--;
        Debug.Assert(_state.Dialing >= 0, "more dials ended than started");
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
            lock (_state.Gate)
            {
                return !_state.Closing && Needed_NeedsLock() > 0;
            }
        }
    }

    /// <summary>A place under <see cref="PooledHttpHandler.MaxConnections"/> came free and this pool was waiting for one.</summary>
    /// <returns>Whether it tried to take the place.</returns>
    public bool PlaceCameFree()
    {
        List<PlannedDial>? dials;
        lock (_state.Gate)
        {
            dials = Plan_NeedsLock();
        }

        Start(dials);
        return dials is not null;
    }

    /// <summary>Starts dials until the origin has <paramref name="connections"/> connections, as far as the limits allow. <see langword="false"/>: this pool was removed; ask for the key again.</summary>
    public bool TryPrewarm(int connections, [NotNullWhen(true)] out List<Task<TransportException?>>? started)
    {
        var dials = new List<PlannedDial>();
        started = null;
        lock (_state.Gate)
        {
            if (_state.Removed)
            {
                return false;
            }

            _state.ThrowIfClosing_NeedsLock();
            _state.LastUsed = _time.GetTimestamp();
            int target = Math.Min(connections, Math.Min(_settings.MaxConnectionsPerServer, _settings.MaxIdleConnectionsPerServer));
            if (_state.SpeaksHttp2 != false && !_settings.EnableMultipleHttp2Connections)
            {
                target = Math.Min(target, 1);
            }

            while (_state.Open.Count + _state.Dialing < target)
            {
                dials.Add(PlanOne_NeedsLock(waiter: null, DialReason.Prewarm));
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
            lock (_state.Gate)
            {
                Unplan_NeedsLock(dial);

                // Story: a request came since the plan and counted on this dial, so it was given none of its own.
                instead = Plan_NeedsLock();
            }

            Start(instead);
        }

        return true;
    }
}
