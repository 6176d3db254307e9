namespace Warmwire.Sockets;

/// <summary>What a thread has used of its processor, and how often it has given it up of its own accord, up to one moment.</summary>
/// <remarks>
/// Both are needed to tell code that blocks from a thread that the system does not run: neither uses the processor, but only the first has
/// given it up.
/// </remarks>
internal readonly record struct ThreadUse(long At, TimeSpan Processor, long GivenUp)
{
    /// <summary>Of this thread: two system calls.</summary>
    public static ThreadUse Now() =>
        new(TimeProvider.System.GetTimestamp(), LibC.ProcessorTimeOfThread(), LibC.VoluntarySwitchesOfThread());

    /// <summary>For how long the thread was blocked since; zero if that is the smaller part of the time.</summary>
    public TimeSpan BlockedSince(in ThreadUse before)
    {
        TimeSpan passed = TimeProvider.System.GetElapsedTime(before.At, At);
        TimeSpan away = passed - (Processor - before.Processor);
        return GivenUp > before.GivenUp && away > passed / 2 ? away : TimeSpan.Zero;
    }
}
