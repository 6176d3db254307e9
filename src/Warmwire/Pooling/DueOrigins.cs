using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// Origins by the time at which each is to be looked after: a binary heap, in which an origin is at most once and knows its place. Guarded
/// by the gate of the <see cref="Sweeper"/>.
/// </summary>
internal sealed class DueOrigins
{
    /// <summary>The time of an origin that is not in the heap.</summary>
    public const long Never = long.MaxValue;

    private const int LeastRoom = 16;

    private OriginPool[] _heap = new OriginPool[LeastRoom];

    public int Count { get; private set; }

    /// <summary>When the first is due, or <see cref="Never"/>.</summary>
    public long FirstDueAt => Count == 0 ? Never : _heap[0].DueAt;

    /// <summary>The origin is to be looked after at this time, if it is not to be earlier.</summary>
    public void Expect(OriginPool origin, long dueAt)
    {
        Debug.Assert(dueAt < Never, "a time");
        if (origin.DueAt <= dueAt)
        {
            return;
        }

        if (origin.DueAt == Never)
        {
            if (Count == _heap.Length)
            {
                Array.Resize(ref _heap, Count * 2);
            }

            origin.DueIndex = Count++;
        }

        origin.DueAt = dueAt;
        MoveUp(origin, origin.DueIndex);
    }

    /// <summary>Takes the first out if it is due.</summary>
    public OriginPool? TakeDue(long now)
    {
        if (FirstDueAt > now)
        {
            return null;
        }

        OriginPool first = _heap[0];
        OriginPool last = _heap[--Count];
        _heap[Count] = null!;
        if (Count > 0)
        {
            MoveDown(last, 0);
        }

        if (_heap.Length > LeastRoom && Count < _heap.Length / 4)
        {
            Array.Resize(ref _heap, _heap.Length / 2);
        }

        first.DueAt = Never;
        return first;
    }

    private void MoveUp(OriginPool origin, int index)
    {
        while (index > 0 && _heap[(index - 1) / 2] is var parent && parent.DueAt > origin.DueAt)
        {
            Put(parent, index);
            index = (index - 1) / 2;
        }

        Put(origin, index);
    }

    private void MoveDown(OriginPool origin, int index)
    {
        while ((index * 2) + 1 is var child && child < Count)
        {
            if (child + 1 < Count && _heap[child + 1].DueAt < _heap[child].DueAt)
            {
                child++;
            }

            if (_heap[child].DueAt >= origin.DueAt)
            {
                break;
            }

            Put(_heap[child], index);
            index = child;
        }

        Put(origin, index);
    }

    private void Put(OriginPool origin, int index)
    {
        _heap[index] = origin;
        origin.DueIndex = index;
    }
}
