using Warmwire.Connections;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>
/// How long connections may be idle and live, and whether one has. Changes nothing; what it reads of a connection is its lessee's, or
/// guarded by the lock while it is idle.
/// </summary>
internal sealed class ConnectionAge
{
    private readonly HandlerSettings _settings;
    private readonly TimeProvider _time;
    private readonly double _ticksPerStamp;

    public ConnectionAge(HandlerSettings settings)
    {
        _settings = settings;
        _time = settings.TimeProvider;
        _ticksPerStamp = (double)TimeSpan.TicksPerSecond / _time.TimestampFrequency;
    }

    /// <summary>A new connection's own lifetime: the setting, shortened by up to the jitter.</summary>
    public TimeSpan DrawLifetime()
    {
        TimeSpan lifetime = _settings.PooledConnectionLifetime;
        return lifetime == Timeout.InfiniteTimeSpan
            ? lifetime
            : lifetime * (1 - (_settings.PooledConnectionLifetimeJitter * Random.Shared.NextDouble()));
    }

    /// <summary>The setting, or less when the server hinted at less.</summary>
    public TimeSpan IdleLimitOf(HttpConnection connection)
    {
        TimeSpan limit = _settings.PooledConnectionIdleTimeout;
        return connection.KeepAliveHint is { } hint && (limit == Timeout.InfiniteTimeSpan || hint < limit) ? hint : limit;
    }

    /// <summary>By the clock that says more: the monotonic one may have stood still while the machine was frozen.</summary>
    public TimeSpan IdleTime(PooledConnection connection, long now)
    {
        TimeSpan monotonic = Elapsed(connection.IdleSince, now);
        TimeSpan wall = _time.GetUtcNow() - connection.IdleSinceWall;
        return wall > monotonic ? wall : monotonic;
    }

    public bool IsTooOld(PooledConnection connection, long now) =>
        connection.Lifetime != Timeout.InfiniteTimeSpan && Elapsed(connection.OpenedAt, now) >= connection.Lifetime;

    /// <summary>Why an idle connection must not serve another request, if so.</summary>
    public CloseReason? WhyNotReuse(PooledConnection connection, long now, TimeSpan idleTime) =>
        connection.IdleLimit != Timeout.InfiniteTimeSpan && idleTime >= connection.IdleLimit ? CloseReason.IdleTimeout
        : IsTooOld(connection, now) ? CloseReason.Lifetime
        : null;

    /// <summary>The time when an idle connection will be too old, if ever, or <paramref name="next"/> if that is sooner.</summary>
    public TimeSpan? NextDue(TimeSpan? next, PooledConnection connection, long now, TimeSpan idleTime) =>
        NextEndOfLife(Earlier(next, connection.IdleLimit, idleTime), connection, now);

    /// <summary>The time when a connection will have lived too long, if ever, or <paramref name="next"/> if that is sooner.</summary>
    public TimeSpan? NextEndOfLife(TimeSpan? next, PooledConnection connection, long now) =>
        Earlier(next, connection.Lifetime, Elapsed(connection.OpenedAt, now));

    /// <summary>What is left of <paramref name="limit"/>, or <paramref name="next"/> if that is sooner.</summary>
    public static TimeSpan? Earlier(TimeSpan? next, TimeSpan limit, TimeSpan elapsed)
    {
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return next;
        }

        TimeSpan left = limit - elapsed;
        return next is { } known && known < left ? known : left;
    }

    /// <summary>As <see cref="TimeProvider.GetElapsedTime(long, long)"/>, without asking for the frequency each time.</summary>
    private TimeSpan Elapsed(long since, long now) => new((long)((now - since) * _ticksPerStamp));
}
