using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>Closes connections of an origin that rest: the old ones in time, the least recently used where a limit is passed, all on demand.</summary>
internal sealed class OriginAging
{
    // Immutable.
    private readonly OriginState _state;
    private readonly OriginAddresses _addresses;
    private readonly OriginDials _dials;
    private readonly ConnectionAge _age;

    public OriginAging(OriginState state, OriginAddresses addresses, OriginDials dials, ConnectionAge age)
    {
        _state = state;
        _addresses = addresses;
        _dials = dials;
        _age = age;
    }

    /// <summary>Closes what has rested or lived too long; what is shared and never comes to rest gets no more exchanges.</summary>
    /// <returns>When the next one is due; <see langword="null"/> if nothing here will be.</returns>
    public TimeSpan? Sweep(long now)
    {
        List<(HttpConnection Connection, CloseReason Reason)> old = [];
        TimeSpan? next = null;
        List<PlannedDial>? dials = null;
        lock (_state.Gate)
        {
            foreach (HttpConnection connection in _state.Idle.OldestFirst())
            {
                TimeSpan idleTime = _age.IdleTime(connection, now);
                if (_age.WhyNotReuse(connection, now, idleTime) is { } reason)
                {
                    _state.Retire_NeedsLock(connection, reason);
                    old.Add((connection, reason));
                }
                else
                {
                    next = _age.NextDue(next, connection, now, idleTime);
                }
            }

            for (int i = _state.Shared.Count - 1; i >= 0; i--)
            {
                HttpConnection connection = _state.Shared[i];
                if (_age.IsTooOld(connection, now))
                {
                    _state.Retire_NeedsLock(connection, CloseReason.Lifetime);
                    dials = _dials.Plan_NeedsLock() ?? dials;
                }
                else
                {
                    next = _age.NextEndOfLife(next, connection, now);
                }
            }

            next = _addresses.NextDue_NeedsLock(next, now);
        }

        foreach ((HttpConnection connection, CloseReason reason) in old)
        {
            connection.Close(reason);
        }

        _dials.Start(dials);
        return next;
    }

    /// <summary>When the least recently used idle connection came to rest, or <see cref="IdleStack.NoneIdle"/>; as it was a moment ago.</summary>
    public long OldestIdleSince => _state.Idle.OldestSince;

    public bool CloseOldestIdle(CloseReason reason)
    {
        HttpConnection? oldest;
        lock (_state.Gate)
        {
            oldest = _state.Idle.Oldest;
            if (oldest is not null)
            {
                _state.Retire_NeedsLock(oldest, reason);
            }
        }

        oldest?.Close(reason);
        return oldest is not null;
    }

    public int CloseIdle(CloseReason reason)
    {
        List<HttpConnection> idle = [];
        lock (_state.Gate)
        {
            while (_state.Idle.Oldest is { } connection)
            {
                _state.Retire_NeedsLock(connection, reason);
                idle.Add(connection);
            }
        }

        foreach (HttpConnection connection in idle)
        {
            connection.Close(reason);
        }

        return idle.Count;
    }
}
