using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>Closes connections of an origin that rest: the old ones in time, the least recently used where a limit is passed, all on demand.</summary>
internal sealed class OriginAging
{
    // Immutable.
    private readonly OriginState _state;
    private readonly OriginAddresses _addresses;
    private readonly ConnectionAge _age;

    public OriginAging(OriginState state, OriginAddresses addresses, ConnectionAge age)
    {
        _state = state;
        _addresses = addresses;
        _age = age;
    }

    /// <summary>Closes what has rested or lived too long.</summary>
    /// <returns>When the next one is due; <see langword="null"/> if nothing here will be.</returns>
    public TimeSpan? Sweep(long now)
    {
        List<(HttpConnection Connection, CloseReason Reason)> old = [];
        TimeSpan? next = null;
        lock (_state.Gate)
        {
            foreach (HttpConnection connection in _state.Idle.OldestFirst())
            {
                TimeSpan idleTime = _age.IdleTime(connection, now);
                if (_age.WhyNotReuse(connection, now, idleTime) is { } reason)
                {
                    _state.Idle.Remove(connection);
                    old.Add((connection, reason));
                }
                else
                {
                    next = _age.NextDue(next, connection, now, idleTime);
                }
            }

            next = _addresses.NextDue_NeedsLock(next, now);
        }

        foreach ((HttpConnection connection, CloseReason reason) in old)
        {
            connection.Close(reason);
        }

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
                _state.Idle.Remove(oldest);
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
            while (_state.Idle.Pop() is { } connection)
            {
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
