using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>Which of an origin's connections serves the next request; docs/design/http2-pool.md has the reasons.</summary>
internal sealed class OriginChoice(OriginState state, ConnectionAge age)
{
    /// <summary>Takes an idle connection, or a slot of one that is shared.</summary>
    /// <param name="needsHttp2">Whether HTTP/1.1 will not do.</param>
    /// <param name="now">The time.</param>
    /// <param name="taken">What was taken.</param>
    public bool TryTake(bool needsHttp2, long now, out TakenConnection taken)
    {
        PooledConnection? best = state.Shared.Count == 0 ? null : LeastLoaded(now);

        // Below half of its limit the one in use serves alone: what a burst has opened besides becomes idle, grows old and goes.
        PooledConnection? idle = best is not null && best.Slots.Taken < best.Slots.Limit - best.Slots.Taken
            ? null
            : state.Addresses.Choose(state.Idle, needsHttp2, now);
        if (idle is null)
        {
            if (best is null)
            {
                taken = default;
                return false;
            }

            taken = TakeSlot(best, TimeSpan.Zero);
            return true;
        }

        if (!idle.IsMultiplexed)
        {
            state.Idle.Remove(idle);
            idle.MoveTo(PooledState.Leased);
            taken = new TakenConnection(idle, FromIdle: true, TimeSpan.Zero, Version: 0, Stale: null);
            return true;
        }

        // Story: an old connection is taken out of the idle stack, and before its taker has looked at its age another request takes a
        // second slot of it. Closed for its age now, it would take that exchange along. So a connection that is shared is looked at under
        // the lock.
        TimeSpan idleTime = age.IdleTime(idle, now);
        if (age.WhyNotReuse(idle, now, idleTime) is { } stale)
        {
            state.Retire(idle, stale);
            taken = new TakenConnection(idle, FromIdle: true, idleTime, Version: 0, stale);
            return true;
        }

        taken = TakeSlot(idle, idleTime);
        return true;
    }

    /// <summary>Takes a slot of this one, which has a free one.</summary>
    public TakenConnection TakeSlot(PooledConnection pooled, TimeSpan idleTime)
    {
        Debug.Assert(pooled.HasFreeSlot, "a slot is free");
        bool fromIdle = pooled.State == PooledState.Idle;
        if (fromIdle)
        {
            state.Idle.Remove(pooled);
        }

        if (pooled.State != PooledState.Shared)
        {
            state.Shared.Add(pooled);
            pooled.MoveTo(PooledState.Shared);
        }

        pooled.TakeSlot();
        return new TakenConnection(pooled, fromIdle, idleTime, pooled.Slots.Version, Stale: null);
    }

    /// <summary>What is too old for another exchange is found here too: a sweep may be late.</summary>
    private PooledConnection? LeastLoaded(long now)
    {
        while (state.Shared.LeastLoaded() is { } best)
        {
            if (!age.IsTooOld(best, now))
            {
                return best;
            }

            state.Retire(best, CloseReason.Lifetime);
        }

        return null;
    }
}
