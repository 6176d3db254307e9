using System.Diagnostics;

namespace Warmwire.Timing;

/// <summary>
/// The non-empty lists, the one whose head is due first on top. With the few durations of ordinary use it has a few entries; if every
/// request brings a duration of its own it is an ordinary timer heap, logarithmic and no larger than the number of deadlines.
/// </summary>
internal sealed class DeadlineListHeap
{
    private DeadlineList[] _lists = new DeadlineList[4];

    public int Count { get; private set; }

    public DeadlineList? First => Count > 0 ? _lists[0] : null;

    public void Add(DeadlineList list)
    {
        Debug.Assert(list.HeapIndex < 0 && !list.IsEmpty);
        if (Count == _lists.Length)
        {
            Array.Resize(ref _lists, Count * 2);
        }

        SiftUp(list, Count++);
    }

    /// <summary>A list lost its head: its next is due later, or it is empty and leaves.</summary>
    public void HeadRemoved(DeadlineList list)
    {
        Debug.Assert(_lists[list.HeapIndex] == list);
        int index = list.HeapIndex;
        if (!list.IsEmpty)
        {
            SiftDown(list, index);
            return;
        }

        list.HeapIndex = -1;
        DeadlineList last = _lists[--Count];
        _lists[Count] = null!;
        if (last == list)
        {
            return;
        }

        if (index > 0 && DueAt(last) < DueAt(_lists[(index - 1) / 2]))
        {
            SiftUp(last, index);
        }
        else
        {
            SiftDown(last, index);
        }
    }

    private static long DueAt(DeadlineList list) => list.Head!.DueAt;

    private void SiftUp(DeadlineList list, int index)
    {
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (DueAt(_lists[parent]) <= DueAt(list))
            {
                break;
            }

            Place(_lists[parent], index);
            index = parent;
        }

        Place(list, index);
    }

    private void SiftDown(DeadlineList list, int index)
    {
        while (true)
        {
            int child = (2 * index) + 1;
            if (child >= Count)
            {
                break;
            }

            if (child + 1 < Count && DueAt(_lists[child + 1]) < DueAt(_lists[child]))
            {
                child++;
            }

            if (DueAt(list) <= DueAt(_lists[child]))
            {
                break;
            }

            Place(_lists[child], index);
            index = child;
        }

        Place(list, index);
    }

    private void Place(DeadlineList list, int index)
    {
        _lists[index] = list;
        list.HeapIndex = index;
    }
}
