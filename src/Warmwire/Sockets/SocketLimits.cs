namespace Warmwire.Sockets;

/// <summary>Limits of the event loops that no setting governs; docs/limits.md lists them.</summary>
internal static class SocketLimits
{
    /// <summary>The greatest number of loops; otherwise there are at most as many as processors.</summary>
    public const int EventLoops = 16;

    /// <summary>The same while code blocks the loops for most of their time.</summary>
    public const int LoopsOfBlockingCode = 32;

    /// <summary>Events taken from the system at once by a loop that is alone.</summary>
    public const int EventsPerBatch = 128;

    /// <summary>The same while several loops are led: what one has taken the others cannot take.</summary>
    public const int EventsOfMany = 4;

    /// <summary>Looks at the loops between two decisions whether one more is led, or one less.</summary>
    public const int LooksUntilDecided = 64;

    /// <summary>Of those looks, at how many all loops must be at work for one more to be led.</summary>
    public const int LooksOfSaturation = 60;

    /// <summary>Of those looks, at how many each must be at work at least for all to go on.</summary>
    public const int LooksOfUse = 40;

    /// <summary>So many looks at a callback that holds nothing up; then its loop is taken over all the same.</summary>
    public const int LooksAtNothingHeldUp = 16;

    /// <summary>Threads held up by user code that blocks; with more, what completes goes on on the thread pool.</summary>
    public const int BlockedLoopThreads = 32;

    /// <summary>A leader looks at the clock behind so many callbacks, unless one of the last took long.</summary>
    public const int CallbacksPerLook = 4;

    /// <summary>After so many short callbacks in a row it is not asked any more what the thread of the loop uses.</summary>
    public const int ShortCallbacksUnwatched = 8;

    /// <summary>A processor is free if all that may be used were idle for so many percent of the time, taken together.</summary>
    public const int FreeProcessorPercent = 75;

    /// <summary>One loop is let go if the threads of all waited for processors for so many percent of the time, together.</summary>
    public const int WaitForProcessorsPercent = 25;

    /// <summary>Threads kept ready to take a loop over.</summary>
    public const int SpareLoopThreads = 16;

    /// <summary>The time after which the instruments of the event loop are published.</summary>
    public static readonly TimeSpan UnpublishedTime = TimeSpan.FromSeconds(1);

    /// <summary>No loop is added for so long when one was let go for want of a processor.</summary>
    public static readonly TimeSpan LoopPauseAtFirst = TimeSpan.FromSeconds(1);

    /// <summary>The same when that came again and again.</summary>
    public static readonly TimeSpan LoopPauseAtMost = TimeSpan.FromSeconds(30);

    /// <summary>What was known of the processors so long ago says nothing of now.</summary>
    public static readonly TimeSpan IdleTimeIsOld = TimeSpan.FromSeconds(1);

    /// <summary>The time after which a spare thread ends.</summary>
    public static readonly TimeSpan SpareLoopThreadLifetime = TimeSpan.FromSeconds(10);

    /// <summary>A callback that takes so long may be one that blocks.</summary>
    public static readonly TimeSpan LongCallback = TimeSpan.FromMicroseconds(100);

    /// <summary>Code that blocks for so long is best met by takeovers alone.</summary>
    public static readonly TimeSpan BlockWorthATakeover = TimeSpan.FromMilliseconds(2);

    /// <summary>Pieces of shared work that a loop does before it looks for events again.</summary>
    public const int WorkAtOnce = 4;

    /// <summary>The time over which it is judged how much of it the threads of the loops were blocked.</summary>
    public static readonly TimeSpan BlockingWindow = TimeSpan.FromMilliseconds(4);

    /// <summary>How long more loops are led when the threads of the loops were blocked for half of that time.</summary>
    public static readonly TimeSpan BlockingAtFirst = TimeSpan.FromMilliseconds(20);

    /// <summary>The same when that was found again and again.</summary>
    public static readonly TimeSpan BlockingAtMost = TimeSpan.FromMilliseconds(320);

    /// <summary>How often the loops are looked at; one that is still in the same callback is taken over.</summary>
    public static readonly TimeSpan LoopCheckInterval = TimeSpan.FromMilliseconds(1);

    /// <summary>The same while a thread that was deposed stays away: code that blocks once blocks again.</summary>
    public static readonly TimeSpan LoopCheckIntervalAfterTakeover = TimeSpan.FromMicroseconds(250);

    /// <summary>How long the shorter interval lasts at most, after the last takeover.</summary>
    public static readonly TimeSpan FrequentLoopChecks = TimeSpan.FromMilliseconds(100);
}
