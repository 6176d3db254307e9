namespace Warmwire.Pooling;

/// <summary>Limits of the pool that no setting governs; docs/limits.md lists them.</summary>
internal static class PoolLimits
{
    /// <summary>
    /// An origin that has had neither a connection nor a request for this time is forgotten; its counts are kept in one sum.
    /// </summary>
    public static readonly TimeSpan KeepUnusedOrigin = TimeSpan.FromSeconds(10);

    /// <summary>A connection that is one too many among the idle ones is closed when nobody has needed it for this time.</summary>
    public static readonly TimeSpan KeepSurplusIdle = TimeSpan.FromSeconds(5);

    /// <summary>Origins that are found without a look-up in the table of all.</summary>
    public const int RecentOrigins = 16;

    /// <summary>A dial that has waited so long for its thread has the rest of its line ask for threads with it.</summary>
    public static readonly TimeSpan LateTurn = TimeSpan.FromMilliseconds(5);

    /// <summary>How many streams an HTTP/2 connection is taken to serve until the server has told.</summary>
    public const int StreamsUntilKnown = 100;

    /// <summary>Sweeps are at least this far apart.</summary>
    public static readonly TimeSpan SweepSpacing = TimeSpan.FromMilliseconds(50);

    /// <summary>A sweep looks after so many origins at most; the next one goes on.</summary>
    public const int OriginsPerSweep = 1000;

    /// <summary>An origin is looked after at least this often.</summary>
    public static readonly TimeSpan SweepAtLeastEvery = TimeSpan.FromMinutes(1);

    /// <summary>How long it is from one round over the connections, with <see cref="PooledHttpHandler.ShouldEvictConnection"/>, to the
    /// next.</summary>
    public static readonly TimeSpan EvictionInterval = TimeSpan.FromSeconds(5);

    /// <summary>Connections that the callback is asked about at a time.</summary>
    public const int EvictionsAtOnce = 16;

    /// <summary>How long it may take to answer; later is no.</summary>
    public static readonly TimeSpan EvictionAnswer = TimeSpan.FromSeconds(10);

    /// <summary>An event tells of an allowance of which an HTTP/2 server used so many percent.</summary>
    public const int AllowanceWorthTelling = 10;

    /// <summary>How long <see cref="PooledHttpHandler.DisposeAsync"/> waits for exchanges that are under way.</summary>
    public static readonly TimeSpan GracefulClose = TimeSpan.FromSeconds(30);
}
