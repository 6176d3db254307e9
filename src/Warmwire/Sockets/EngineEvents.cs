using Warmwire.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>
/// Tells listeners of what the monitor does. On the thread pool: a listener that blocked the monitor would hold up the loops that it looks
/// after.
/// </summary>
internal static class EngineEvents
{
    public static void TakenOver(int loop, int blocked)
    {
        if (WarmwireEventSource.Log.IsEnabled())
        {
            Queue(static told => WarmwireEventSource.Log.LoopTakenOver(told.loop, told.blocked), (loop, blocked));
        }
    }

    public static void CodeBlocks(TimeSpan time)
    {
        if (WarmwireEventSource.Log.IsEnabled())
        {
            Queue(static told => WarmwireEventSource.Log.CodeBlocks(told), (int)time.TotalMilliseconds);
        }
    }

    private static void Queue<T>(Action<T> tell, T told) =>
        ThreadPool.UnsafeQueueUserWorkItem(static work => UserCode.Tell(work.tell, work.told), (tell, told), preferLocal: false);
}
