using System.Collections.ObjectModel;
using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>
/// Everything that is decided about one origin. Each operation changes the state and returns an <see cref="OriginStep"/>: what has to be
/// done.
/// </summary>
/// <remarks>
/// <para>
/// Pure: it takes no lock, does no I/O, runs no user code and calls no connection, but for asking one for its stream limit. The times it is
/// told; only the wall clock, which tells that the machine was frozen, it asks through <see cref="ConnectionAge"/>. <see
/// cref="OriginExecutor"/> holds the lock around each operation and takes the step behind it. Tests call it without either.
/// </para>
/// <para>One class for each idea: <see cref="OriginLeases"/> (lease, wait, return), <see cref="OriginSlots"/> (multiplexed connections),
/// <see cref="OriginChoice"/> (which connection serves), <see cref="OriginDials"/>, <see cref="OriginAging"/>, <see
/// cref="OriginAddresses"/>; here is the end of connections and of the origin.</para>
/// </remarks>
internal sealed class OriginPlan
{
    private readonly OriginState _state;
    private readonly ConnectionAge _age;
    private readonly TimeProvider _time;

    public OriginPlan(Route route, HandlerSettings settings, ConnectionAge age, IdleOrder idleOrder)
    {
        _age = age;
        _time = settings.TimeProvider;
        _state = new OriginState(route, settings, idleOrder, _time.GetTimestamp());
        Dials = new OriginDials(_state, age);
        var choice = new OriginChoice(_state, age);
        Leases = new OriginLeases(_state, Dials, choice, age);
        Slots = new OriginSlots(_state, Dials, choice, Leases, age);
        Addresses = new OriginAddresses(_state, Dials);
        Aging = new OriginAging(_state, Addresses, Dials, age);
    }

    public OriginLeases Leases { get; }

    public OriginSlots Slots { get; }

    public OriginDials Dials { get; }

    public OriginAging Aging { get; }

    public OriginAddresses Addresses { get; }

    /// <summary>Counts of what any thread adds to without the lock.</summary>
    public OriginCounters Counters => _state.Counters;

    public OriginPhase Phase => _state.Phase;

    /// <summary>The limit of exchanges under way that follows latency, if there is one.</summary>
    public OriginConcurrency? Concurrency => _state.Concurrency;

    /// <summary>Whether there is neither a connection, nor a dial, nor a waiter.</summary>
    public bool IsEmpty => _state.IsEmpty;

    // ---- A connection ends ------------------------------------------------------------------------------------------

    public OriginStep Closed(PooledConnection pooled, CloseReason reason)
    {
        var step = new OriginStep
        {
            Pooled = pooled,
            FreesPermit = true,
            EndsYield = pooled.Yields,
            Event = new OriginEvent { Closed = reason, WasIdle = pooled.IsCountedIdle },
        };
        if (pooled.State == PooledState.Idle)
        {
            _state.Idle.Remove(pooled);
        }

        step.EndedSlots = Slots.Gone(pooled);
        _state.Addresses.Closed(pooled, reason);
        pooled.MoveTo(PooledState.Gone);
        bool known = _state.Open.Remove(pooled);
        Debug.Assert(known, "closed once");
        _state.Counters.Closed(reason);
        Dials.FailForUnused(pooled, reason, ref step);
        _state.ForgetProtocolIfAlone();
        step.Dial = Dials.Next();
        return step;
    }

    // ---- The limit of exchanges -------------------------------------------------------------------------------------

    /// <inheritdoc cref="OriginConcurrency.Ended"/>
    /// <param name="attempt">The attempt.</param>
    /// <param name="status">The status of the response; <see langword="null"/>: there is none.</param>
    /// <param name="now">The time.</param>
    /// <param name="moved">What the limit is like now, if a window of time has ended.</param>
    public OriginStep HeadEnded(Attempt attempt, int? status, long now, out ConcurrencySnapshot? moved)
    {
        if (Concurrency is not { } concurrency || !concurrency.Ended(attempt, status, now))
        {
            moved = null;
            return default;
        }

        moved = concurrency.GetSnapshot();
        return new OriginStep { Dial = Dials.Next() };
    }

    /// <summary>An exchange has become a tunnel, which the limit is not about.</summary>
    public OriginStep BecameTunnel(PooledConnection pooled)
    {
        pooled.BecameTunnel();
        return new OriginStep { Dial = Dials.Next() };
    }

    // ---- The origin ends --------------------------------------------------------------------------------------------

    /// <summary>Keeps no connection from now on, except for the waiters.</summary>
    public OriginStep Drain()
    {
        if (_state.Phase == OriginPhase.Open)
        {
            _state.MoveTo(OriginPhase.Draining);
        }

        return Aging.CloseIdle(CloseReason.Disposed);
    }

    /// <summary>Fails the waiters, and closes every connection; one that a caller still reads from is closed behind that.</summary>
    public OriginStep End() => Close(sparesBodies: true);

    /// <summary>Fails the waiters, and closes every connection whatever it does.</summary>
    public OriginStep Abort() => Close(sparesBodies: false);

    private OriginStep Close(bool sparesBodies)
    {
        var step = new OriginStep { SparesBodies = sparesBodies };
        if (_state.Phase == OriginPhase.Removed)
        {
            return step;
        }

        _state.MoveTo(OriginPhase.Closing);
        while (_state.Waiters.Dequeue() is { } waiter)
        {
            step.Fail(waiter, WaiterFailureKind.Disposed);
        }

        foreach (PooledConnection pooled in _state.Open)
        {
            step.Close(pooled, CloseReason.Disposed);
        }

        return step;
    }

    // ---- A sweep looks after it -------------------------------------------------------------------------------------

    /// <summary>The last connection, dial or waiter has gone.</summary>
    public void Emptied(long now) => _state.LastUsed = now;

    /// <summary>Closes what is old, has the name resolved again; removes the origin, once, if it is empty and was not used for a
    /// while.</summary>
    public OriginStep LookAfter(long now, out OriginVisit visit)
    {
        if (_state.Phase is OriginPhase.Removed or OriginPhase.Closing)
        {
            // Story: a sweep takes longer than it is to the next, and both come here.
            visit = default;
            return default;
        }

        if (_state.IsEmpty)
        {
            TimeSpan left = PoolLimits.KeepUnusedOrigin - _time.GetElapsedTime(_state.LastUsed, now);
            TimeSpan known = Addresses.Remembers(now);
            left = known > left ? known : left;
            if (left > TimeSpan.Zero)
            {
                visit = new OriginVisit(left);
            }
            else
            {
                _state.MoveTo(OriginPhase.Removed);
                visit = new OriginVisit(Next: null, History: _state.Counters);
            }

            return default;
        }

        bool refreshes = Addresses.TryBeginRefresh(now);
        OriginStep step = Aging.Sweep(now, out TimeSpan? next);
        if (Concurrency is { } concurrency)
        {
            concurrency.Look(now);
            step.Dial ??= Dials.Next();
            next = concurrency.NextDue(now) is { } due ? ConnectionAge.Earlier(next, due, TimeSpan.Zero) : next;
        }

        visit = new OriginVisit(next ?? PoolLimits.SweepAtLeastEvery, refreshes);
        return step;
    }

    // ---- Prewarming -------------------------------------------------------------------------------------------------

    /// <summary>The dials that give the origin so many connections; <see langword="null"/>: it was removed.</summary>
    /// <exception cref="TransportException">The handler is disposed.</exception>
    public List<PlannedDial>? Prewarm(int connections, long now)
    {
        if (_state.Phase == OriginPhase.Removed)
        {
            return null;
        }

        _state.ThrowIfClosing();
        return Dials.Prewarm(connections, now);
    }

    public List<PooledConnection> OpenConnections() => [.. _state.Open];

    // ---- What it is like --------------------------------------------------------------------------------------------

    public OriginSnapshot GetSnapshot(long now) => new()
    {
        Origin = _state.Route.Origin,
        Proxy = _state.Route.Proxy?.Text,
        UnixSocketPath = _state.Route.UnixSocket?.ToString(),
        Protocols = _state.Route.Protocols switch
        {
            ProtocolOffer.Http2 => "HTTP/2",
            ProtocolOffer.Http2OrHttp1 => "HTTP/2 or HTTP/1.1",
            _ => "HTTP/1.1",
        },
        StreamsActive = _state.Multiplexed.Sum(static pooled => pooled.Slots.Taken),
        Open = _state.Open.Count,
        Idle = _state.Idle.Count,
        Dialing = _state.Dialing,
        Pending = _state.Waiters.Count,
        Requests = _state.Counters.Requests,
        ConnectionsOpened = _state.Counters.Opened,
        DialsFailed = _state.Counters.DialsFailed,
        Reused = _state.Counters.Reused,
        Replays = _state.Counters.Replays,
        LeakedResponses = _state.Counters.LeakedResponses,
        ClosedBy = _state.Counters.ClosedBy,
        DialedBy = _state.Counters.DialedBy,
        Concurrency = Concurrency?.GetSnapshot(),
        Connections = [.. _state.Open.OrderBy(static pooled => pooled.Connection.Id).Select(pooled => Describe(pooled, now))],
    };

    private ConnectionSnapshot Describe(PooledConnection pooled, long now)
    {
        bool isIdle = pooled.State == PooledState.Idle;
        HttpConnection connection = pooled.Connection;
        ConnectionVitals vitals = connection.Vitals;
        return new ConnectionSnapshot(
            connection.Id,
            isIdle ? "Idle" : connection.StateName,
            _time.GetElapsedTime(pooled.OpenedAt, now),
            isIdle ? _age.IdleTime(pooled, now) : TimeSpan.Zero,
            pooled.Requests,
            RouteEndPoints.CopyForUser(connection.RemoteEndPoint))
        {
            HttpVersion = connection.HttpVersion,
            Streams = pooled.IsMultiplexed ? pooled.Slots.Taken : isIdle ? 0 : 1,
            StreamLimit = pooled.IsMultiplexed ? pooled.Slots.Limit : 1,
            WindowStalls = vitals.WindowStalls,
            PingRoundTrip = vitals.PingRoundTrip,
            Allowances = vitals.Allowances ?? ReadOnlyDictionary<string, double>.Empty,
        };
    }
}
