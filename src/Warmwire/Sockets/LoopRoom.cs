namespace Warmwire.Sockets;

/// <summary>
/// Whether there are processors for as many loops as their work asks for. Saturation alone does not tell: two loops that share the
/// processors with the server they ask have something to do whenever they run, and the server that waits for them answers later.
/// </summary>
internal sealed class LoopRoom(TimeProvider time, IdleProcessors processors, ProcessorWaits waits)
{
    private long _refusesUntil;
    private TimeSpan _pause;

    public LoopRoom()
        : this(TimeProvider.System, new IdleProcessors(), new ProcessorWaits())
    {
    }

    /// <summary>What fits of a wish.</summary>
    /// <param name="wish">1 for one loop more, -1 for one less, 0 for as many as there are.</param>
    /// <param name="threads">The threads that lead loops now.</param>
    /// <param name="most">How many may be led.</param>
    public int WhatFits(int wish, IReadOnlyList<int> threads, int most)
    {
        if (threads.Count > 1 && waits.Percent(threads) >= SocketLimits.WaitForProcessorsPercent)
        {
            // Story: half a processor is free, a loop is added, waits for the other half, goes, and half a processor is free again.
            _pause = _pause == TimeSpan.Zero ? SocketLimits.LoopPauseAtFirst : Shorter(_pause * 2, SocketLimits.LoopPauseAtMost);
            _refusesUntil = time.GetTimestamp() + (long)(_pause.TotalSeconds * time.TimestampFrequency);
            return -1;
        }

        bool fits = wish <= 0 || (threads.Count < most && time.GetTimestamp() >= _refusesUntil && processors.IsOneFree());
        return fits ? wish : 0;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
