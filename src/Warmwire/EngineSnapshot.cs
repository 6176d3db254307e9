namespace Warmwire;

/// <summary>
/// How the event loop of the process is doing at one moment: one for all handlers, on Linux. docs/design/event-loop.md tells how it works.
/// </summary>
public sealed record EngineSnapshot
{
    internal EngineSnapshot()
    {
    }

    /// <summary>
    /// Loops that threads lead now: one, and more while it does not keep up, at most one for each processor, and 16; while code blocks them
    /// for most of their time, at most 32.
    /// </summary>
    public required int Loops { get; init; }

    /// <summary>Threads that lead a loop, wait to lead one, or are held up.</summary>
    public required int Threads { get; init; }

    /// <summary>Threads that are held up by code which blocks behind an <c>await</c> of the library, and have been replaced.</summary>
    public required int BlockedThreads { get; init; }

    /// <summary>How often another thread took a loop over because its own was held up.</summary>
    public required long Takeovers { get; init; }

    /// <summary>
    /// Whether code behind an <c>await</c> of the library blocks more than the loops are made for: it takes most of their time, or more
    /// than 32 threads are held up by it. It costs threads, and in the second case speed.
    /// </summary>
    public required bool CodeBlocks { get; init; }

    /// <summary>How often code was found to take most of the loops' time by blocking.</summary>
    public required long BlockingPeriods { get; init; }
}
