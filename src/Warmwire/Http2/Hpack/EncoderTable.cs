namespace Warmwire.Http2.Hpack;

/// <summary>The encoder's table, with a way from a field to its entry.</summary>
/// <remarks>
/// Entries whose hashes fall on the same bucket are a chain from the newest to the oldest. Because the oldest go first, only the end of a
/// chain can be gone: a search stops there, and nothing has to be taken out.
/// </remarks>
internal sealed class EncoderTable
{
    private readonly DynamicTable<EncodedEntry> _table;

    // The number of the newest entry of each chain. Twice as many as there is room for entries, a power of two.
    private long[] _byField = new long[1];
    private long[] _byName = new long[1];

    public EncoderTable(int maxSize) => _table = new DynamicTable<EncodedEntry>(maxSize);

    public int MaxSize => _table.MaxSize;

    public int Size => _table.Size;

    public int Count => _table.Count;

    /// <summary>The index of the field on the wire, or 0.</summary>
    public int IndexOfField(uint hash, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        long number = _byField[hash & (uint)(_byField.Length - 1)];
        while (IsLive(number, out int age))
        {
            ref EncodedEntry entry = ref _table.Note(age);
            if (entry.FieldHash == hash && value.SequenceEqual(_table.Value(age)) && name.SequenceEqual(_table.Name(age)))
            {
                return StaticTable.Count + 1 + age;
            }

            number = entry.OlderByField;
        }

        return 0;
    }

    /// <summary>The index on the wire of an entry with that name, or 0.</summary>
    public int IndexOfName(uint hash, ReadOnlySpan<byte> name)
    {
        long number = _byName[hash & (uint)(_byName.Length - 1)];
        while (IsLive(number, out int age))
        {
            ref EncodedEntry entry = ref _table.Note(age);
            if (entry.NameHash == hash && name.SequenceEqual(_table.Name(age)))
            {
                return StaticTable.Count + 1 + age;
            }

            number = entry.OlderByName;
        }

        return 0;
    }

    public void Add(uint nameHash, uint fieldHash, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int room = _table.Room;
        if (!_table.TryAdd(name, value, new EncodedEntry { NameHash = nameHash, FieldHash = fieldHash }))
        {
            return;
        }

        if (_table.Room == room)
        {
            Link(0);
            return;
        }

        _byField = new long[_table.Room * 2];
        _byName = new long[_table.Room * 2];
        for (int age = _table.Count - 1; age >= 0; age--)
        {
            Link(age);
        }
    }

    public void Resize(int maxSize) => _table.Resize(maxSize);

    private void Link(int age)
    {
        long number = _table.Newest - age;
        ref EncodedEntry entry = ref _table.Note(age);
        ref long field = ref _byField[entry.FieldHash & (uint)(_byField.Length - 1)];
        ref long name = ref _byName[entry.NameHash & (uint)(_byName.Length - 1)];
        (entry.OlderByField, field) = (field, number);
        (entry.OlderByName, name) = (name, number);
    }

    private bool IsLive(long number, out int age)
    {
        long behind = _table.Newest - number;
        age = (int)behind;
        return behind < _table.Count;
    }
}
