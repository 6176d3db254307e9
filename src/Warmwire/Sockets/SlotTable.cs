using System.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>What a slot holds; it knows the key under which it is found.</summary>
internal interface ISlotOwner
{
    ulong SlotKey { get; set; }
}

/// <summary>
/// Whom an event is for: a key, handed to the system with the descriptor and given back with each event, leads to the owner. A key is a
/// slot and the generation of that slot, so that a late event of an owner that has gone never reaches the next owner of the slot, or of the
/// descriptor.
/// </summary>
/// <remarks>
/// Finding takes no lock. A slot holds one reference, which is read at once, and the owner itself says under which key it may be found.
/// </remarks>
internal sealed class SlotTable<T>
    where T : class, ISlotOwner
{
    private const int InitialSize = 16;

    private readonly Lock _gate = new();

    // Guarded by _gate, but Find reads _owners without it. It grows by being replaced.
    private T?[] _owners = new T?[InitialSize];
    private uint[] _generations = new uint[InitialSize];
    private int[] _free = new int[InitialSize];
    private int _freeCount;
    private int _used;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add(T owner)
    {
        lock (_gate)
        {
            int slot;
            if (_freeCount > 0)
            {
                slot = _free[--_freeCount];
            }
            else
            {
                slot = _used++;
                if (slot == _owners.Length)
                {
                    Grow_NeedsLock();
                }
            }

            // The key first: who finds the owner compares it.
            owner.SlotKey = ((ulong)_generations[slot] << 32) | (uint)slot;
            Volatile.Write(ref _owners[slot], owner);
            _count++;
        }
    }

    /// <summary>From now on events of <paramref name="owner"/> are dropped.</summary>
    public void Remove(T owner)
    {
        int slot = SlotOf(owner.SlotKey);
        lock (_gate)
        {
            if (slot >= _used || _owners[slot] != owner)
            {
                return;
            }

            Volatile.Write(ref _owners[slot], null);
            _generations[slot]++;
            _free[_freeCount++] = slot;
            _count--;
        }
    }

    public T? Find(ulong key)
    {
        // Story: the table grows while this looks into the old one. The old one may still hold an owner that has gone, but nobody that has
        // come since; an owner that has gone is closed and drops the event itself.
        T?[] owners = Volatile.Read(ref _owners);
        int slot = SlotOf(key);
        T? owner = (uint)slot < (uint)owners.Length ? Volatile.Read(ref owners[slot]) : null;
        return owner is not null && owner.SlotKey == key ? owner : null;
    }

    public List<T> ToList()
    {
        lock (_gate)
        {
            return [.. _owners.OfType<T>()];
        }
    }

    private void Grow_NeedsLock()
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "the gate");
        int size = _owners.Length * 2;
        T?[] owners = new T?[size];
        _owners.CopyTo(owners, 0);
        Array.Resize(ref _generations, size);
        Array.Resize(ref _free, size);
        Volatile.Write(ref _owners, owners);
    }

    private static int SlotOf(ulong key) => (int)(uint)key;
}
