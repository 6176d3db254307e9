using System.Collections.Concurrent;

namespace Warmwire.Sockets;

/// <summary>
/// Work that any loop of a group does, an item at a time, beside its events: what callbacks put off while code blocks. The queue of one
/// loop has one thread, and the thread pool grows too slowly for code that blocks for less than a millisecond.
/// </summary>
/// <remarks>
/// The word of it is an event of the group's epoll, edge-triggered: each signal wakes one loop that waits. Signals that come together are
/// one event, so who takes an item signals again if there are more. While the queue has items a signal is on its way, or a loop is about to
/// give one.
/// </remarks>
internal sealed class SharedWork(EventPoll poll)
{
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _items = new();

    public void Add(IThreadPoolWorkItem item)
    {
        _items.Enqueue(item);
        poll.SignalWork();
        if (poll.IsStopping)
        {
            // Story: the group ends between the two calls above, and the loop that the signal was for is gone.
            MoveToThreadPool();
        }
    }

    /// <summary>Takes an item, for a loop that was told of work.</summary>
    public IThreadPoolWorkItem? TryTake()
    {
        if (!_items.TryDequeue(out IThreadPoolWorkItem? item))
        {
            return null;
        }

        if (!_items.IsEmpty)
        {
            poll.SignalWork();
        }

        return item;
    }

    /// <summary>The loops of the group are ending.</summary>
    public void MoveToThreadPool()
    {
        Interlocked.MemoryBarrier();
        while (_items.TryDequeue(out IThreadPoolWorkItem? item))
        {
            ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
        }
    }
}
