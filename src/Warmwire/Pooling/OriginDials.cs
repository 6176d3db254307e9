using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The dials of an origin: when one is begun, whom it serves, what its failure means. docs/design/dial-failures.md has the reasons.
/// </summary>
/// <remarks>
/// A dial belongs to the pool: it goes on when the request that asked for it is served or gone, and its connection serves the oldest
/// waiter. There are never more dials than waiting requests, and with HTTP/2, whose connections serve many, a fraction of that; nobody
/// knows the protocol before the first dial has ended, so the others wait for what it tells.
/// </remarks>
internal sealed class OriginDials(OriginState state, ConnectionAge age)
{
    // ---- What is needed ---------------------------------------------------------------------------------------------

    /// <summary>
    /// Decides on one dial for the waiters, if they need one and the limits on the origin allow it. It is counted from now on.
    /// </summary>
    /// <remarks>One at a time, asked for again behind each: so nothing is planned that no permit is there for.</remarks>
    public PlannedDial? Next()
    {
        if (state.Phase == OriginPhase.Closing || Needed() <= 0 || state.Waiters.LastWithoutDial is not { } waiter)
        {
            return null;
        }

        state.Waiters.DialBegan(waiter);
        return Plan(waiter, waiter.ReplacementFor ?? Reason());
    }

    /// <summary>
    /// Whether a request waits here that only a permit under <see cref="PooledHttpHandler.MaxConnections"/> is missing for.
    /// </summary>
    public bool NeedsPermit => state.Phase != OriginPhase.Closing && Needed() > 0;

    /// <summary>How many dials the waiters need beyond those under way, and the limit on connections to the origin allows.</summary>
    private int Needed()
    {
        int waiting = CountWaiting();
        if (waiting == 0)
        {
            return 0;
        }

        return Math.Min(NeededWithoutCap(waiting), state.Settings.MaxConnectionsPerServer - state.Open.Count - state.Dialing);
    }

    /// <summary>
    /// How many wait for a connection: those that wait for other exchanges to end need none, nor do those that what is idle serves at once
    /// (<see cref="OriginLeases.Admit"/>).
    /// </summary>
    private int CountWaiting()
    {
        int waiting = state.Waiters.Count;
        if (state.Concurrency is not { } concurrency || waiting == 0)
        {
            return waiting;
        }

        int idle = state.Idle.Count;
        long slots = 0;
        foreach (PooledConnection pooled in state.Multiplexed)
        {
            idle -= pooled.State == PooledState.Idle ? 1 : 0;
            slots += pooled.HasFreeSlot ? pooled.Slots.Limit - pooled.Slots.Taken : 0;
        }

        long served = state.Waiters.CountNeedingHttp2 > 0 ? slots : slots + idle;
        return (int)Math.Max(0, Math.Min(waiting, concurrency.Room) - served);
    }

    /// <summary>The same without the limit on connections; negative if there are more dials than the waiters need.</summary>
    private int NeededWithoutCap(int waiting) => state.Protocol switch
    {
        ProtocolKnowledge.Unknown => state.Dialing == 0 ? 1 : 0,
        ProtocolKnowledge.Http2 => NeededForSlots(waiting),
        _ => WaitingForHttp1(waiting) - state.Dialing,
    };

    /// <summary>
    /// Those whom another connection of HTTP/1.1 helps. A waiter that needs HTTP/2 waits for a slot while an earlier connection may still
    /// give one: dials that tell HTTP/1.1 again would be made for nothing. Without such a connection a dial has to tell that it is in vain.
    /// </summary>
    private int WaitingForHttp1(int waiting) =>
        state.Waiters.CountNeedingHttp2 > 0 && state.HasUsableConnection(onlyHttp2: true)
            ? waiting - state.Waiters.CountNeedingHttp2
            : waiting;

    private int NeededForSlots(int waiting)
    {
        int coming = state.Coming;
        int needed = state.Settings.EnableMultipleHttp2Connections
            ? (int)(((long)waiting + state.StreamLimit - 1) / state.StreamLimit) - coming
            : coming > 0 || state.HasUsableConnection(onlyHttp2: true) ? 0
            : 1;
        return needed > 0 && SaysNotNow() ? 0 : needed;
    }

    /// <summary>A server that allows no stream at all means "not now"; it would say the same on every further connection.</summary>
    private bool SaysNotNow() => state.Multiplexed.Any(static pooled => pooled is { IsUsable: true, IsOffered: true, Slots.Limit: 0 });

    private DialReason Reason() =>
        state.Dialing + state.Opening == 0 && !state.HasUsableConnection(onlyHttp2: false) ? DialReason.First
        : state.Protocol == ProtocolKnowledge.Http2 ? DialReason.AllAtStreamLimit
        : DialReason.AllBusy;

    private PlannedDial Plan(PoolWaiter? waiter, DialReason reason)
    {
        state.Dialing++;
        return new PlannedDial(waiter, reason, state.Waiters.LastTicket);
    }

    // ---- Whether the line is too long -------------------------------------------------------------------------------

    /// <summary>
    /// Whether a request that comes now and finds no connection has one opened for it, or shares in one that is being opened.
    /// </summary>
    /// <param name="waiting">If not: how many wait like it.</param>
    public bool HasRoom(out int waiting)
    {
        bool canDial = state.Open.Count + state.Dialing < state.Settings.MaxConnectionsPerServer;
        long perDial = 1;
        int coming = state.Dialing + state.Opening;
        if (state.Protocol == ProtocolKnowledge.Http2)
        {
            canDial = canDial
                && (state.Settings.EnableMultipleHttp2Connections
                    || (state.Dialing + state.Opening == 0 && !state.HasUsableConnection(onlyHttp2: true)));
            perDial = state.StreamLimit;
            coming = state.Coming;
        }
        else if (state.Protocol == ProtocolKnowledge.Unknown)
        {
            // What the one dial tells decides about all of them.
            canDial = canDial || state.Dialing > 0;
        }

        waiting = (int)Math.Max(0, state.Waiters.Count - (perDial * coming));
        if (state.Concurrency is { } concurrency && state.Waiters.Count >= concurrency.Room)
        {
            // No connection helps: it waits for an exchange to end.
            waiting = Math.Max(waiting, state.Waiters.Count - Math.Max(0, concurrency.Room));
            return false;
        }

        return canDial;
    }

    /// <summary>
    /// Fails those for whom the line is too long: they were let in while it seemed that connections could be opened for them.
    /// </summary>
    /// <param name="step">Where the failures go.</param>
    /// <param name="noPermit">Whether it is certain that no connection can be opened now.</param>
    public void FailSurplus(ref OriginStep step, bool noPermit)
    {
        int limit = state.Settings.MaxPendingRequestsPerServer;
        if (limit == int.MaxValue)
        {
            return;
        }

        TransportException? error = null;
        while ((!HasRoom(out int waiting) || noPermit) && waiting > limit && state.Waiters.LastNewWithoutDial is { } last)
        {
            state.Waiters.Remove(last);
            step.Fail(last, WaiterFailureKind.LikeAnother, error ??= TooManyPending(limit));
        }
    }

    public TransportException TooManyPending(int waiting) =>
        state.Concurrency is { } concurrency && state.Waiters.Count >= concurrency.Room
            ? PoolErrors.TooManyPendingForLimit(
                state.Route, waiting, state.Settings.MaxPendingRequestsPerServer, concurrency.UnderWay.Now, concurrency.Limit)
            : PoolErrors.TooManyPending(
                state.Route, waiting, state.Settings.MaxPendingRequestsPerServer, state.Open.Count, CountSlots());

    /// <summary>How many exchanges the open HTTP/2 connections serve together, for texts; zero if there are none.</summary>
    public long CountSlots() => state.Multiplexed.Sum(static pooled => (long)pooled.Slots.Limit);

    // ---- A dial begins, or does not ---------------------------------------------------------------------------------

    /// <summary>The dial has its permit and a thread: it begins if the waiters still need it.</summary>
    /// <param name="dial">The dial.</param>
    /// <param name="http1Only">Whether HTTP/2 is not to be offered.</param>
    /// <param name="step">What follows if it does not begin.</param>
    /// <remarks>
    /// Story: a burst of requests plans a dial for each, and by the time most of them come to run, connections that were opened first have
    /// served the requests they were for. Begun all the same they would open connections that nobody uses.
    /// </remarks>
    public bool TryBegin(PlannedDial dial, out bool http1Only, out OriginStep step)
    {
        step = default;
        http1Only = state.Protocol == ProtocolKnowledge.Http1Required;
        int waiting = CountWaiting();
        if (dial.Reason != DialReason.Prewarm && (waiting == 0 || NeededWithoutCap(waiting) < 0))
        {
            Unplan(dial);
            step.FreesPermit = true;
            step.Dial = Next();
            return false;
        }

        state.Counters.Dialed(dial.Reason);
        return true;
    }

    /// <summary>There is no permit for the dial: its request waits, except if the line is too long for it.</summary>
    public OriginStep Refused(PlannedDial dial, out bool isDestitute)
    {
        OriginStep step = default;
        Unplan(dial);

        // They were let in because connections could be opened for them; only here it turns out that they are too many.
        FailSurplus(ref step, noPermit: true);
        isDestitute = state.Open.Count + state.Dialing == 0;
        return step;
    }

    /// <summary>Plans dials until the origin has so many connections, as far as its limits allow.</summary>
    public List<PlannedDial> Prewarm(int connections, long now)
    {
        state.LastUsed = now;
        int target = Math.Min(connections, Math.Min(state.Settings.MaxConnectionsPerServer, state.Settings.MaxIdleConnectionsPerServer));
        if (!state.SpeaksHttp1 && !state.Settings.EnableMultipleHttp2Connections)
        {
            target = Math.Min(target, 1);
        }

        var dials = new List<PlannedDial>();
        while (state.Open.Count + state.Dialing < target)
        {
            dials.Add(Plan(waiter: null, DialReason.Prewarm) with { Outcome = new(TaskCreationOptions.RunContinuationsAsynchronously) });
        }

        return dials;
    }

    /// <summary>There is no permit for a connection made beforehand.</summary>
    public OriginStep PrewarmRefused(PlannedDial dial)
    {
        Unplan(dial);

        // Story: a request came since the plan and counted on this dial, so it was given none of its own.
        return new OriginStep { Dial = Next() };
    }

    private void Unplan(PlannedDial dial)
    {
        End(dial);
        state.ForgetProtocolIfAlone();
    }

    private void End(PlannedDial dial)
    {
        state.Dialing--;
        Debug.Assert(state.Dialing >= 0, "more dials ended than started");
        if (dial.Waiter is { } waiter)
        {
            state.Waiters.DialEnded(waiter);
        }
    }

    // ---- A dial ends ------------------------------------------------------------------------------------------------

    /// <summary>The dial has made a connection.</summary>
    public OriginStep Succeeded(PlannedDial dial, PooledConnection pooled)
    {
        state.Open.Add(pooled);
        pooled.CountIn(state.Concurrency?.UnderWay);
        state.Addresses.Opened(pooled);
        End(dial);
        state.Counters.Opened++;
        pooled.Lifetime = age.DrawLifetime();
        var step = new OriginStep { Pooled = pooled, Event = new OriginEvent { Dialed = dial.Reason } };
        if (pooled.IsMultiplexed)
        {
            SucceededShared(dial, pooled, ref step);
        }
        else
        {
            SucceededSingle(pooled, ref step);
        }

        return step;
    }

    private void SucceededSingle(PooledConnection pooled, ref OriginStep step)
    {
        bool wasKnown = state.SpeaksHttp1;
        state.Learned(ProtocolKnowledge.Http1);
        if (state.Phase == OriginPhase.Closing)
        {
            step.Close(pooled, CloseReason.Disposed);
            return;
        }

        // Story: one that needs HTTP/2 came while there was a connection of it, among others of HTTP/1.1. That one is gone and this dial
        // was the last that could tell. So it is asked also where the protocol seemed to be known.
        FailForHttp2(ref step);
        step.Waiter = state.HasRoomFor(pooled) ? state.Waiters.DequeueFor(pooled) : null;
        if (step.Waiter is not null)
        {
            pooled.Begins();
        }

        step.Kind = step.Waiter is null ? StepKind.Release : StepKind.GiveLeased;
        if (!wasKnown)
        {
            // Waiters for what this dial would tell have connections opened now, or have to be told that they are too many.
            step.Dial = Next();
            FailSurplus(ref step, noPermit: false);
        }
    }

    private void SucceededShared(PlannedDial dial, PooledConnection pooled, ref OriginStep step)
    {
        state.Multiplexed.Add(pooled);
        state.LimitIs(pooled);
        pooled.OpenedForTicket = dial.Reason == DialReason.Prewarm ? 0 : dial.StartedAtTicket;

        // Story: a request comes before the waiters are served. It must neither pass them, nor count the connection for nothing and dial.
        // So the connection is opening until it is offered to them.
        state.Opening++;
        state.Learned(ProtocolKnowledge.Http2);
        step.Kind = StepKind.Start;
    }

    /// <summary>Fails those who cannot do with HTTP/1.1, which is what the server speaks.</summary>
    public void FailForHttp2(ref OriginStep step)
    {
        if (state.Waiters.CountNeedingHttp2 == 0 || state.HasUsableConnection(onlyHttp2: true))
        {
            return;
        }

        foreach (PoolWaiter waiter in state.Waiters.FirstToLast())
        {
            if (waiter.NeedsHttp2)
            {
                state.Waiters.Remove(waiter);
                step.Fail(waiter, WaiterFailureKind.Http2Refused);
            }
        }
    }

    /// <summary>
    /// Fails the waiters that were there all through the dial of a connection that is closed before it served anybody, if there is no
    /// other: to them it is a dial that failed. Without this a server that sends GOAWAY before the first request would be dialed endlessly.
    /// </summary>
    public void FailForUnused(PooledConnection pooled, CloseReason? reason, ref OriginStep step)
    {
        if (!pooled.IsMultiplexed
            || pooled.HasServed
            || state.Protocol == ProtocolKnowledge.Http1Required
            || state.Dialing + state.Opening > 0
            || state.HasUsableConnection(onlyHttp2: false))
        {
            return;
        }

        while (state.Waiters.DequeueWithoutDial(pooled.OpenedForTicket) is { } waiter)
        {
            step.FailFor(pooled, reason, waiter);
        }
    }

    public OriginStep Failed(PlannedDial dial, TransportException error)
    {
        var step = new OriginStep { FreesPermit = true, Event = new OriginEvent { Dialed = dial.Reason, DialError = error } };
        End(dial);
        state.Counters.DialsFailed++;
        if (dial.Waiter is { } asked && state.Waiters.Remove(asked))
        {
            step.Fail(asked, WaiterFailureKind.ItsOwn, error);
        }

        // Without any connection that may serve, the waiters that were there all through this dial without one of their own have seen the
        // same: the origin cannot be reached. Trying for each in turn would make the last wait for the sum of all timeouts.
        if (dial.Reason != DialReason.Prewarm && !state.HasUsableConnection(onlyHttp2: false))
        {
            while (state.Waiters.DequeueWithoutDial(dial.StartedAtTicket) is { } waiter)
            {
                step.Fail(waiter, WaiterFailureKind.LikeAnother, error);
            }
        }

        state.ForgetProtocolIfAlone();
        step.Dial = Next();
        return step;
    }
}
