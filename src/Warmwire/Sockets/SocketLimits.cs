namespace Warmwire.Sockets;

/// <summary>Limits of the event loops that no setting governs; docs/limits.md lists them.</summary>
internal static class SocketLimits
{
    /// <summary>The greatest number of loops; otherwise there are as many as processors.</summary>
    public const int EventLoops = 16;

    /// <summary>Events taken from the system at once.</summary>
    public const int EventsPerBatch = 128;

    /// <summary>Threads held up by user code that blocks; with more, what completes goes on on the thread pool.</summary>
    public const int BlockedLoopThreads = 32;

    /// <summary>Threads kept ready to take a loop over.</summary>
    public const int SpareLoopThreads = 16;

    /// <summary>The time after which a spare thread ends.</summary>
    public static readonly TimeSpan SpareLoopThreadLifetime = TimeSpan.FromSeconds(10);

    /// <summary>How often the loops are looked at; one that is still in the same callback is taken over.</summary>
    public static readonly TimeSpan LoopCheckInterval = TimeSpan.FromMilliseconds(1);

    /// <summary>The same after a loop was taken over: code that blocks once blocks again.</summary>
    public static readonly TimeSpan LoopCheckIntervalAfterTakeover = TimeSpan.FromMicroseconds(250);

    /// <summary>How long the shorter interval lasts.</summary>
    public static readonly TimeSpan FrequentLoopChecks = TimeSpan.FromMilliseconds(100);
}
