using Warmwire.Buffers;
using Warmwire.Diagnostics;

namespace Warmwire.Http2.Hpack;

/// <summary>
/// Reads the field blocks of one connection, in the order in which they arrive: each may change the table the next is read with.
/// </summary>
internal sealed class HpackDecoder
{
    /// <summary>The size a table has before anything was said about it (RFC 9113 §6.5.2).</summary>
    public const int DefaultTableSize = 4096;

    private const int MaxKeptScratch = 4096;

    private readonly int _maxTableSize;
    private readonly DynamicTable<DecodedEntry> _table;
    private readonly object?[] _staticTags = new object?[StaticTable.Count + 1];
    private byte[] _scratch = []; // what is decoded of one field
    private bool _reductionDue;

    /// <param name="maxTableSize">What we announced as SETTINGS_HEADER_TABLE_SIZE, before the peer could send a block.</param>
    public HpackDecoder(int maxTableSize = DefaultTableSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxTableSize);
        _maxTableSize = maxTableSize;

        // A larger table is offered, not made: its size changes when the peer says so. The peer has to say so too if it is smaller,
        // but many peers never add to a table at all and are silent then; that does no harm.
        _table = new DynamicTable<DecodedEntry>(Math.Min(maxTableSize, DefaultTableSize));
        _reductionDue = maxTableSize < DefaultTableSize;
    }

    public DynamicTable<DecodedEntry> Table => _table;

    /// <param name="block">A whole field block: the fragments of HEADERS and CONTINUATION joined.</param>
    /// <param name="sink">Gets the fields in their order.</param>
    /// <exception cref="HpackException">The block is malformed. Nothing more can be read on this connection.</exception>
    public void Decode<TSink>(ReadOnlySpan<byte> block, ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        int at = 0;
        bool begun = false;
        while (at < block.Length)
        {
            byte first = block[at];
            if (first >= 0x80)
            {
                ReadIndexed(HpackInteger.Read(block, ref at, 7), ref sink);
            }
            else if (first >= 0x40)
            {
                ReadLiteral(block, ref at, 6, add: true, ref sink);
            }
            else if (first >= 0x20)
            {
                ChangeSize(HpackInteger.Read(block, ref at, 5), begun);
                continue;
            }
            else
            {
                ReadLiteral(block, ref at, 4, add: false, ref sink);
            }

            begun = true;
        }

        if (_scratch.Length > MaxKeptScratch)
        {
            BufferPool.Shared.Return(_scratch);
            _scratch = [];
        }
    }

    private void ReadIndexed<TSink>(int index, ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        if (index > StaticTable.Count)
        {
            int age = AgeOf(index);
            ref DecodedEntry entry = ref _table.Note(age);
            sink.Field(entry.WellKnownIndex, _table.Name(age), _table.Value(age), ref entry.Tag);
        }
        else if (index > 0)
        {
            sink.Field(StaticTable.FirstOfName(index), StaticTable.Name(index), StaticTable.Value(index), ref _staticTags[index]);
        }
        else
        {
            throw new HpackException(HpackErrorTexts.IndexZero);
        }
    }

    private void ReadLiteral<TSink>(ReadOnlySpan<byte> block, ref int at, int prefixBits, bool add, ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        int nameIndex = HpackInteger.Read(block, ref at, prefixBits);
        byte wellKnownIndex = 0;
        bool nameOfTable = false;
        EncodedString name;
        if (nameIndex == 0)
        {
            name = EncodedString.Read(block, ref at);
        }
        else if (nameIndex <= StaticTable.Count)
        {
            wellKnownIndex = (byte)StaticTable.FirstOfName(nameIndex);
            name = new EncodedString(StaticTable.Name(nameIndex));
        }
        else
        {
            int age = AgeOf(nameIndex);
            wellKnownIndex = _table.Note(age).WellKnownIndex;
            name = new EncodedString(_table.Name(age));
            nameOfTable = true;
        }

        EncodedString value = EncodedString.Read(block, ref at);

        // The entry the name is taken from may be the one that has to go (RFC 7541 §4.4), so the name is copied first.
        bool copyName = add && nameOfTable;
        int nameRoom = copyName ? name.MaxLength : name.RoomToDecode;
        EnsureScratch(nameRoom + value.RoomToDecode);
        ReadOnlySpan<byte> decodedName = copyName ? name.CopyTo(_scratch) : name.Decode(_scratch);
        ReadOnlySpan<byte> decodedValue = value.Decode(_scratch.AsSpan(nameRoom));

        if (add)
        {
            Add(decodedName, decodedValue, wellKnownIndex, ref sink);
        }
        else
        {
            object? tag = null;
            sink.Field(wellKnownIndex, decodedName, decodedValue, ref tag);
        }
    }

    private void Add<TSink>(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, byte wellKnownIndex, ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        if (_reductionDue)
        {
            throw new HpackException(HpackErrorTexts.SizeUpdateMissing(_maxTableSize));
        }

        if (_table.TryAdd(name, value, new DecodedEntry { WellKnownIndex = wellKnownIndex }))
        {
            sink.Field(wellKnownIndex, name, value, ref _table.Note(0).Tag);
        }
        else
        {
            object? tag = null;
            sink.Field(wellKnownIndex, name, value, ref tag);
        }
    }

    private void ChangeSize(int size, bool begun)
    {
        if (begun)
        {
            throw new HpackException(HpackErrorTexts.SizeUpdateNotFirst);
        }

        if (size > _maxTableSize)
        {
            throw new HpackException(HpackErrorTexts.SizeUpdateTooLarge(size, _maxTableSize));
        }

        _table.Resize(size);
        _reductionDue = false;
    }

    private int AgeOf(int index)
    {
        int age = index - StaticTable.Count - 1;
        return age < _table.Count
            ? age
            : throw new HpackException(HpackErrorTexts.IndexBeyondTables(index, StaticTable.Count + _table.Count));
    }

    private void EnsureScratch(int length)
    {
        if (length > _scratch.Length)
        {
            byte[] old = _scratch;
            _scratch = BufferPool.Shared.Rent(length);
            if (old.Length > 0)
            {
                BufferPool.Shared.Return(old);
            }
        }
    }
}
