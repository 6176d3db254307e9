using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The slots of an origin's multiplexed connections: a connection with none taken is idle like any other, a slot that ends serves the
/// oldest waiter, a connection that takes no more exchanges gets none and is closed behind its last one.
/// </summary>
/// <remarks>
/// What a connection tells comes from any thread and in any order, also after its end: what comes for one that is gone is ignored.
/// </remarks>
internal sealed class OriginSlots(OriginState state, OriginDials dials, OriginChoice choice, OriginLeases leases, ConnectionAge age)
{
    // ---- What connections tell --------------------------------------------------------------------------------------

    /// <summary>An exchange is over.</summary>
    /// <param name="pooled">Its connection.</param>
    /// <param name="moment">The time.</param>
    /// <param name="othersDestitute">Whether an origin without any connection waits for a permit.</param>
    /// <param name="mayYield">Whether this connection may retire to make room for it; <see langword="false"/> on return if that was not
    /// used.</param>
    public OriginStep Ended(PooledConnection pooled, in Moment moment, bool othersDestitute, ref bool mayYield)
    {
        bool yields = mayYield;
        mayYield = false;
        if (pooled.State == PooledState.Gone)
        {
            return default;
        }

        pooled.EndSlot();
        pooled.Address?.Served();
        if (yields && pooled.Slots.Taken > 0 && pooled.State != PooledState.Retired)
        {
            mayYield = true;
            state.Retire(pooled, CloseReason.MadeRoom, yields: true);
        }

        OriginStep step = Next(pooled, moment, makesRoom: othersDestitute);
        step.Pooled = pooled;
        step.EndedSlots = 1;
        step.ServesMore = false;
        return step;
    }

    public OriginStep LimitChanged(PooledConnection pooled, in Moment moment)
    {
        if (pooled.State == PooledState.Gone)
        {
            return default;
        }

        // Story: two changes are told by two threads, and the older one comes second. So it is read here, in the order of the lock.
        state.LimitIs(pooled);

        return Next(pooled, moment, makesRoom: false);
    }

    public OriginStep Suspended(PooledConnection pooled, in Moment moment)
    {
        pooled.Slots.Suspended();
        return Next(pooled, moment, makesRoom: false);
    }

    public OriginStep Resumed(PooledConnection pooled, in Moment moment)
    {
        pooled.Slots.Resumed();
        return Next(pooled, moment, makesRoom: false);
    }

    public OriginStep Retire(PooledConnection pooled, CloseReason reason, in Moment moment)
    {
        if (pooled.State == PooledState.Gone)
        {
            return default;
        }

        pooled.Slots.Told();
        state.Retire(pooled, reason);
        return Next(pooled, moment, makesRoom: false);
    }

    /// <summary>The server wants HTTP/1.1: none of the origin's HTTP/2 connections takes another exchange, and none is dialed.</summary>
    public OriginStep Http11Required()
    {
        OriginStep step = default;
        if (state.Route.Protocols != ProtocolOffer.Http2OrHttp1 || state.Phase == OriginPhase.Closing)
        {
            // A request for HTTP/2 without TLS asks for nothing else.
            return step;
        }

        state.Learned(ProtocolKnowledge.Http1Required);
        foreach (PooledConnection pooled in state.Multiplexed)
        {
            if (state.Retire(pooled, CloseReason.Http11Required) is { } reason)
            {
                step.Close(pooled, reason);
            }
        }

        dials.FailForHttp2(ref step);
        step.Dial = dials.Next();
        return step;
    }

    // ---- What the pool tells ----------------------------------------------------------------------------------------

    /// <summary>A new connection, which was not leased yet, has begun to speak: it serves the waiters, or is idle.</summary>
    public OriginStep Offered(PooledConnection pooled, in Moment moment)
    {
        if (pooled.State != PooledState.Opening)
        {
            // It has told its end, or its retirement, before it was offered; what follows from that is done.
            return default;
        }

        OriginStep step = default;
        if (state.Phase == OriginPhase.Closing)
        {
            step.Close(pooled, CloseReason.Disposed);
            return step;
        }

        if (state.Protocol == ProtocolKnowledge.Http1Required)
        {
            // Story: the server asked for HTTP/1.1 on another connection while this one was dialed.
            step.Close(pooled, CloseReason.Http11Required);
            return step;
        }

        return Next(pooled, moment, makesRoom: false, isOffer: true);
    }

    /// <summary>All are served that a new connection serves; for the others the line may be too long.</summary>
    public OriginStep FailSurplus()
    {
        OriginStep step = default;
        dials.FailSurplus(ref step, noPermit: false);
        return step;
    }

    /// <summary>The connection refused the request that a slot had been taken for.</summary>
    /// <param name="taken">The slot.</param>
    /// <param name="counted">Whether the request has been counted.</param>
    /// <param name="moment">The time.</param>
    public OriginStep Refused(in TakenConnection taken, bool counted, in Moment moment)
    {
        PooledConnection pooled = taken.Pooled;
        if (counted)
        {
            pooled.Requests--;
        }

        if (pooled.State == PooledState.Gone)
        {
            return default;
        }

        pooled.Slots.Refused(taken.Version);
        pooled.EndSlot();
        OriginStep step = Next(pooled, moment, makesRoom: false);
        step.Pooled = pooled;
        step.EndedSlots = 1;
        step.ServesMore = false;
        return step;
    }

    /// <summary>The connection is closed.</summary>
    /// <returns>The slots that were taken.</returns>
    public int Gone(PooledConnection pooled)
    {
        if (!pooled.IsMultiplexed)
        {
            return 0;
        }

        state.Shared.Remove(pooled);
        state.Multiplexed.Remove(pooled);
        EndOpening(pooled);
        return pooled.EndSlots();
    }

    /// <summary>
    /// Story: a connection retires before it was offered. Counted out of those that are opening at once, a dial would be planned for its
    /// waiters, and they would not be failed with it (<see cref="OriginDials.FailForUnused"/>). So one that is never offered counts until
    /// it is gone.
    /// </summary>
    private void EndOpening(PooledConnection pooled)
    {
        if (pooled is { IsMultiplexed: true, IsOffered: false })
        {
            state.Opening--;
        }
    }

    // ---- What follows -----------------------------------------------------------------------------------------------

    /// <summary>Whether the connection serves another waiter.</summary>
    public OriginStep Next(PooledConnection pooled, in Moment moment) => Next(pooled, moment, makesRoom: false);

    /// <summary>Decides what becomes of the connection: it serves the oldest waiter, becomes idle, is closed, or stays as it is.</summary>
    private OriginStep Next(PooledConnection pooled, in Moment moment, bool makesRoom, bool isOffer = false)
    {
        OriginStep step = default;
        if (pooled.State == PooledState.Gone || (pooled.State == PooledState.Opening && !isOffer))
        {
            return step;
        }

        if (isOffer)
        {
            EndOpening(pooled);
            pooled.Offer();
        }

        bool wanted = state.Waiters.Count > 0;
        int taken = pooled.Slots.Taken;
        bool hasFreeSlot = pooled.HasFreeSlot;

        // Story: opening takes longer than a connection may live, or it may not live at all. Closed for that before it served those it was
        // opened for, it would be dialed again and again. As with HTTP/1.1, the waiters for it have it.
        bool isForWaiter = wanted && !pooled.HasServed && taken == 0 && hasFreeSlot;
        CloseReason? reason = pooled.RetiredFor
            ?? (!isForWaiter && age.IsTooOld(pooled, moment.Now) ? CloseReason.Lifetime
            : pooled.State == PooledState.Idle || taken > 0 ? null
            : state.Phase == OriginPhase.Closing || (state.Phase == OriginPhase.Draining && !wanted) ? CloseReason.Disposed
            : wanted && makesRoom ? CloseReason.MadeRoom
            : !wanted && moment.IdleLimit == TimeSpan.Zero ? CloseReason.IdleTimeout
            : null);
        if (reason is { } retired)
        {
            if (state.Retire(pooled, retired) is { } now)
            {
                step.Close(pooled, now);
            }

            step.Dial = dials.Next();
            return step;
        }

        if (wanted && hasFreeSlot && state.HasRoom)
        {
            TimeSpan idleTime = pooled.State == PooledState.Idle ? age.IdleTime(pooled, moment.Now) : TimeSpan.Zero;
            step.Give(choice.TakeSlot(pooled, idleTime), state.Waiters.Dequeue()!);
            step.ServesMore = true;
            return step;
        }

        step.Dial = wanted ? dials.Next() : null;
        if (taken == 0 && pooled.State != PooledState.Idle)
        {
            state.Shared.Remove(pooled);
            leases.BecomeIdle(pooled, moment, ref step);
        }

        return step;
    }
}
