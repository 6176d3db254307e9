using System.Buffers.Text;

namespace Warmwire.Sockets;

/// <summary>
/// Whether the processors that this process may use leave one unused. A loop more where none is free takes turns with the others, or with
/// the program they talk to, and makes every answer later.
/// </summary>
internal sealed class IdleProcessors(TimeProvider time, Func<TimeSpan?> readIdleTime)
{
    private const int MostProcessors = 1024;

    /// <summary>The unit of the kernel's figures.</summary>
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private long _askedAt;
    private TimeSpan? _idleThen;

    public IdleProcessors()
        : this(TimeProvider.System, ReadIdleTime)
    {
    }

    /// <summary>
    /// Whether one was free since it was asked last. Not, if that is long ago: then it is asked for the first time. Where the system does
    /// not tell, one is.
    /// </summary>
    public bool IsOneFree()
    {
        long now = time.GetTimestamp();
        TimeSpan? idle = readIdleTime();
        (TimeSpan? before, TimeSpan elapsed) = (_idleThen, time.GetElapsedTime(_askedAt, now));
        (_idleThen, _askedAt) = (idle, now);
        return idle is not { } until
            || (before is { } from
                && elapsed < SocketLimits.IdleTimeIsOld
                && until - from >= elapsed * SocketLimits.FreeProcessorPercent / 100);
    }

    /// <summary>The time that the processors of this thread have been idle, together.</summary>
    /// <param name="statistics">/proc/stat: a line for each processor: its name, then user, nice, system, idle and waiting time.</param>
    /// <param name="processors">A bit for each processor that counts.</param>
    /// <returns><see langword="null"/> if there is no line of such a processor.</returns>
    internal static TimeSpan? Parse(ReadOnlySpan<byte> statistics, ReadOnlySpan<ulong> processors)
    {
        long ticks = 0;
        bool found = false;
        foreach (Range line in statistics.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> text = statistics[line];
            if (!text.StartsWith("cpu"u8))
            {
                break;
            }

            if (Utf8Parser.TryParse(text[3..], out int processor, out int digits)
                && processor / 64 < processors.Length
                && (processors[processor / 64] & (1UL << (processor % 64))) != 0
                && TryReadIdle(text[(3 + digits)..], out long idle))
            {
                ticks += idle;
                found = true;
            }
        }

        return found ? ticks * s_tick : null;
    }

    private static bool TryReadIdle(ReadOnlySpan<byte> figures, out long idle)
    {
        const int Idle = 3, Waiting = 4;
        idle = 0;
        for (int i = 0; i <= Waiting; i++)
        {
            figures = figures.TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(figures, out long ticks, out int digits))
            {
                return false;
            }

            idle += i is Idle or Waiting ? ticks : 0;
            figures = figures[digits..];
        }

        return true;
    }

    private static TimeSpan? ReadIdleTime()
    {
        Span<ulong> processors = stackalloc ulong[MostProcessors / 64];
        if (!LibC.ProcessorsOfThread(processors))
        {
            return null;
        }

        try
        {
            return Parse(File.ReadAllBytes("/proc/stat"), processors);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
