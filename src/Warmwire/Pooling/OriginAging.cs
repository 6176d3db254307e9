namespace Warmwire.Pooling;

/// <summary>
/// Closes idle connections of an origin: the old ones in time, the least recently used where a limit is passed, all on demand.
/// </summary>
internal sealed class OriginAging(OriginState state, OriginAddresses addresses, OriginDials dials, ConnectionAge age)
{
    /// <summary>
    /// When the least recently used idle connection became idle, or <see cref="IdleStack.NoneIdle"/>. Read without the lock, so it may be a
    /// moment old.
    /// </summary>
    public long OldestIdleSince => state.Idle.OldestSince;

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

    /// <summary>Takes the least recently used out of the idle ones, to be closed for this reason.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="idleSince">Only if it became idle by then.</param>
    public PooledConnection? TakeOldestIdle(CloseReason reason, long idleSince = IdleStack.NoneIdle)
    {
        if (state.Idle.Oldest is not { } oldest || oldest.IdleSince > idleSince)
        {
            return null;
        }

        state.Retire(oldest, reason);
        return oldest;
    }

    public OriginStep CloseIdle(CloseReason reason)
    {
        OriginStep step = default;
        while (TakeOldestIdle(reason) is { } pooled)
        {
            step.Close(pooled, reason);
        }

        return step;
    }
}
