using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The connections of one origin, towards the handler's pool and towards the connections. Every step decides under the gate of the
/// <see cref="OriginState"/> what to dial, hand over and close, and acts after leaving it.
/// </summary>
/// <remarks>
/// A request takes whichever comes first, a freed connection (<see cref="OriginLeases"/>) or a dial (<see cref="OriginDials"/>).
/// </remarks>
internal sealed class OriginPool : IMultiplexedConnectionOwner
{
    // Immutable.
    private readonly ConnectionPool _pool;
    private readonly OriginState _state;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly ConnectionAge _age;

    public OriginPool(ConnectionPool pool, Route key)
    {
        _pool = pool;
        Key = key;
        Services = pool.Services;
        _time = pool.Services.Time;
        _events = pool.Events;
        _age = pool.Age;
        _state = new OriginState(key, pool.IdleTotal, _time.GetTimestamp());
        Dials = new OriginDials(pool, this, _state);
        Choice = new OriginChoice(_state, pool.Age);
        Leases = new OriginLeases(pool, this, _state);
        Streams = new OriginStreams(pool, this, _state);
        Addresses = new OriginAddresses(_state, Dials, pool.Services.Settings);
        Aging = new OriginAging(_state, Addresses, Dials, pool.Age);
    }

    public Route Key { get; }

    public ConnectionServices Services { get; }

    public OriginLeases Leases { get; }

    public OriginDials Dials { get; }

    public OriginChoice Choice { get; }

    public OriginStreams Streams { get; }

    public OriginAddresses Addresses { get; }

    public OriginAging Aging { get; }

    // ---- What connections tell --------------------------------------------------------------------------------------

    public void Returned(HttpConnection connection) => Leases.Returned(connection);

    public void Closed(HttpConnection connection, CloseReason reason)
    {
        List<PlannedDial>? dials;
        List<PoolWaiter>? failed;
        bool wasIdle;
        int streams;
        lock (_state.Gate)
        {
            if (connection.Link.Place == PoolPlace.Idle)
            {
                _state.Idle.Remove(connection);
            }

            wasIdle = connection.Link.CountedIdle;

            streams = Streams.Gone_NeedsLock(connection);
            connection.Link.Place = PoolPlace.Gone;
            bool known = _state.Open.Remove(connection);
            Debug.Assert(known, "closed once");
            _state.Counters.Closed(reason);
            failed = Dials.WhoSawItFail_NeedsLock(connection);
            _state.ForgetProtocol_NeedsLock();
            dials = Dials.Plan_NeedsLock();
        }

        _events.StreamsChanged(connection, -streams);
        _events.Closed(connection, reason, wasIdle);
        if (connection.Link.Yields)
        {
            _pool.Budget.EndYield();
        }

        _pool.GiveBackPlace();
        Dials.Start(dials);
        failed?.ForEach(waiter => waiter.TryFail(PoolErrors.ClosedBeforeUse(Key, connection, reason)));
    }

    public void StreamEnded(HttpConnection connection) => Streams.Ended(connection);

    public void StreamLimitChanged(HttpConnection connection) => Streams.LimitChanged(connection);

    public void Suspended(HttpConnection connection) => Streams.Suspended(connection);

    public void Resumed(HttpConnection connection) => Streams.Resumed(connection);

    public void Retire(HttpConnection connection, CloseReason reason) => Streams.Retire(connection, reason);

    public void Http11Required(HttpConnection connection) => Streams.Http11Required();

    public void ResponseLeaked(HttpConnection connection, string? stack)
    {
        lock (_state.Gate)
        {
            _state.Counters.LeakedResponses++;
        }

        _events.ResponseLeaked(connection, stack);
    }

    // ---- The end ----------------------------------------------------------------------------------------------------

    /// <summary>Removes the pool, once, if nobody has used it for long and nothing is left in it. Its history goes to <paramref name="history"/>.</summary>
    public bool TryRemove(long now, [NotNullWhen(true)] out OriginSnapshot? history)
    {
        lock (_state.Gate)
        {
            // Story: a sweep takes longer than it is to the next, and both come here.
            if (_state.Removed)
            {
                history = null;
                return false;
            }

            _state.Removed = _state.Open.Count == 0 && _state.Dialing == 0 && _state.Waiters.Count == 0 && _time.GetElapsedTime(_state.LastUsed, now) > PoolLimits.KeepUnusedOrigin;
            history = _state.Removed ? Snapshot_NeedsLock(now) : null;
            return history is not null;
        }
    }

    /// <summary>Keeps no connection from now on, except for those who wait for one already.</summary>
    public void BeginDrain()
    {
        lock (_state.Gate)
        {
            _state.Draining = true;
        }

        Aging.CloseIdle(CloseReason.Disposed);
    }

    /// <summary>Fails those who wait, and closes every connection whatever it does.</summary>
    public void Abort()
    {
        List<PoolWaiter> waiting = [];
        HttpConnection[] open;
        lock (_state.Gate)
        {
            _state.Closing = true;
            open = [.. _state.Open];
            while (_state.Waiters.Dequeue() is { } waiter)
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
            lock (_state.Gate)
            {
                return _state.Open.Count == 0 && _state.Dialing == 0 && _state.Waiters.Count == 0;
            }
        }
    }

    // ---- Snapshot ---------------------------------------------------------------------------------------------------

    public OriginSnapshot GetSnapshot()
    {
        long now = _time.GetTimestamp();
        lock (_state.Gate)
        {
            return Snapshot_NeedsLock(now);
        }
    }

    private OriginSnapshot Snapshot_NeedsLock(long now) => new()
    {
        Origin = Key.Origin,
        Protocols = Key.Protocols switch
        {
            ProtocolOffer.Http2 => "HTTP/2",
            ProtocolOffer.Http2OrHttp1 => "HTTP/2 or HTTP/1.1",
            _ => "HTTP/1.1",
        },
        StreamsActive = _state.Open.Sum(static c => c.Link.Streams),
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
        Connections = [.. _state.Open.OrderBy(static c => c.Id).Select(c => Describe_NeedsLock(c, now))],
    };

    private ConnectionSnapshot Describe_NeedsLock(HttpConnection connection, long now)
    {
        bool rests = connection.Link.Place == PoolPlace.Idle;
        ConnectionVitals vitals = connection.Vitals;
        return new ConnectionSnapshot(
            connection.Id,
            rests ? "Idle" : connection.StateName,
            _time.GetElapsedTime(connection.OpenedAt, now),
            rests ? _age.IdleTime(connection, now) : TimeSpan.Zero,
            connection.Link.Requests,
            connection.RemoteEndPoint)
        {
            HttpVersion = connection.HttpVersion,
            Streams = connection.IsMultiplexed ? connection.Link.Streams : rests ? 0 : 1,
            StreamLimit = connection.IsMultiplexed ? connection.Link.StreamLimit : 1,
            WindowStalls = vitals.WindowStalls,
            PingRoundTrip = vitals.PingRoundTrip,
        };
    }
}
