using System.Net;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>When an origin's name is resolved again, and which of its connections the answer retires.</summary>
internal sealed class OriginAddresses
{
    // Immutable.
    private readonly OriginState _state;
    private readonly HandlerSettings _settings;
    private readonly TimeProvider _time;

    // Guarded by the state's gate.
    private long _lastRefresh;

    public OriginAddresses(OriginState state, HandlerSettings settings)
    {
        _state = state;
        _settings = settings;
        _time = settings.TimeProvider;
        _lastRefresh = state.LastUsed;
    }

    /// <summary>Whether the name is to be resolved again when the interval is over: it is in use, and some connection goes back to it.</summary>
    private bool IsToBeRefreshed_NeedsLock =>
        _state.Key.CanBeResolved && _state.UsedSinceRefresh && _settings.DnsRefreshInterval != Timeout.InfiniteTimeSpan
        && _state.Open.Any(static connection => connection.Dialed.ResolvedAddress is not null);

    /// <summary>When the name is to be resolved again, or <paramref name="next"/> if that is sooner.</summary>
    public TimeSpan? NextDue_NeedsLock(TimeSpan? next, long now) =>
        IsToBeRefreshed_NeedsLock ? ConnectionAge.Earlier(next, _settings.DnsRefreshInterval, _time.GetElapsedTime(_lastRefresh, now)) : next;

    /// <summary>Whether the name should be resolved again; says yes once per interval.</summary>
    public bool TryBeginRefresh(long now)
    {
        lock (_state.Gate)
        {
            if (!IsToBeRefreshed_NeedsLock || _time.GetElapsedTime(_lastRefresh, now) < _settings.DnsRefreshInterval)
            {
                return false;
            }

            _lastRefresh = now;
            _state.UsedSinceRefresh = false;
            return true;
        }
    }

    /// <summary>Retires the connections whose address is not in the answer: idle ones now, busy ones when they come back.</summary>
    public void Are(IReadOnlySet<IPAddress> addresses)
    {
        List<HttpConnection> retired = [];
        lock (_state.Gate)
        {
            foreach (HttpConnection connection in _state.Open)
            {
                if (connection.Dialed.ResolvedAddress is { } address && !addresses.Contains(address))
                {
                    connection.Link.RetiredFor = CloseReason.AddressRetired;
                    if (connection.Link.Place == PoolPlace.Idle)
                    {
                        retired.Add(connection);
                    }
                }
            }

            foreach (HttpConnection connection in retired)
            {
                _state.Idle.Remove(connection);
            }
        }

        foreach (HttpConnection connection in retired)
        {
            connection.Close(CloseReason.AddressRetired);
        }
    }
}
