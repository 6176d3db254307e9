using System.Net;
using Warmwire.Connections;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>When an origin's name is resolved again, and which of its connections the answer retires.</summary>
internal sealed class OriginAddresses
{
    // Immutable.
    private readonly OriginState _state;
    private readonly HandlerSettings _settings;
    private readonly TimeProvider _time;
    private readonly OriginDials _dials;

    // Guarded by the state's gate.
    private long _lastRefresh;

    public OriginAddresses(OriginState state, OriginDials dials, HandlerSettings settings)
    {
        _state = state;
        _dials = dials;
        _settings = settings;
        _time = settings.TimeProvider;
        _lastRefresh = state.LastUsed;
    }

    /// <summary>
    /// Whether the name is to be resolved again when the interval is over: some connection goes back to it, and it is in use, or will be: the
    /// connection was made beforehand and serves its first request yet.
    /// </summary>
    private bool IsToBeRefreshed_NeedsLock
    {
        get
        {
            if (!_state.Key.CanBeResolved || _settings.DnsRefreshInterval == Timeout.InfiniteTimeSpan)
            {
                return false;
            }

            foreach (HttpConnection connection in _state.Open)
            {
                if (connection.Dialed.ResolvedAddress is not null && (_state.UsedSinceRefresh || connection.Link.Requests == 0))
                {
                    return true;
                }
            }

            return false;
        }
    }

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

    /// <summary>Retires the connections whose address is not in the answer: idle ones now, busy ones when they come back, shared ones at the end of their last exchange.</summary>
    public void Are(IReadOnlySet<IPAddress> addresses)
    {
        List<(HttpConnection Connection, CloseReason Reason)> retired = [];
        List<PlannedDial>? dials;
        lock (_state.Gate)
        {
            foreach (HttpConnection connection in _state.Open)
            {
                if (connection.Dialed.ResolvedAddress is { } address && !addresses.Contains(address))
                {
                    if (_state.Retire_NeedsLock(connection, CloseReason.AddressRetired) is { } reason)
                    {
                        retired.Add((connection, reason));
                    }
                }
            }

            // Those who waited for a place on one of them have to wait for another.
            dials = _dials.Plan_NeedsLock();
        }

        foreach ((HttpConnection connection, CloseReason reason) in retired)
        {
            connection.Close(reason);
        }

        _dials.Start(dials);
    }
}
