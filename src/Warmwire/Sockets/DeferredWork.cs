namespace Warmwire.Sockets;

/// <summary>Runs work soon, but not on the stack that asks: it may be the user's code, and may block.</summary>
internal static class DeferredWork
{
    /// <summary>
    /// On the event loop this thread leads, behind what it is doing, in the order of the calls; else on the thread pool. Either way what
    /// blocks delays nobody else for long.
    /// </summary>
    public static void Run(IThreadPoolWorkItem work)
    {
        if (!EventLoop.TryDefer(work))
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
    }
}
