namespace Warmwire;

/// <summary>
/// Why a connection was opened. Every dial has exactly one reason; it is counted per origin in the snapshot, in metrics and in the log.
/// </summary>
public enum DialReason
{
    /// <summary>The origin had no connection at all, or none that takes requests.</summary>
    First,

    /// <summary>Every connection of the origin was serving a request.</summary>
    AllBusy,

    /// <summary>A request is replayed because the reused connection it was sent on turned out to be dead.</summary>
    Replacement,

    /// <summary><see cref="PooledHttpHandler.PrewarmAsync(Uri, int, Version, CancellationToken)"/> asked for it.</summary>
    Prewarm,

    /// <summary>Every HTTP/2 connection of the origin was serving as many streams as the server allows.</summary>
    AllAtStreamLimit,
}
