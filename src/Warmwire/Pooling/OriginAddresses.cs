using System.Net;

namespace Warmwire.Pooling;

/// <summary>The addresses of an origin: when its name is resolved again, and which of its connections the answer retires.</summary>
internal sealed class OriginAddresses(OriginState state, OriginDials dials)
{
    private readonly TimeProvider _time = state.Settings.TimeProvider;
    private long _lastRefresh = state.LastUsed;

    /// <summary>
    /// Whether the name is to be resolved again when the interval is over: some connection goes back to it, and it is in use, or will be:
    /// the connection was made beforehand and serves its first request yet.
    /// </summary>
    private bool IsToBeRefreshed
    {
        get
        {
            if (!state.Route.CanBeResolved || state.Settings.DnsRefreshInterval == Timeout.InfiniteTimeSpan)
            {
                return false;
            }

            foreach (PooledConnection pooled in state.Open)
            {
                if (pooled.ResolvedAddress is not null && (state.UsedSinceRefresh || pooled.Requests == 0))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The time when the name is to be resolved again, or <paramref name="next"/> if that is sooner.</summary>
    public TimeSpan? NextDue(TimeSpan? next, long now) =>
        IsToBeRefreshed ? ConnectionAge.Earlier(next, state.Settings.DnsRefreshInterval, _time.GetElapsedTime(_lastRefresh, now)) : next;

    /// <summary>Whether the name should be resolved again; says yes once per interval.</summary>
    public bool TryBeginRefresh(long now)
    {
        if (!IsToBeRefreshed || _time.GetElapsedTime(_lastRefresh, now) < state.Settings.DnsRefreshInterval)
        {
            return false;
        }

        _lastRefresh = now;
        state.UsedSinceRefresh = false;
        return true;
    }

    /// <summary>
    /// Retires the connections whose address is not in the answer: idle ones now, leased ones when they come back, shared ones at the end
    /// of their last exchange.
    /// </summary>
    public OriginStep Changed(IReadOnlySet<IPAddress> addresses)
    {
        OriginStep step = default;
        foreach (PooledConnection pooled in state.Open)
        {
            if (pooled.ResolvedAddress is { } address
                && !addresses.Contains(address)
                && state.Retire(pooled, CloseReason.AddressRetired) is { } reason)
            {
                step.Close(pooled, reason);
            }
        }

        // Waiters for a slot of one of them have to wait for another.
        step.Dial = dials.Next();
        return step;
    }
}
