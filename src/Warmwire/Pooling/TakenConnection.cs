using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>A connection, or one place on it, that was taken for a request under the gate. Whoever took it leases it outside.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="FromRest">Whether it was resting.</param>
/// <param name="IdleTime">How long; zero if it was in use. Of one that is not multiplexed it is measured outside the gate.</param>
/// <param name="News">Of a multiplexed one: what it had told when the place was taken (<see cref="PoolLink.News"/>).</param>
/// <param name="Stale">It is too old to serve: whoever took it closes it for this reason and looks again.</param>
internal readonly record struct TakenConnection(HttpConnection Connection, bool FromRest, TimeSpan IdleTime, int News, CloseReason? Stale)
{
    public static TakenConnection NotMultiplexed(HttpConnection connection, TimeSpan idleTime) => new(connection, FromRest: false, idleTime, News: 0, Stale: null);
}
