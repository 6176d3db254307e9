using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Dialing;

namespace Warmwire.Pooling;

/// <summary>
/// The connections of one origin, towards the handler's pool and towards the connections. It decides nothing and does nothing: it puts what
/// comes to the <see cref="OriginPlan"/>, in a scope of the <see cref="OriginExecutor"/>, which does what the plan says.
/// </summary>
internal sealed class OriginPool : IMultiplexedConnectionOwner
{
    // Immutable.
    private readonly ConnectionPool _pool;
    private readonly OriginCounters _counters;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly OriginLimit? _limit;

    /// <summary>The dial that began last.</summary>
    private volatile DialProgress? _dialing;

    // Of the heap of origins that are due: its gate guards it. Read without that by every return of a connection.
    private long _dueAt = DueOrigins.Never;

    public OriginPool(ConnectionPool pool, Route route)
    {
        _pool = pool;
        Route = route;
        Services = pool.Services;
        _time = pool.Services.Time;
        _events = pool.Events;
        var plan = new OriginPlan(route, pool.Services.Settings, pool.Age, pool.IdleOrder);
        _counters = plan.Counters;
        Executor = new OriginExecutor(pool, this, plan);
        _limit = plan.Concurrency is null ? null : new OriginLimit(pool, this);
    }

    public Route Route { get; }

    public ConnectionServices Services { get; }

    public OriginExecutor Executor { get; }

    /// <summary>When a sweep is to look after the origin; <see cref="DueOrigins"/> sets it.</summary>
    public long DueAt
    {
        get => Volatile.Read(ref _dueAt);
        set => Volatile.Write(ref _dueAt, value);
    }

    /// <summary>Its place in the heap of <see cref="DueOrigins"/>, if it is there.</summary>
    public int DueIndex { get; set; }

    // ---- A request asks ---------------------------------------------------------------------------------------------

    /// <summary>
    /// Leases the connection that became idle last and lives, or a slot of one that is shared, if there is one. Takes the lock once and
    /// allocates nothing. <see langword="false"/> may have any reason; <see cref="TryLease"/> has the answer.
    /// </summary>
    public bool TryLeaseIdle(Attempt attempt, [NotNullWhen(true)] out HttpConnection? connection)
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
            using (OriginExecutor.Scope at = Executor.Enter())
            {
                if (!at.Plan.Leases.TryTake(attempt, now, out taken))
                {
                    return false;
                }
            }

            if (TryLeaseFor(attempt, ref taken, now))
            {
                connection = taken.Pooled.Connection;
                return true;
            }

            // It was dead; the next one.
        }
    }

    /// <summary>
    /// Finds a connection for the attempt. <see langword="false"/>: this pool was removed for lack of use; ask for the route again.
    /// </summary>
    public bool TryLease(Attempt attempt, DialReason? replacementFor, out ValueTask<HttpConnection> connection)
    {
        long now = _time.GetTimestamp();
        UserCode.Tell(attempt.Settings.Trace?.GetConnection, Route.Origin);
        while (true)
        {
            OriginStep step;
            int ahead;
            using (OriginExecutor.Scope at = Executor.Enter())
            {
                step = at.Plan.Leases.Ask(this, attempt, replacementFor, now, out ahead);
            }

            switch (step.Kind)
            {
                case StepKind.Removed:
                    connection = default;
                    return false;
                case StepKind.Wait:
                    connection = Wait(step.Waiter!, now, ahead, step.Dial);
                    return true;
                default:
                    if (TryLeaseFor(attempt, ref step.Taken, now))
                    {
                        connection = ValueTask.FromResult(step.Taken.Pooled.Connection);
                        return true;
                    }

                    // It was dead; the next one, or a new one.
                    break;
            }
        }
    }

    private bool TryLeaseFor(Attempt attempt, ref TakenConnection taken, long now)
    {
        if (!Executor.TryLease(ref taken, now))
        {
            return false;
        }

        Leased(
            taken.Pooled.Connection,
            attempt,
            new LeaseFacts { IsLeased = true, Reused = taken.Reused, WasIdle = taken.FromIdle, IdleTime = taken.IdleTime, LeasedAt = now });
        return true;
    }

    private ValueTask<HttpConnection> Wait(PoolWaiter waiter, long since, int ahead, PlannedDial? dial)
    {
        Activity? ofRequest = Activity.Current;
        waiter.Activity = PoolEvents.StartWait(Route);
        if (waiter.Activity is not null)
        {
            // It ends when the request goes on; what the caller does until then is not part of it.
            Activity.Current = ofRequest;
        }

        if (dial is null)
        {
            UserCode.Tell(waiter.Attempt.Settings.Trace?.Queued, ahead);
            PoolEvents.Queued(Route, ahead);
        }

        _limit?.ExpectRoom(since);
        waiter.Since = since;
        waiter.Listen();
        Executor.Take(new OriginStep { Dial = dial });
        return waiter.Connection;
    }

    /// <summary>The request of a waiter goes on without a connection.</summary>
    public void WaitFailed(PoolWaiter waiter, Exception error)
    {
        PoolEvents.WaitFailed(waiter.Activity, error);
        _events.LeftQueue(Route, waiter.Attempt, _time.GetElapsedTime(waiter.Since));
    }

    /// <summary>The request of a waiter goes on with its connection.</summary>
    public void WaitEnded(PoolWaiter waiter, HttpConnection connection)
    {
        PoolEvents.WaitSucceeded(waiter.Activity);
        bool reused;
        using (Executor.Enter())
        {
            reused = OriginLeases.CountLease(PooledConnection.Of(connection));
        }

        long now = _time.GetTimestamp();
        TimeSpan waited = _time.GetElapsedTime(waiter.Since, now);
        _events.LeftQueue(connection, waiter.Attempt, waited);
        Leased(
            connection,
            waiter.Attempt,
            new LeaseFacts
            {
                IsLeased = true,
                Reused = reused,
                WasIdle = waiter.WasIdleFor is not null,
                IdleTime = waiter.WasIdleFor ?? TimeSpan.Zero,
                QueueTime = waited,
                LeasedAt = now,
            });
    }

    private void Leased(HttpConnection connection, Attempt attempt, in LeaseFacts lease)
    {
        attempt.Lease = lease;
        if (_limit is not null)
        {
            attempt.Measured = connection;
        }

        _counters.Leased(lease.Reused, attempt.Replays > 0);
        _events.Leased(connection, attempt, lease.Reused);
        if (attempt.Settings.Trace is { } trace)
        {
            UserCode.Tell(trace.GotConnection, new GotConnectionInfo(connection.Id, lease.Reused, lease.WasIdle, lease.IdleTime));
        }
    }

    /// <summary>The waiter gave up. A dial under way for it goes on.</summary>
    public void Leave(PoolWaiter waiter)
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Plan.Leases.Leave(waiter);
    }

    public TransportException PendingTimeout(PoolWaiter waiter)
    {
        bool totalLimit = _pool.Permits.IsWaiting(this);
        using OriginExecutor.Scope at = Executor.Enter();
        return at.Plan.Leases.PendingTimeout(waiter, totalLimit);
    }

    /// <summary>A dial begins, for this request if it is for one.</summary>
    public void Dials(DialProgress dial, PoolWaiter? waiter)
    {
        waiter?.Dial = dial;
        _dialing = dial;
    }

    /// <summary>
    /// What a request waits for: its own dial, or where the connections may serve many the one that began last; else its turn.
    /// </summary>
    public TransportPhase PhaseOf(PoolWaiter waiter) =>
        (waiter.Dial ?? (Route.Protocols == ProtocolOffer.Http1 ? null : _dialing))?.Phase ?? TransportPhase.Queue;

    // ---- What connections tell --------------------------------------------------------------------------------------

    public void Returned(HttpConnection connection)
    {
        PooledConnection pooled = PooledConnection.Of(connection);
        if (pooled.HeldBy?.TryKeep() == true)
        {
            return;
        }

        Moment moment = Executor.MomentFor(connection);
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Leases.Returned(pooled, moment, _pool.Permits.HasDestitute));
    }

    public void Closed(HttpConnection connection, CloseReason reason)
    {
        PooledConnection pooled = PooledConnection.Of(connection);
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Closed(pooled, reason));
    }

    public void EndStream(DialedStream stream)
    {
        // Story: a connection is closed in a step, and the user's stream, being disposed, sends a request and waits for it. The dial of
        // that request stood behind the very step. The close itself is told afterwards, or the limits on connections would be passed.
        StepQueue? queue = StepQueue.Leave();
        stream.Dispose();
        StepQueue.Return(queue);
    }

    public void StreamEnded(HttpConnection connection)
    {
        // Story: an origin has no connection at all and waits for a permit. This connection never becomes idle, because there is always one
        // exchange more, so the origin would wait for ever. Then this connection takes no more exchanges and gives its permit up.
        bool destitute = _pool.Permits.HasDestitute;
        bool begun = destitute && _pool.Permits.TryBeginYield();
        bool yields = begun;
        PooledConnection pooled = PooledConnection.Of(connection);
        Moment moment = Executor.MomentFor(connection);
        using (OriginExecutor.Scope at = Executor.Enter())
        {
            at.Then(at.Plan.Slots.Ended(pooled, moment, destitute, ref yields));
        }

        if (begun && !yields)
        {
            _pool.Permits.EndYield();
        }
    }

    public void HeadEnded(HttpConnection connection, Attempt attempt, HttpStatusCode? status) => _limit?.HeadEnded(attempt, status);

    public void Upgraded(HttpConnection connection) => _limit?.BecameTunnel(PooledConnection.Of(connection));

    public void TunnelEnds(HttpConnection connection) => _limit?.TunnelEnds(PooledConnection.Of(connection));

    public void StreamLimitChanged(HttpConnection connection)
    {
        Moment moment = Executor.MomentFor(connection);
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Slots.LimitChanged(PooledConnection.Of(connection), moment));
    }

    public void Suspended(HttpConnection connection)
    {
        Moment moment = Executor.MomentFor(connection);
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Slots.Suspended(PooledConnection.Of(connection), moment));
    }

    public void Resumed(HttpConnection connection)
    {
        Moment moment = Executor.MomentFor(connection);
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Slots.Resumed(PooledConnection.Of(connection), moment));
    }

    public void Retire(HttpConnection connection, CloseReason reason)
    {
        Moment moment = Executor.MomentFor(connection);
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Slots.Retire(PooledConnection.Of(connection), reason, moment));
    }

    public void Http11Required(HttpConnection connection)
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Slots.Http11Required());
    }

    /// <summary>
    /// A finalizer calls this: its thread takes no lock and runs no listener, which could block it or, by what it throws, end the process.
    /// </summary>
    public void ResponseLeaked(HttpConnection connection, string? stack) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static leak => leak.Pool.ReportLeak(leak.Connection, leak.Stack),
            (Pool: this, Connection: connection, Stack: stack),
            preferLocal: false);

    private void ReportLeak(HttpConnection connection, string? stack)
    {
        using (Executor.Enter())
        {
            _counters.LeakedResponses++;
        }

        _events.ResponseLeaked(connection, stack);
    }

    // ---- Dials ------------------------------------------------------------------------------------------------------

    public void DialSucceeded(PlannedDial dial, PooledConnection pooled)
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Dials.Succeeded(dial, pooled));
    }

    public void DialFailed(PlannedDial dial, TransportException error)
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Dials.Failed(dial, error));
    }

    /// <summary>
    /// Starts dials until the origin has <paramref name="connections"/> connections, as far as the limits allow. <see langword="false"/>:
    /// this pool was removed; ask for the route again.
    /// </summary>
    public bool TryPrewarm(int connections, [NotNullWhen(true)] out List<Task<TransportException?>>? started)
    {
        List<PlannedDial>? dials;
        long now = _time.GetTimestamp();
        started = null;
        using (OriginExecutor.Scope at = Executor.Enter())
        {
            dials = at.Plan.Prewarm(connections, now);
        }

        if (dials is null)
        {
            return false;
        }

        started = [];
        foreach (PlannedDial dial in dials)
        {
            if (_pool.Permits.TryTake())
            {
                started.Add(dial.Outcome!.Task);
                Executor.Start(dial);
                continue;
            }

            using OriginExecutor.Scope at = Executor.Enter();
            at.Then(at.Plan.Dials.PrewarmRefused(dial));
        }

        return true;
    }

    // ---- Permits ----------------------------------------------------------------------------------------------------

    /// <summary>Whether a request waits here that only a permit is missing for.</summary>
    public bool NeedsPermit
    {
        get
        {
            _pool.Visits.Count();
            using OriginExecutor.Scope at = Executor.Enter();
            return at.Plan.Dials.NeedsPermit;
        }
    }

    /// <summary>The pool has left the line for a permit; if it needs one after all it stands in it again.</summary>
    public void LeftLine()
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(new OriginStep { Dial = at.Plan.Dials.Next() });
    }

    // ---- Age and addresses ------------------------------------------------------------------------------------------

    /// <inheritdoc cref="OriginPlan.LookAfter"/>
    public OriginVisit LookAfter(long now)
    {
        _pool.Visits.Count();
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.LookAfter(now, out OriginVisit visit));
        return visit;
    }

    /// <summary>Closes a connection that was seen to be idle, before it returns: its permit is free then, or somebody's.</summary>
    public bool TryCloseIdle(PooledConnection pooled, long idleSince, CloseReason reason)
    {
        _pool.Visits.Count();
        using (OriginExecutor.Scope at = Executor.Enter())
        {
            if (!at.Plan.Aging.TryTakeIdle(pooled, idleSince, reason))
            {
                return false;
            }
        }

        OriginExecutor.Close(pooled, reason);
        return true;
    }

    /// <summary>Closes a connection for <see cref="PooledHttpHandler.ShouldEvictConnection"/>.</summary>
    public void Evict(PooledConnection pooled)
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Aging.Evict(pooled));
    }

    /// <summary>A copy of the connections there are, whatever they do.</summary>
    public List<PooledConnection> OpenConnections()
    {
        using OriginExecutor.Scope at = Executor.Enter();
        return at.Plan.OpenConnections();
    }

    public int CloseIdle(CloseReason reason)
    {
        using OriginExecutor.Scope at = Executor.Enter();
        OriginStep step = at.Plan.Aging.CloseIdle(reason);
        at.Then(step);
        return step.Closes?.Count ?? 0;
    }

    /// <summary>There is an answer for the name.</summary>
    public void Answered(DatedAnswer answer)
    {
        long now = _time.GetTimestamp();
        TimeSpan? next;
        using (OriginExecutor.Scope at = Executor.Enter())
        {
            at.Then(at.Plan.Addresses.Answered(answer, now));
            next = at.Plan.Addresses.NextDue(next: null, now);
        }

        _pool.ExpectSweep(this, next, now);
    }

    /// <inheritdoc cref="OriginAddresses.SeenVersion"/>
    public long SeenVersion
    {
        get
        {
            using OriginExecutor.Scope at = Executor.Enter();
            return at.Plan.Addresses.SeenVersion;
        }
    }

    // ---- The end ----------------------------------------------------------------------------------------------------

    /// <inheritdoc cref="OriginPlan.Drain"/>
    public void BeginDrain()
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Drain());
    }

    /// <inheritdoc cref="OriginPlan.End"/>
    public void End()
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.End());
    }

    /// <inheritdoc cref="OriginPlan.Abort"/>
    public void Abort()
    {
        using OriginExecutor.Scope at = Executor.Enter();
        at.Then(at.Plan.Abort());
    }

    public OriginSnapshot GetSnapshot()
    {
        long now = _time.GetTimestamp();
        using OriginExecutor.Scope at = Executor.Enter();
        return at.Plan.GetSnapshot(now);
    }
}
