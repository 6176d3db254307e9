using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// Gives an origin's connections to requests and takes them back: a request gets an idle one or waits, a returned one serves the next in
/// line or becomes idle.
/// </summary>
internal sealed class OriginLeases(OriginState state, OriginDials dials, OriginChoice choice, ConnectionAge age)
{
    // ---- A request asks ---------------------------------------------------------------------------------------------

    /// <summary>
    /// Takes the connection that became idle last, or a slot of one that is shared, if there is one. Allocates nothing. <see
    /// langword="false"/> may have any reason; <see cref="Ask"/> has the answer.
    /// </summary>
    public bool TryTake(Attempt attempt, long now, out TakenConnection taken)
    {
        if (state.Phase is OriginPhase.Removed or OriginPhase.Closing
            || (state.Concurrency is { } concurrency && !MayPass(concurrency, now))
            || !choice.TryTake(NeedsHttp2(attempt), now, out taken))
        {
            taken = default;
            return false;
        }

        state.Used(now);
        if (taken.Stale is null)
        {
            taken = taken with { Reused = taken.Pooled.Requests++ > 0 };
        }

        return true;
    }

    /// <summary>Finds a connection for the request, or a place in the line.</summary>
    /// <param name="owner">The pool that the waiter belongs to.</param>
    /// <param name="attempt">The request.</param>
    /// <param name="replacementFor">Why a connection dialed for it would be dialed, if that is special.</param>
    /// <param name="now">The time.</param>
    /// <param name="ahead">How many wait before it.</param>
    /// <exception cref="TransportException">The request can be neither served nor let wait.</exception>
    public OriginStep Ask(OriginPool owner, Attempt attempt, DialReason? replacementFor, long now, out int ahead)
    {
        ahead = 0;
        if (state.Phase == OriginPhase.Removed)
        {
            return new OriginStep { Kind = StepKind.Removed };
        }

        state.ThrowIfClosing();
        if (TryTake(attempt, now, out TakenConnection taken))
        {
            return new OriginStep { Kind = StepKind.Lease, Pooled = taken.Pooled, Taken = taken };
        }

        state.Used(now);
        RejectIfHttp1IsSpoken(attempt);
        if (!attempt.IsAgain)
        {
            RejectIfTooManyWait();
        }

        var waiter = new PoolWaiter(owner, attempt, replacementFor)
        {
            Context = state.Settings.HasDialCallbacks ? ExecutionContext.Capture() : null,
        };
        ahead = state.Waiters.Count;
        state.Waiters.Enqueue(waiter);
        return new OriginStep { Kind = StepKind.Wait, Waiter = waiter, Dial = dials.Next() };
    }

    /// <summary>The waiter gave up. A dial under way for it goes on.</summary>
    public void Leave(PoolWaiter waiter) => state.Waiters.Remove(waiter);

    /// <summary>The waiter has the connection.</summary>
    /// <returns>Whether it had served a request before.</returns>
    public static bool CountLease(PooledConnection pooled) => pooled.Requests++ > 0;

    public TransportException PendingTimeout(PoolWaiter waiter, bool totalLimit)
    {
        int ahead = waiter.IsQueued ? WaitQueue.CountBefore(waiter) : 0;
        if (state.Concurrency is { } concurrency && ahead >= concurrency.Room)
        {
            return PoolErrors.PendingLimitTimeout(state.Route, waiter.Attempt, concurrency.GetSnapshot(), ahead);
        }

        return dials.CountSlots() is var slots and > 0 && !totalLimit
            ? PoolErrors.PendingStreamTimeout(state.Route, waiter.Attempt, slots, state.Multiplexed.Count, state.Dialing, ahead)
            : PoolErrors.PendingTimeout(
                state.Route, waiter.Attempt, state.Open.Count, state.Settings.MaxConnectionsPerServer, state.Dialing, ahead, totalLimit);
    }

    /// <summary>
    /// Whether a request that comes now may begin: what the limit leaves is for the waiters first, also while their connections are opened.
    /// </summary>
    private bool MayPass(OriginConcurrency concurrency, long now)
    {
        concurrency.Look(now);
        return state.Waiters.Count < concurrency.Room;
    }

    /// <summary>Only where the server chooses the protocol can a request need one and get the other.</summary>
    private bool NeedsHttp2(Attempt attempt) => state.Route.Protocols == ProtocolOffer.Http2OrHttp1
        && (attempt.RequiresHttp2 || attempt.IsExtendedConnect);

    private void RejectIfHttp1IsSpoken(Attempt attempt)
    {
        if (state.SpeaksHttp1 && NeedsHttp2(attempt) && !state.HasUsableConnection(onlyHttp2: true))
        {
            throw PoolErrors.Http2Refused(state.Route, attempt);
        }
    }

    private void RejectIfTooManyWait()
    {
        if (!dials.HasRoom(out int waiting) && waiting >= state.Settings.MaxPendingRequestsPerServer)
        {
            throw dials.TooManyPending(waiting);
        }
    }

    // ---- A connection comes back ------------------------------------------------------------------------------------

    /// <summary>A connection that is not multiplexed has no exchange any more and is clean.</summary>
    /// <param name="pooled">The connection.</param>
    /// <param name="moment">The time.</param>
    /// <param name="othersDestitute">Whether an origin without any connection waits for a permit.</param>
    public OriginStep Returned(PooledConnection pooled, in Moment moment, bool othersDestitute)
    {
        OriginStep step = default;

        // Story: the watch found the connection dead before this return came through; it has been counted as closed.
        if (pooled.State == PooledState.Gone)
        {
            return step;
        }

        Debug.Assert(pooled.State is PooledState.Leased or PooledState.Retired, "returned once");
        pooled.Address?.Served();
        if (WhyNotKeep(pooled, moment, othersDestitute) is { } reason)
        {
            state.Retire(pooled, reason);
            step.Close(pooled, reason);
            return step;
        }

        if (state.HasRoomFor(pooled) && state.Waiters.DequeueFor(pooled) is { } waiter)
        {
            pooled.Begins();
            step.Give(TakenConnection.Returned(pooled), waiter);
            return step;
        }

        BecomeIdle(pooled, moment, ref step);
        return step;
    }

    public void BecomeIdle(PooledConnection pooled, in Moment moment, ref OriginStep step)
    {
        pooled.BecomeIdle(moment);
        state.Idle.Push(pooled);
        step.Kind = StepKind.Idle;
        step.Pooled = pooled;

        // Story: 256 requests are always under way, and 100 connections may be idle. Between an answer and the next request a connection is
        // idle for an instant; closed then as one too many, it was dialed again at once, thousands of times a minute. So a surplus ages
        // first, and the sweep closes what nobody has needed meanwhile.
        step.IsSurplus = state.Idle.Count > state.Settings.MaxIdleConnectionsPerServer;
    }

    private CloseReason? WhyNotKeep(PooledConnection pooled, in Moment moment, bool othersDestitute) =>
        state.Phase == OriginPhase.Closing || (state.Phase == OriginPhase.Draining && !state.Waiters.HasAnyFor(pooled))
            ? CloseReason.Disposed
        : pooled.RetiredFor is { } retired ? retired
        : age.IsTooOld(pooled, moment.Now) ? CloseReason.Lifetime
        : state.Waiters.Count > 0 && othersDestitute ? CloseReason.MadeRoom
        : moment.IdleLimit == TimeSpan.Zero && !state.Waiters.HasAnyFor(pooled) ? CloseReason.IdleTimeout
        : null;

    // ---- The limit has room -----------------------------------------------------------------------------------------

    /// <summary>
    /// Gives an idle connection, or a slot of one, to a waiter that waits for the limit only. Asked behind every change, because there are
    /// many ways in which room comes to be; without a <see cref="OriginConcurrency"/> nobody waits beside an idle connection.
    /// </summary>
    /// <returns>The gift. <see cref="OriginStep.AdmitsMore"/>: ask again behind it.</returns>
    public OriginStep Admit(long now)
    {
        OriginStep step = default;
        if (!state.HasRoom || state.Phase is OriginPhase.Closing or OriginPhase.Removed || state.Waiters.First is not { } waiter)
        {
            return step;
        }

        if (!choice.TryTake(waiter.NeedsHttp2, now, out TakenConnection taken))
        {
            // Story: the oldest needs HTTP/2, whose dial is under way, and all others were held up by it beside idle connections.
            if (!waiter.NeedsHttp2
                || state.Waiters.FirstForAny is not { } other
                || !choice.TryTake(needsHttp2: false, now, out taken))
            {
                return step;
            }

            waiter = other;
        }

        if (taken.Stale is { } stale)
        {
            step.Close(taken.Pooled, stale);
            return step;
        }

        state.Waiters.Remove(waiter);
        step.Give(taken.Pooled.IsMultiplexed ? taken : taken with { IdleTime = age.IdleTime(taken.Pooled, now) }, waiter);
        step.AdmitsMore = true;
        return step;
    }

    // ---- A gift does not arrive -------------------------------------------------------------------------------------

    /// <summary>The waiter that the leased connection was for has gone.</summary>
    /// <returns>The next, if there is one.</returns>
    public PoolWaiter? NextFor(PooledConnection pooled) => state.HasRoomFor(pooled) ? state.Waiters.DequeueFor(pooled) : null;

    /// <summary>The connection that was meant for the waiter died on the way: another serves it, or it is back in line.</summary>
    public OriginStep DiedOnTheWay(PooledConnection dead, PoolWaiter waiter, long now)
    {
        OriginStep step = default;
        if (state.Phase == OriginPhase.Closing)
        {
            step.Fail(waiter, WaiterFailureKind.Disposed);
            return step;
        }

        if (waiter.IsDone)
        {
            return step;
        }

        // Story: while this waiter was out of the line another connection came back, found nobody waiting and became idle.
        // Story: its slot was given to the next in line meanwhile, and the limit of exchanges has no room for it any more.
        while (state.HasRoom && choice.TryTake(waiter.NeedsHttp2, now, out TakenConnection taken))
        {
            if (taken is { Stale: null, Pooled.IsMultiplexed: false })
            {
                taken = taken with { IdleTime = age.IdleTime(taken.Pooled, now) };
            }

            if (taken.Stale is not { } stale)
            {
                step.Give(taken, waiter);
                return step;
            }

            step.Close(taken.Pooled, stale);
        }

        // Nor would the dead one's end have planned a dial for it, so that is done here.
        state.Waiters.PutBackFirst(waiter);
        if (dead.State is PooledState.Gone or PooledState.Retired)
        {
            dials.FailForUnused(dead, dead.RetiredFor, ref step);
        }

        step.Dial = dials.Next();
        return step;
    }
}
