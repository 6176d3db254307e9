using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// Does what the plan of an origin decides. It has the only lock of the origin, and it alone calls the origin's connections, waiters and
/// listeners, and starts dials: always behind the lock, never under it.
/// </summary>
/// <remarks>
/// <code>
///  any thread                         this thread's StepQueue (one step behind another, never one in another)
///  ──────────                         ─────────────────────────────────────────────────────────────────────────
///  using (Scope at = Enter())         1. metrics and the log are told
///      at.Then(at.Plan.…);            2. connections are closed ──────────► Closed: its step goes to the end of the queue
///      │                              3. dials begin, as far as there are permits; without one the origin waits in line
///      ▼ leaves the lock              4. waiters fail
///  the permit goes back, and          5. a connection is given to a waiter, released, started, or has become idle
///  the next origin's step and         6. the pool looks whether others are in need: starved origins, drain
///  this one join the queue
/// </code>
/// A dial begins on the thread pool, a waiter goes on there too, and a listener gets a queue of its own (<see
/// cref="StepQueue.Leave"/>), as the disposal of a stream has: so neither the user's code nor its context meets what runs here.
/// </remarks>
internal sealed class OriginExecutor
{
    // Immutable.
    private readonly ConnectionPool _pool;
    private readonly OriginPool _owner;
    private readonly OriginPlan _plan;
    private readonly TimeProvider _time;
    private readonly PoolEvents _events;
    private readonly DialLine _dials;
    private readonly Lock _lock = new();
    private bool _isOccupied; // Guarded by the lock.

    public OriginExecutor(ConnectionPool pool, OriginPool owner, OriginPlan plan)
    {
        _pool = pool;
        _owner = owner;
        _plan = plan;
        _time = pool.Services.Time;
        _events = pool.Events;
        _dials = new DialLine(_time, dial => new DialWork(pool, owner, dial).Begin());
    }

    /// <summary>Enters the lock. What is decided in the scope is done when it ends.</summary>
    public Scope Enter() => new(this);

    public Moment MomentFor(HttpConnection connection) => new(_time.GetTimestamp(), _time.GetUtcNow(), _pool.Age.IdleLimitOf(connection));

    // ---- What has been decided --------------------------------------------------------------------------------------

    /// <summary>Takes a step, or leaves it to the step that this thread is taking.</summary>
    public void Take(in OriginStep step)
    {
        // Story: a step closes an idle connection for its permit, and asks for that next. So this, which only counts, waits for nothing.
        if (step.EndsYield)
        {
            _pool.Permits.EndYield();
        }

        if (step.FreesPermit)
        {
            ReleasePermit();
        }

        if (IsOrdinary(step))
        {
            // The returns of every day need no queue: nothing follows from them.
            Tell(step);
            WatchAge(step);
        }
        else if (!step.IsEmpty)
        {
            StepQueue.Run(this, step);
        }
    }

    /// <summary>Does all that a step says. Only the <see cref="StepQueue"/> calls it.</summary>
    public void Act(in OriginStep step)
    {
        ActOnce(step);
        if (step.ServesMore)
        {
            ServeMore(step.Pooled!);
        }

        if (step.AdmitsMore)
        {
            Enter().Dispose();
        }
    }

    private void ActOnce(in OriginStep step)
    {
        Tell(step);
        CloseAll(step);
        StartDials(step.Dial, hasPermit: false);
        Fail(step);
        switch (step.Kind)
        {
            case StepKind.Idle:
                WatchAge(step);
                _pool.Relieve();
                break;
            case StepKind.Release:
                step.Pooled!.Connection.Release();
                break;
            case StepKind.Give:
                LeaseAndGive(step.Taken, step.Waiter!);
                break;
            case StepKind.GiveLeased:
                Give(step.Pooled!, step.Waiter!, wasIdleFor: null);
                break;
            case StepKind.Start:
                StartAndOffer(step.Pooled!);
                break;
            case StepKind.UsePermit:
                UsePermit();
                break;
            default:
                break;
        }

        if (step.Event is not null)
        {
            _pool.CheckEmpty();
        }
    }

    private bool IsOrdinary(in OriginStep step) =>
        step.Closes is null
        && step.Dial is null
        && step.Failures is null
        && step.Event is null
        && (step.Kind == StepKind.None || (step.Kind == StepKind.Idle && !_pool.IsCrowded));

    private void Tell(in OriginStep step)
    {
        if (step.EndedSlots > 0)
        {
            _events.SlotsChanged(step.Pooled!.Connection, -step.EndedSlots);
        }

        if (step.Kind == StepKind.Idle)
        {
            _events.BecameIdle(step.Pooled!.Connection);
        }

        if (step.Event is not { } what)
        {
            return;
        }

        if (what.Closed is { } reason)
        {
            _events.Closed(step.Pooled!.Connection, reason, what.WasIdle);
        }
        else if (what.DialError is { } error)
        {
            _events.DialFailed(_owner.Route, what.Dialed.GetValueOrDefault(), error);
        }
        else
        {
            _events.Opened(step.Pooled!.Connection, what.Dialed.GetValueOrDefault());
            _pool.Opened(_owner);
        }
    }

    private void WatchAge(in OriginStep step)
    {
        if (step.Kind == StepKind.Idle)
        {
            _pool.BecameIdle(_owner, step.Pooled!.IdleLimit, step.Pooled.IdleSince, step.IsSurplus);
        }
    }

    // ---- Connections ------------------------------------------------------------------------------------------------

    private static void CloseAll(in OriginStep step)
    {
        if (step.Closes is { } closes)
        {
            foreach ((PooledConnection pooled, CloseReason reason) in closes)
            {
                Close(pooled, reason, step.SparesBodies);
            }
        }
    }

    /// <summary>Closes a connection. What that throws, which a stream of the user's may, must not hold up others.</summary>
    public static void Close(PooledConnection pooled, CloseReason reason, bool sparesBodies = false)
    {
        try
        {
            if (sparesBodies)
            {
                pooled.Connection.CloseBehindBodies(reason);
            }
            else
            {
                pooled.Connection.Close(reason);
            }
        }
        catch (Exception)
        {
            // The connection has told its end before it disposed its stream, or will not tell it again.
        }
    }

    /// <summary>What was taken for a request serves it, or does not.</summary>
    public bool TryLease(ref TakenConnection taken, long now)
    {
        PooledConnection pooled = taken.Pooled;
        if (taken.Stale is { } old)
        {
            Close(pooled, old);
            return false;
        }

        if (pooled.IsMultiplexed)
        {
            return TryLeaseSlot(taken, counted: true);
        }

        // Story: the connection is closed between the lock and this line. Its close has told that an active connection ended, because that
        // is what it was by then, and this makes up for it. The other way round it is the same sum.
        _events.LeftIdle(pooled.Connection);
        TimeSpan idleTime = _pool.Age.IdleTime(pooled, now);
        if (_pool.Age.WhyNotReuse(pooled, now, idleTime) is { } stale)
        {
            Close(pooled, stale);
            return false;
        }

        taken = taken with { IdleTime = idleTime };
        return pooled.Connection.TryLease(idleTime);
    }

    private bool TryLeaseSlot(in TakenConnection taken, bool counted)
    {
        PooledConnection pooled = taken.Pooled;
        _events.SlotTaken(taken);
        if (pooled.Connection.TryLease(taken.IdleTime))
        {
            pooled.Served();
            return true;
        }

        Moment moment = MomentFor(pooled.Connection);
        using Scope at = Enter();
        at.Then(at.Plan.Slots.Refused(taken, counted, moment));
        return false;
    }

    private void LeaseAndGive(in TakenConnection taken, PoolWaiter waiter)
    {
        PooledConnection pooled = taken.Pooled;
        bool leased;
        if (pooled.IsMultiplexed)
        {
            leased = TryLeaseSlot(taken, counted: false);
        }
        else
        {
            CloseReason? stale = null;
            if (taken.FromIdle)
            {
                _events.LeftIdle(pooled.Connection);
                stale = _pool.Age.WhyNotReuse(pooled, _time.GetTimestamp(), taken.IdleTime);
            }

            if (stale is { } old)
            {
                Close(pooled, old);
            }

            leased = stale is null && pooled.Connection.TryLease(taken.IdleTime);
        }

        if (leased)
        {
            Give(pooled, waiter, taken.FromIdle ? taken.IdleTime : null);
            return;
        }

        long now = _time.GetTimestamp();
        using Scope at = Enter();
        at.Then(at.Plan.Leases.DiedOnTheWay(pooled, waiter, now));
    }

    /// <summary>Gives a leased connection, or a slot of one, to a waiter, and if that has gone to the next.</summary>
    private void Give(PooledConnection pooled, PoolWaiter waiter, TimeSpan? wasIdleFor)
    {
        for (PoolWaiter? next = waiter; next is not null; next = NextFor(pooled))
        {
            next.WasIdleFor = wasIdleFor;
            if (next.TryGive(pooled.Connection))
            {
                return;
            }
        }

        pooled.Connection.Release();
    }

    private PoolWaiter? NextFor(PooledConnection pooled)
    {
        using Scope at = Enter();
        return at.Plan.Leases.NextFor(pooled);
    }

    private void StartAndOffer(PooledConnection pooled)
    {
        pooled.Connection.Start();
        OriginStep step;
        Moment moment = MomentFor(pooled.Connection);
        using (Scope at = Enter())
        {
            step = at.Plan.Slots.Offered(pooled, moment);
        }

        Act(step);
        using (Scope at = Enter())
        {
            at.Then(at.Plan.Slots.FailSurplus());
        }
    }

    /// <summary>The connection has served one waiter; it serves others as long as it has slots.</summary>
    private void ServeMore(PooledConnection pooled)
    {
        OriginStep step;
        do
        {
            Moment moment = MomentFor(pooled.Connection);
            using (Scope at = Enter())
            {
                step = at.Plan.Slots.Next(pooled, moment);
            }

            ActOnce(step);
        }
        while (step.ServesMore);
    }

    // ---- Waiters ----------------------------------------------------------------------------------------------------

    private void Fail(in OriginStep step)
    {
        if (step.Failures is not { } failures)
        {
            return;
        }

        foreach (WaiterFailure failure in failures)
        {
            failure.Waiter.TryFail(failure.Kind switch
            {
                WaiterFailureKind.ItsOwn => failure.Error!,
                WaiterFailureKind.LikeAnother => failure.Error!.ForAnotherRequest(),
                WaiterFailureKind.Http2Refused => PoolErrors.Http2Refused(_owner.Route, failure.Waiter.Attempt),
                WaiterFailureKind.ClosedBeforeUse => PoolErrors.ClosedBeforeUse(_owner.Route, failure.Closed!.Connection, failure.Reason),
                _ => PoolErrors.HandlerDisposed(_owner.Route),
            });
        }
    }

    // ---- Dials and permits ------------------------------------------------------------------------------------------

    private void StartDials(PlannedDial? dial, bool hasPermit)
    {
        while (dial is not null)
        {
            if (hasPermit || _pool.TryTakePermit())
            {
                hasPermit = false;
                Start(dial);
                dial = NextDial();
                continue;
            }

            OriginStep surplus;
            bool isDestitute;
            using (Scope at = Enter())
            {
                surplus = at.Plan.Dials.Refused(dial, out isDestitute);
            }

            Fail(surplus);
            if (_pool.Permits.TryWait(_owner, isDestitute))
            {
                // Story: a connection of another origin became idle after this pool had looked for one and before it stood in line. Its
                // return saw nobody waiting, so the look is repeated.
                _pool.MakeRoomForStarved();
                return;
            }

            // Story: the permit came back between the refusal and the wait. Then nobody will hand it to this pool, so it plans once more.
            dial = NextDial();
        }
    }

    /// <summary>Has a dial begin that has its permit.</summary>
    /// <remarks>
    /// Story: a dial that fails before its first wait came back into the plan on the stack that had planned it, once for each waiter; and
    /// a callback of the user's ran on the thread that had missed a connection, in its context. A work item has both of its own.
    /// </remarks>
    public void Start(PlannedDial dial) => _dials.Add(dial);

    /// <summary>The work item of a dial runs.</summary>
    /// <param name="dial">The dial.</param>
    /// <param name="http1Only">Whether HTTP/2 is not to be offered.</param>
    /// <returns>Whether the waiters still need it; if not, it is over.</returns>
    public bool TryBegin(PlannedDial dial, out bool http1Only)
    {
        using Scope at = Enter();
        bool begins = at.Plan.Dials.TryBegin(dial, out http1Only, out OriginStep step);
        at.Then(step);
        return begins;
    }

    /// <summary>Tells the listeners of a dial that has begun.</summary>
    public void TellBegun(PlannedDial dial) => _events.DialStarted(_owner.Route, dial.Reason);

    private PlannedDial? NextDial()
    {
        using Scope at = Enter();
        return at.Plan.Dials.Next();
    }

    private void UsePermit()
    {
        if (NextDial() is { } dial)
        {
            StartDials(dial, hasPermit: true);
        }
        else
        {
            ReleasePermit();
        }
    }

    /// <summary>A permit goes back, and to the origin whose turn it is.</summary>
    public void ReleasePermit()
    {
        if (_pool.Permits.Release() is { } next)
        {
            StepQueue.Run(next.Executor, new OriginStep { Kind = StepKind.UsePermit });
        }
    }

    /// <summary>Has the pool count the origins that are not empty, so that nobody has to ask all of them.</summary>
    /// <returns>Whether the origin has become empty.</returns>
    private bool CountOccupied_NeedsLock()
    {
        bool isOccupied = !_plan.IsEmpty;
        if (isOccupied == _isOccupied)
        {
            return false;
        }

        _isOccupied = isOccupied;
        _pool.CountOccupied(isOccupied);
        if (!isOccupied)
        {
            _plan.Emptied(_time.GetTimestamp());
        }

        return !isOccupied;
    }

    /// <summary>
    /// The lock of the origin. It is left when the scope ends, and only then the step is taken: so nothing can be done under it.
    /// </summary>
    public ref struct Scope
    {
        private readonly OriginExecutor _executor;
        private OriginStep _step;

        internal Scope(OriginExecutor executor)
        {
            _executor = executor;
            executor._lock.Enter();
        }

        /// <summary>The plan, while the scope lasts.</summary>
        public readonly OriginPlan Plan
        {
            get
            {
                Debug.Assert(_executor._lock.IsHeldByCurrentThread, "inside the scope");
                return _executor._plan;
            }
        }

        /// <summary>What is to be done behind the scope.</summary>
        public void Then(in OriginStep step) => _step = step;

        public void Dispose()
        {
            OriginStep admitted =
                _executor._plan.Concurrency is null ? default : _executor._plan.Leases.Admit(_executor._time.GetTimestamp());
            bool emptied = _executor.CountOccupied_NeedsLock();
            _executor._lock.Exit();
            try
            {
                _executor.Take(_step);
            }
            finally
            {
                // It has its slot already, and is in no line any more.
                if (!admitted.IsEmpty)
                {
                    _executor.Take(admitted);
                }
            }

            if (emptied)
            {
                _executor._pool.Emptied(_executor._owner);
            }
        }
    }
}
