namespace Warmwire.Pooling;

/// <summary>
/// Closes idle connections of an origin: the old ones in time, the least recently used where a limit is passed, all on demand.
/// </summary>
internal sealed class OriginAging(OriginState state, OriginAddresses addresses, OriginDials dials, ConnectionAge age)
{
    /// <summary>
    /// Closes what has been idle or has lived too long, and what is too many and was not needed for a while; what is shared and never
    /// becomes idle gets no more exchanges.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="next">When the next one is due; <see langword="null"/> if nothing here will be.</param>
    public OriginStep Sweep(long now, out TimeSpan? next)
    {
        OriginStep step = default;
        next = null;
        int surplus = state.Idle.Count - state.Settings.MaxIdleConnectionsPerServer;
        foreach (PooledConnection pooled in state.Idle.OldestFirst())
        {
            TimeSpan idleTime = age.IdleTime(pooled, now);
            bool isSurplus = surplus-- > 0;
            if ((age.WhyNotReuse(pooled, now, idleTime) ?? WhyNotKeep(isSurplus, idleTime)) is { } reason)
            {
                state.Retire(pooled, reason);
                step.Close(pooled, reason);
                continue;
            }

            next = age.NextDue(next, pooled, now, idleTime);
            if (isSurplus)
            {
                next = ConnectionAge.Earlier(next, PoolLimits.KeepSurplusIdle, idleTime);
            }
        }

        for (int i = state.Shared.Count - 1; i >= 0; i--)
        {
            PooledConnection pooled = state.Shared[i];
            if (age.IsTooOld(pooled, now))
            {
                state.Retire(pooled, CloseReason.Lifetime);
                step.Dial ??= dials.Next();
            }
            else
            {
                next = age.NextEndOfLife(next, pooled, now);
            }
        }

        addresses.Sweep(now, ref step);
        next = addresses.NextDue(next, now);
        return step;
    }

    private static CloseReason? WhyNotKeep(bool isSurplus, TimeSpan idleTime) =>
        isSurplus && idleTime >= PoolLimits.KeepSurplusIdle ? CloseReason.IdleLimit : null;

    /// <summary>Takes a connection out of the idle ones, to be closed for this reason, if it was idle all the time.</summary>
    /// <param name="pooled">The connection.</param>
    /// <param name="idleSince">Since when it was seen to be idle.</param>
    /// <param name="reason">Why.</param>
    public bool TryTakeIdle(PooledConnection pooled, long idleSince, CloseReason reason)
    {
        if (pooled.State != PooledState.Idle || pooled.IdleSince != idleSince)
        {
            return false;
        }

        state.Retire(pooled, reason);
        return true;
    }

    /// <summary>The application wants the connection closed: at once if it is idle, else behind what it serves.</summary>
    public OriginStep Evict(PooledConnection pooled)
    {
        OriginStep step = default;
        if (pooled.State is PooledState.Idle or PooledState.Leased or PooledState.Shared)
        {
            // One that has not begun is asked about again; one that has ended, or is to, needs nothing.
            bool served = pooled.State == PooledState.Shared;
            if (state.Retire(pooled, CloseReason.Evicted) is { } reason)
            {
                step.Close(pooled, reason);
            }

            step.Dial = served ? dials.Next() : null;
        }

        return step;
    }

    public OriginStep CloseIdle(CloseReason reason)
    {
        OriginStep step = default;
        while (state.Idle.Oldest is { } pooled)
        {
            state.Retire(pooled, reason);
            step.Close(pooled, reason);
        }

        return step;
    }
}
