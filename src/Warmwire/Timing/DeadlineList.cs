using System.Diagnostics;

namespace Warmwire.Timing;

/// <summary>
/// The deadlines of one duration. All wait equally long, so the order of arrival is the order of expiry and nothing is ever sorted.
/// </summary>
internal sealed class DeadlineList(DeadlineQueue queue)
{
    public DeadlineQueue Queue { get; } = queue;

    /// <summary>The duration in milliseconds; lists are recycled, so it changes.</summary>
    public long Milliseconds { get; set; }

    /// <summary>Where <see cref="DeadlineListHeap"/> keeps it; −1 outside the heap.</summary>
    public int HeapIndex { get; set; } = -1;

    public Deadline? Head { get; private set; }

    private Deadline? Tail { get; set; }

    public bool IsEmpty => Head is null;

    public void Append(Deadline deadline)
    {
        Debug.Assert(deadline is { List: null, Previous: null, Next: null });

        // Two threads that read the clock in one order may arrive here in the other. Being a moment late keeps the list in order.
        if (Tail is { } tail)
        {
            deadline.DueAt = Math.Max(deadline.DueAt, tail.DueAt);
            deadline.Previous = tail;
            tail.Next = deadline;
        }
        else
        {
            Head = deadline;
        }

        Tail = deadline;
        deadline.List = this;
    }

    public void Remove(Deadline deadline)
    {
        Debug.Assert(deadline.List == this);
        if (deadline.Previous is { } previous)
        {
            previous.Next = deadline.Next;
        }
        else
        {
            Head = deadline.Next;
        }

        if (deadline.Next is { } next)
        {
            next.Previous = deadline.Previous;
        }
        else
        {
            Tail = deadline.Previous;
        }

        deadline.Previous = null;
        deadline.Next = null;
        deadline.List = null;
    }
}
