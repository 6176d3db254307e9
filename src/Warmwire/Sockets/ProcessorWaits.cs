using System.Buffers.Text;
using System.Globalization;

namespace Warmwire.Sockets;

/// <summary>
/// How long the threads of the loops waited for a processor while they had something to do. A thread that blocks does not count: it waits
/// for something else.
/// </summary>
internal sealed class ProcessorWaits(TimeProvider time, Func<int, TimeSpan?> readWait)
{
    private Dictionary<int, TimeSpan> _before = [];
    private long _askedAt;

    public ProcessorWaits()
        : this(TimeProvider.System, ReadWait)
    {
    }

    /// <summary>
    /// The waits of these threads together since they were asked about last, in percent of that time. A thread that is new, or of which the
    /// system does not tell, counts as one that did not wait.
    /// </summary>
    public double Percent(IEnumerable<int> threads)
    {
        long now = time.GetTimestamp();
        TimeSpan elapsed = time.GetElapsedTime(_askedAt, now), waited = TimeSpan.Zero;
        Dictionary<int, TimeSpan> waits = [];
        foreach (int thread in threads)
        {
            if (readWait(thread) is { } wait)
            {
                waits[thread] = wait;
                waited += _before.TryGetValue(thread, out TimeSpan before) ? wait - before : TimeSpan.Zero;
            }
        }

        (_before, _askedAt) = (waits, now);
        return elapsed < SocketLimits.IdleTimeIsOld ? 100 * (waited / elapsed) : 0;
    }

    /// <summary>The second figure: nanoseconds run, nanoseconds waited, how often it was run.</summary>
    internal static TimeSpan? Parse(ReadOnlySpan<byte> statistics)
    {
        int space = statistics.IndexOf((byte)' ');
        return space >= 0 && Utf8Parser.TryParse(statistics[(space + 1)..], out long nanoseconds, out _)
            ? TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick)
            : null;
    }

    private static TimeSpan? ReadWait(int thread)
    {
        try
        {
            return Parse(File.ReadAllBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/schedstat")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The thread has ended, or the kernel was built without these figures.
            return null;
        }
    }
}
