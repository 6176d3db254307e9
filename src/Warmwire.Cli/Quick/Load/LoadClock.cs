using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Nanoseconds of a clock that only goes forward, and a wait that ends within some microseconds of its time.
/// <see cref="Thread.Sleep(int)"/> knows whole milliseconds, which would be charged to the server; spinning all the time would take a core
/// from it, so only the last moment is spun.
/// </summary>
internal static partial class LoadClock
{
    private const int Monotonic = 1;
    private const int AbsoluteTime = 1;
    private const int SetTimerSlack = 29;

    /// <summary>A wait checks at least this often whether it was cancelled.</summary>
    private const long LongestSleep = 50_000_000;

    /// <summary>A sleeping thread is woken some hundred microseconds late at times, as a processor that slept has to wake up too.</summary>
    private const long LongestSpin = 500_000;

    /// <summary>Spinning takes at most a 50th of one processor.</summary>
    private const long SpinShare = 50;

    /// <summary>Some hundred nanoseconds.</summary>
    private const int SpinsPerLook = 10;

    private static readonly bool s_hasPreciseSleep = OperatingSystem.IsLinux()
        && Environment.Is64BitProcess
        && Stopwatch.Frequency == 1_000_000_000;

    public static long Now => Stopwatch.Frequency == 1_000_000_000
        ? Stopwatch.GetTimestamp()
        : (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>To be called once by a thread that waits: the system may otherwise be 50 µs late to save wake-ups.</summary>
    public static void MakeWaitsPrecise()
    {
        if (s_hasPreciseSleep)
        {
            _ = PrCtl(SetTimerSlack, 1, 0, 0, 0);
        }
    }

    /// <summary>How long before its time a wait that lasts for <paramref name="interval"/> wakes up, to spin for the rest.</summary>
    internal static long SpinOf(long interval) => Math.Clamp(interval / SpinShare, 0, LongestSpin);

    /// <summary>Waits until <see cref="Now"/> is <paramref name="due"/> or a moment later, or until it is called off.</summary>
    /// <param name="due">Until when.</param>
    /// <param name="interval">How often such a wait is made, which is what bounds the time that it may spin.</param>
    /// <param name="cancellationToken">Calls it off.</param>
    public static void WaitUntil(long due, long interval, CancellationToken cancellationToken)
    {
        long spin = SpinOf(interval);
        while (!cancellationToken.IsCancellationRequested && Now is var now && now < due)
        {
            if (due - now <= spin)
            {
                Thread.SpinWait(SpinsPerLook);
            }
            else if (s_hasPreciseSleep)
            {
                // Stopwatch reads the same clock, so its timestamp is the time to wake at.
                long wake = Math.Min(due - spin, now + LongestSleep);
                var time = new Timespec { Seconds = wake / 1_000_000_000, Nanoseconds = wake % 1_000_000_000 };
                _ = ClockNanosleep(Monotonic, AbsoluteTime, in time, 0);
            }
            else
            {
                SleepRoughly(due - now);
            }
        }
    }

    private static void SleepRoughly(long nanoseconds)
    {
        const long TimerTick = 16_000_000;
        if (nanoseconds > TimerTick)
        {
            Thread.Sleep(TimeSpan.FromMilliseconds(Math.Min(nanoseconds - TimerTick, LongestSleep) / 1_000_000));
        }
        else
        {
            Thread.Yield();
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockNanosleep(int clock, int flags, in Timespec request, nint remaining);

    [LibraryImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int PrCtl(int option, nint argument, nint unused3, nint unused4, nint unused5);

    /// <summary>As 64-bit Linux has it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
