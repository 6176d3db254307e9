using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>The dials of an origin: when one is begun, whom it serves, what its failure means.</summary>
/// <remarks>
/// A dial belongs to the pool: it goes on when the request that asked for it is served or gone, and its connection serves whoever waits longest.
/// There are never more dials than waiting requests.
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

    private ConnectionKey Key => _state.Key;

    /// <summary>Decides on dials for those who wait, as far as the limits allow. They hold their places in the count and are to be started by <see cref="Start"/>.</summary>
    public List<PlannedDial>? Plan_NeedsLock()
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        int count = Math.Min(_state.Waiters.Count - _state.Dialing, _settings.MaxConnectionsPerServer - _state.Open.Count - _state.Dialing);
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
                DialReason reason = waiter.ReplacementFor ?? (_state.Open.Count + _state.Dialing == 0 ? DialReason.First : DialReason.AllBusy);
                dials.Add(PlanOne_NeedsLock(waiter, reason));
                if (dials.Count == count)
                {
                    break;
                }
            }
        }

        return dials.Count > 0 ? dials : null;
    }

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
        List<PoolWaiter> surplus = [];
        int limit = _settings.MaxPendingRequestsPerServer;
        int open;
        bool destitute;
        lock (_state.Gate)
        {
            for (int i = from; i < dials.Count; i++)
            {
                Unplan_NeedsLock(dials[i]);
            }

            // They were let in because connections could be opened for them; only here it turns out that they are too many.
            while (_state.Waiters.Count - _state.Dialing > limit && _state.Waiters.LastToFirst().FirstOrDefault(static waiter => !waiter.HasDial) is { } last)
            {
                _state.Waiters.Remove(last);
                surplus.Add(last);
            }

            open = _state.Open.Count;
            destitute = open + _state.Dialing == 0;
        }

        foreach (PoolWaiter waiter in surplus)
        {
            waiter.TryFail(PoolErrors.TooManyPending(Key, limit, limit, open));
        }

        return destitute;
    }

    private void Unplan_NeedsLock(PlannedDial dial)
    {
        _state.Dialing--;
        if (dial.Waiter is { } waiter)
        {
            waiter.HasDial = false;
        }
    }

    private Task<TransportException?> StartAsync(PlannedDial dial)
    {
        lock (_state.Gate)
        {
            _state.Counters.Dialed(dial.Reason);
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
            Failed(dial, error);
            return error;
        }

        Succeeded(dial, _pool.CreateConnection(Key, stream, _origin));
        return null;
    }

    private void Succeeded(PlannedDial dial, HttpConnection connection)
    {
        PoolWaiter? waiter;
        bool closing;
        lock (_state.Gate)
        {
            Finish_NeedsLock(dial);
            _state.Open.Add(connection);
            _state.Counters.Opened++;
            connection.Link.Lifetime = _age.DrawLifetime();
            closing = _state.Closing;
            waiter = _state.Waiters.Dequeue();
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
            _origin.Leases.Give(connection, waiter, leased: true);
        }
        else
        {
            connection.Rest();
        }
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

            // Without any open connection, whoever waited all through this dial without one of his own has seen the same: the
            // origin cannot be reached. Trying for each in turn would make the last wait for the sum of all timeouts.
            if (_state.Open.Count == 0 && dial.Reason != DialReason.Prewarm)
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
                return !_state.Closing && _state.Waiters.Count > _state.Dialing && _state.Open.Count + _state.Dialing < _settings.MaxConnectionsPerServer;
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
