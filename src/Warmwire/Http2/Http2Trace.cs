using System.Collections.Concurrent;
using Warmwire.Sockets;

namespace Warmwire.Http2;

/// <summary>
/// Tells one request's <see cref="RequestTrace"/>: one callback at a time, in order, and never on the flow that reads the connection. A
/// callback that blocks holds up its own request and no other.
/// </summary>
/// <remarks>What is in the queue is counted in one word; the thread that makes it 1 goes through the queue until it is 0 again, here or in
/// a work item.</remarks>
internal sealed class Http2Trace : IThreadPoolWorkItem
{
    private readonly RequestTrace _callbacks;
    private readonly ConcurrentQueue<Action> _queue = new();
    private int _count;

    public Http2Trace(RequestTrace callbacks) => _callbacks = callbacks;

    /// <summary>Puts a callback in line, and runs it behind what this thread is doing.</summary>
    public void Tell<T>(Action<RequestTrace, T> callback, T argument)
    {
        if (Add(() => callback(_callbacks, argument)))
        {
            DeferredWork.Run(this);
        }
    }

    /// <summary>
    /// Puts a callback in line, and runs it before this returns if none is running. For flows that serve this request alone.
    /// </summary>
    public void TellHere<T>(Action<RequestTrace, T> callback, T argument)
    {
        if (Add(() => callback(_callbacks, argument)))
        {
            RunQueue();
        }
    }

    /// <summary>Puts a callback in line. Only before anything else is, and <see cref="RunQueue"/> follows.</summary>
    public void Note(Action<RequestTrace> callback) => Add(() => callback(_callbacks));

    /// <summary>Runs the work, on a stack of its own, when the callbacks before it have returned.</summary>
    public void RunBehind(IThreadPoolWorkItem work)
    {
        if (Add(() => DeferredWork.Run(work)))
        {
            DeferredWork.Run(this);
        }
    }

    /// <summary>Runs what is in line, and what comes meanwhile.</summary>
    public void RunQueue()
    {
        do
        {
            _queue.TryDequeue(out Action? next);
            next!();
        }
        while (Interlocked.Decrement(ref _count) > 0);
    }

    void IThreadPoolWorkItem.Execute() => RunQueue();

    /// <summary>Returns whether no thread goes through the queue.</summary>
    private bool Add(Action callback)
    {
        _queue.Enqueue(callback);
        return Interlocked.Increment(ref _count) == 1;
    }
}
