using System.Collections.Concurrent;

namespace Warmwire.Sockets;

/// <summary>
/// Work that any loop of a group does, an item at a time, beside its events: what callbacks put off while code blocks. The queue of one
/// loop has one thread, and the thread pool grows too slowly for code that blocks for less than a millisecond.
/// </summary>
/// <remarks>
/// The word of it is an event of the group's epoll, edge-triggered: each signal wakes one loop that waits. While a signal is on its way no
/// other is given; who is told takes the note of it down before it looks for items, and signals again if there are more than the one it
/// takes. So while the queue has items a signal is on its way, or a loop is about to give one.
/// </remarks>
internal sealed class SharedWork(EventPoll poll)
{
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _items = new();

    /// <summary>1 while a signal is on its way that no loop has been told of.</summary>
    private int _isSignalled;

    public void Add(IThreadPoolWorkItem item)
    {
        _items.Enqueue(item);
        Signal();
        if (poll.IsStopping)
        {
            // Story: the group ends between the two calls above, and the loop that the signal was for is gone.
            MoveToThreadPool();
        }
    }

    /// <summary>Takes an item, for a loop that was told of work.</summary>
    public IThreadPoolWorkItem? TakeWhenTold()
    {
        // Story: an item is added beside this. Either its signal comes behind this line and is given, or the item is seen below.
        Interlocked.Exchange(ref _isSignalled, 0);
        return TryTake();
    }

    /// <summary>Takes another item, for a loop that has done one. What is left is told to others.</summary>
    public IThreadPoolWorkItem? TryTake()
    {
        if (!_items.TryDequeue(out IThreadPoolWorkItem? item))
        {
            return null;
        }

        if (!_items.IsEmpty)
        {
            Signal();
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

    private void Signal()
    {
        if (Interlocked.Exchange(ref _isSignalled, 1) == 0)
        {
            poll.SignalWork();
        }
    }
}
