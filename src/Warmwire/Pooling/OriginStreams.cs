using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The places on an origin's multiplexed connections: a connection with none taken rests in the idle stack like any other, a place that comes free serves
/// the longest waiter, a connection that takes no more exchanges gets none and is closed behind its last one.
/// </summary>
/// <remarks>
/// <code>
///            offered, nobody waits                 place taken
///  Opening ────────────────────────► Idle ◄─────────────────────► in use (Shared, Streams > 0)
///     │                                │      last place back         │ too old, address left, GOAWAY, makes room
///     │ offered, somebody waits        │ the same                     ▼
///     └──────────► in use              └──────────► closed ◄──── retired, Streams > 0
///                                                       last place back
/// </code>
/// What a connection tells comes from any thread and in any order, also after its end: what comes for one that is gone is ignored.
/// </remarks>
internal sealed class OriginStreams
{
    // Immutable.
    private readonly OriginPool _origin;
    private readonly OriginState _state;
    private readonly OriginDials _dials;
    private readonly OriginChoice _choice;
    private readonly ConnectionBudget _budget;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly ConnectionAge _age;

    public OriginStreams(ConnectionPool pool, OriginPool origin, OriginState state)
    {
        _origin = origin;
        _state = state;
        _dials = origin.Dials;
        _choice = origin.Choice;
        _budget = pool.Budget;
        _time = pool.Services.Time;
        _events = pool.Events;
        _age = pool.Age;
    }

    // ---- What connections tell --------------------------------------------------------------------------------------

    /// <summary>An exchange is over.</summary>
    public void Ended(HttpConnection connection)
    {
        // Story: an origin has no connection at all and waits for a place. This one never comes to rest, because there is always one exchange more, so
        // it would wait for ever. Then this connection takes no more exchanges and gives its place up.
        bool yields = _budget.HasDestitute && _budget.TryBeginYield();
        Moment moment = MomentFor(connection);
        Step step = default;
        bool known;
        lock (_state.Gate)
        {
            PoolLink link = connection.Link;
            known = link.Place != PoolPlace.Gone;
            Debug.Assert(!known || link.Streams > 0, "an exchange ends once");
            if (known && link.Streams > 0)
            {
                link.Streams--;
                if (link.StreamLimit > 0)
                {
                    // The server's first word came before its first answer.
                    _state.StreamLimit = link.StreamLimit;
                }

                if (yields && link.Streams > 0 && link.RetiredFor is null)
                {
                    yields = false;
                    link.Yields = true;
                    _state.Retire_NeedsLock(connection, CloseReason.MadeRoom);
                }

                step = Next_NeedsLock(connection, moment, makesRoom: _budget.HasDestitute);
            }
        }

        if (yields)
        {
            _budget.EndYield();
        }

        if (known)
        {
            _events.StreamsChanged(connection, -1);
            Take(step, connection, moment);
        }
    }

    public void LimitChanged(HttpConnection connection) => Told(connection, static (state, connection) =>
    {
        // Story: two changes are told by two threads, and the older one comes second. So it is read here, in the order of the gate.
        connection.Link.StreamLimit = connection.StreamLimit;
        if (connection.StreamLimit > 0)
        {
            state.StreamLimit = connection.StreamLimit;
        }
    });

    public void Suspended(HttpConnection connection) => Told(connection, static (_, connection) => connection.Link.Suspensions++);

    public void Resumed(HttpConnection connection) => Told(connection, static (_, connection) => connection.Link.Suspensions--);

    public void Retire(HttpConnection connection, CloseReason reason) => Told(connection, (state, connection) => state.Retire_NeedsLock(connection, reason));

    /// <summary>The server wants HTTP/1.1: none of the origin's HTTP/2 connections takes another exchange, and none is dialed.</summary>
    public void Http11Required()
    {
        List<HttpConnection> closed = [];
        List<PoolWaiter>? refused;
        List<PlannedDial>? dials;
        lock (_state.Gate)
        {
            if (_state.Key.Protocols != ProtocolOffer.Http2OrHttp1 || _state.Closing)
            {
                // Whoever asks for HTTP/2 without TLS asks for nothing else.
                return;
            }

            _state.Http1Only = true;
            _state.SpeaksHttp2 = false;
            foreach (HttpConnection connection in _state.Open)
            {
                if (connection.IsMultiplexed && _state.Retire_NeedsLock(connection, CloseReason.Http11Required) is not null)
                {
                    closed.Add(connection);
                }
            }

            refused = _dials.WhoNeedsHttp2InVain_NeedsLock();
            dials = _dials.Plan_NeedsLock();
        }

        closed.ForEach(static connection => connection.Close(connection.Link.RetiredFor!.Value));
        _dials.Start(dials);
        _dials.FailForVersion(refused);
    }

    // ---- What the pool tells ----------------------------------------------------------------------------------------

    /// <summary>A new connection, which nobody has been given yet: it serves those who wait, or rests.</summary>
    public void Opened(HttpConnection connection)
    {
        List<PoolWaiter>? surplus;
        TransportException? tooMany = null;
        ServeWaiters(connection, opened: true);
        lock (_state.Gate)
        {
            surplus = _dials.Surplus_NeedsLock(noPlace: false);
            if (surplus is not null)
            {
                tooMany = _dials.TooManyPending_NeedsLock(_origin.Services.Settings.MaxPendingRequestsPerServer);
            }
        }

        surplus?.ForEach(waiter => waiter.TryFail(tooMany!.ForAnotherRequest()));
    }

    /// <summary>The connection turned away the request that a place had been taken for.</summary>
    /// <param name="taken">The place.</param>
    /// <param name="counted">Whether the request has been counted.</param>
    public void Refused(in TakenConnection taken, bool counted)
    {
        HttpConnection connection = taken.Connection;
        Moment moment = MomentFor(connection);
        Step step;
        lock (_state.Gate)
        {
            PoolLink link = connection.Link;
            if (counted)
            {
                link.Requests--;
            }

            if (link.Place == PoolPlace.Gone)
            {
                return;
            }

            // Story: it was suspended when it was asked, and has told both that and that it is resumed before this line. It will tell nothing more, so
            // only if it has told nothing since is there something to wait for.
            link.Refused = link.News == taken.News;
            link.Streams--;
            step = Next_NeedsLock(connection, moment, makesRoom: false);
        }

        _events.StreamsChanged(connection, -1);
        Take(step, connection, moment);
    }

    /// <summary>The connection is closed.</summary>
    /// <returns>The places that were taken.</returns>
    public int Gone_NeedsLock(HttpConnection connection)
    {
        PoolLink link = connection.Link;
        _state.Shared.Remove(connection);
        EndOpening_NeedsLock(connection);
        int streams = link.Streams;
        link.Streams = 0;
        return streams;
    }

    private void EndOpening_NeedsLock(HttpConnection connection)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        if (connection.Link.Opening)
        {
            connection.Link.Opening = false;
            _state.Opening--;
        }
    }

    // ---- What follows -----------------------------------------------------------------------------------------------

    /// <summary>The connection has told something; it may now serve those who wait, or serve nobody any more.</summary>
    private void Told(HttpConnection connection, Action<OriginState, HttpConnection> note)
    {
        lock (_state.Gate)
        {
            if (connection.Link.Place == PoolPlace.Gone)
            {
                return;
            }

            connection.Link.News++;
            connection.Link.Refused = false;
            note(_state, connection);
        }

        ServeWaiters(connection);
    }

    private void ServeWaiters(HttpConnection connection, bool opened = false)
    {
        Step step;
        do
        {
            Moment moment = MomentFor(connection);
            lock (_state.Gate)
            {
                if (opened)
                {
                    EndOpening_NeedsLock(connection);
                }

                step = Next_NeedsLock(connection, moment, makesRoom: false);
            }

            Take(step, connection, moment);
        }
        while (step.Waiter is not null);
    }

    /// <summary>Decides what becomes of the connection: it serves the longest waiter, rests, is closed, or stays as it is.</summary>
    private Step Next_NeedsLock(HttpConnection connection, in Moment moment, bool makesRoom)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        PoolLink link = connection.Link;
        if (link.Place == PoolPlace.Gone || (link.Opening && link.RetiredFor is null))
        {
            return default;
        }

        bool wanted = _state.Waiters.Count > 0;

        // Story: opening takes longer than a connection may live, or it may not live at all. Closed for that before it served those it was opened for, it would
        // be dialed again and again. As with HTTP/1.1, who waited for it has it.
        bool isForWaiter = wanted && !link.HasServed && link is { Streams: 0, HasFreePlace: true };
        CloseReason? reason = link.RetiredFor
            ?? (!isForWaiter && _age.IsTooOld(connection, moment.Now) ? CloseReason.Lifetime
            : link.Place == PoolPlace.Idle || link.Streams > 0 ? null
            : _state.Closing || (_state.Draining && !wanted) ? CloseReason.Disposed
            : wanted && makesRoom ? CloseReason.MadeRoom
            : !wanted && moment.IdleLimit == TimeSpan.Zero ? CloseReason.IdleTimeout
            : null);
        if (reason is { } retired)
        {
            return new Step { Close = _state.Retire_NeedsLock(connection, retired), Dials = _dials.Plan_NeedsLock() };
        }

        if (wanted && link.HasFreePlace)
        {
            TimeSpan idleTime = link.Place == PoolPlace.Idle ? _age.IdleTime(connection, moment.Now) : TimeSpan.Zero;
            return new Step { Waiter = _state.Waiters.Dequeue(), Taken = _choice.TakePlace_NeedsLock(connection, idleTime) };
        }

        List<PlannedDial>? dials = wanted ? _dials.Plan_NeedsLock() : null;
        if (link.Streams > 0 || link.Place == PoolPlace.Idle)
        {
            return new Step { Dials = dials };
        }

        _state.Shared.Remove(connection);
        bool tell = _origin.Leases.Rest_NeedsLock(connection, moment.IdleLimit, moment.Now, moment.Wall, out HttpConnection? surplus);
        return new Step { Rests = true, TellRest = tell, Surplus = surplus, Dials = dials };
    }

    private void Take(in Step step, HttpConnection connection, in Moment moment)
    {
        if (step.Close is { } reason)
        {
            connection.Close(reason);
        }
        else if (step.Rests)
        {
            _origin.Leases.CameToRest(connection, step.TellRest, step.Surplus, moment.IdleLimit, moment.Now);
        }

        _dials.Start(step.Dials);
        if (step.Waiter is { } waiter)
        {
            _origin.Leases.Give(step.Taken, waiter, leased: false);
        }
    }

    private Moment MomentFor(HttpConnection connection) => new(_time.GetTimestamp(), _time.GetUtcNow(), _age.IdleLimitOf(connection));

    /// <summary>What is looked at before the gate.</summary>
    private readonly record struct Moment(long Now, DateTimeOffset Wall, TimeSpan IdleLimit);

    /// <summary>What was decided under the gate.</summary>
    private readonly record struct Step
    {
        public CloseReason? Close { get; init; }

        public bool Rests { get; init; }

        public bool TellRest { get; init; }

        public HttpConnection? Surplus { get; init; }

        public PoolWaiter? Waiter { get; init; }

        public TakenConnection Taken { get; init; }

        public List<PlannedDial>? Dials { get; init; }
    }
}
