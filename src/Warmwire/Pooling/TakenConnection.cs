namespace Warmwire.Pooling;

/// <summary>A connection, or one slot of it, that the plan has taken for a request. It is leased outside the lock, and may turn out to be dead there.</summary>
/// <param name="Pooled">The connection.</param>
/// <param name="FromIdle">Whether it was idle.</param>
/// <param name="IdleTime">How long; zero if it was in use. Of one that is not multiplexed it is measured outside the lock.</param>
/// <param name="Version">Of a multiplexed one: the version of its slots when the slot was taken.</param>
/// <param name="Stale">It is too old to serve: it is closed for this reason, and another is looked for.</param>
/// <param name="Reused">Whether it had served a request before.</param>
internal readonly record struct TakenConnection(PooledConnection Pooled, bool FromIdle, TimeSpan IdleTime, int Version, CloseReason? Stale, bool Reused = false)
{
    public static TakenConnection Returned(PooledConnection pooled) => new(pooled, FromIdle: false, TimeSpan.Zero, Version: 0, Stale: null);
}
