using Warmwire.Buffers;

namespace Warmwire.Http2.Hpack;

/// <summary>Writes the field blocks of one connection. What is written must be sent, in that order: the peer's table follows it.</summary>
internal sealed class HpackEncoder
{
    private const byte IndexedPattern = 0x80;
    private const byte AddPattern = 0x40;
    private const byte SizePattern = 0x20;
    private const byte NeverPattern = 0x10;
    private const byte HuffmanPattern = 0x80;

    private const int AuthorityIndex = 1;
    private const int AcceptEncodingIndex = 16;
    private const int AcceptIndex = 19;
    private const int AuthorizationIndex = 23;
    private const int ContentTypeIndex = 31;
    private const int CookieIndex = 32;
    private const int UserAgentIndex = 58;

    // A short cookie could be guessed through what the table does to the size of a block (RFC 7541 §7.1.3), so it has to prove useful.
    private const int ShortCookie = 20;

    private const ulong Repeating = (1UL << AuthorityIndex) | (1UL << AcceptEncodingIndex) | (1UL << AcceptIndex)
        | (1UL << AuthorizationIndex) | (1UL << ContentTypeIndex) | (1UL << CookieIndex) | (1UL << UserAgentIndex);

    private readonly int _tableSizeLimit;
    private readonly EncoderTable _table;
    private readonly SeenFields _seen = new();

    private int _peersSize = HpackDecoder.DefaultTableSize;
    private bool _sizeUpdateDue;
    private int _smallestSize; // that was in force since the last block
    private int _finalSize;

    /// <param name="tableSizeLimit">The most we spend on a table, whatever the peer offers.</param>
    public HpackEncoder(int tableSizeLimit = HpackDecoder.DefaultTableSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tableSizeLimit);
        _tableSizeLimit = tableSizeLimit;
        _table = new EncoderTable(HpackDecoder.DefaultTableSize);
        _smallestSize = _finalSize = Math.Min(tableSizeLimit, HpackDecoder.DefaultTableSize);
        _sizeUpdateDue = _finalSize < HpackDecoder.DefaultTableSize;
    }

    public EncoderTable Table => _table;

    /// <summary>The peer's SETTINGS_HEADER_TABLE_SIZE has arrived. Not to be called within a block.</summary>
    public void SetMaxTableSize(int peersSettingsHeaderTableSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(peersSettingsHeaderTableSize);
        int size = Math.Min(peersSettingsHeaderTableSize, _tableSizeLimit);

        // A peer that lowers its limit waits for an update even if our table was no larger than that (RFC 9113 §4.3.1).
        if (size != _finalSize || peersSettingsHeaderTableSize < _peersSize)
        {
            _smallestSize = _sizeUpdateDue ? Math.Min(_smallestSize, size) : size;
            _sizeUpdateDue = true;
            _finalSize = size;
        }

        _peersSize = peersSettingsHeaderTableSize;
    }

    /// <summary>Must come before the first field of each block.</summary>
    public void BeginBlock(OutputBuffer output)
    {
        if (!_sizeUpdateDue)
        {
            return;
        }

        // The smallest first, so that the peer lets go of what did not fit in between (RFC 7541 §4.2).
        if (_smallestSize < _finalSize)
        {
            ChangeSize(output, _smallestSize);
        }

        ChangeSize(output, _finalSize);
        _sizeUpdateDue = false;
    }

    /// <param name="output">Where the block is written.</param>
    /// <param name="name">In lower case, and checked: once it is written it cannot be taken back.</param>
    /// <param name="value">Checked as well.</param>
    /// <param name="indexing">What the table may have to do with it.</param>
    public void Encode(OutputBuffer output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, FieldIndexing indexing)
    {
        uint nameHash = FieldHash.Of(name);
        if (indexing != FieldIndexing.Index)
        {
            int known = StaticTable.IndexOfName(name, nameHash);
            byte pattern = indexing == FieldIndexing.NeverIndex ? NeverPattern : (byte)0;
            WriteLiteral(output, pattern, 4, known > 0 ? known : _table.IndexOfName(nameHash, name), name, value);
            return;
        }

        uint fieldHash = FieldHash.With(nameHash, value);
        int index = _table.IndexOfField(fieldHash, name, value);
        if (index > 0)
        {
            WriteIndexed(output, index);
            return;
        }

        int nameIndex = StaticTable.IndexOfName(name, nameHash);
        if (nameIndex > 0 && (index = StaticTable.IndexOfValue(nameIndex, value)) > 0)
        {
            WriteIndexed(output, index);
            return;
        }

        bool add = IsWorthAnEntry(nameIndex, fieldHash, name, value);
        if (nameIndex == 0)
        {
            nameIndex = _table.IndexOfName(nameHash, name);
        }

        if (add)
        {
            WriteLiteral(output, AddPattern, 6, nameIndex, name, value);
            _table.Add(nameHash, fieldHash, name, value);
        }
        else
        {
            WriteLiteral(output, 0, 4, nameIndex, name, value);
        }
    }

    private bool IsWorthAnEntry(int nameIndex, uint fieldHash, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (DynamicTable<EncodedEntry>.SizeOf(name, value) > _table.MaxSize / 2)
        {
            return false; // it would drive out too much
        }

        return RepeatsNearlyAlways(nameIndex, name, value) || _seen.SeenBefore(fieldHash);
    }

    private static bool RepeatsNearlyAlways(int nameIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => nameIndex switch
    {
        0 => name.SequenceEqual("te"u8),
        CookieIndex => value.Length > ShortCookie,
        _ => (Repeating >> nameIndex & 1) != 0,
    };

    private void ChangeSize(OutputBuffer output, int size)
    {
        output.Advance(HpackInteger.Write(output.GetSpan(HpackInteger.MaxBytes), SizePattern, 5, size));
        _table.Resize(size);
    }

    private static void WriteIndexed(OutputBuffer output, int index) =>
        output.Advance(HpackInteger.Write(output.GetSpan(HpackInteger.MaxBytes), IndexedPattern, 7, index));

    private static void WriteLiteral(
        OutputBuffer output, byte pattern, int prefixBits, int nameIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        // A string is coded only where that makes it shorter.
        int room = (3 * HpackInteger.MaxBytes) + (nameIndex == 0 ? name.Length : 0) + value.Length;
        Span<byte> destination = output.GetSpan(room);
        int length = HpackInteger.Write(destination, pattern, prefixBits, nameIndex);
        if (nameIndex == 0)
        {
            length += WriteString(destination[length..], name);
        }

        length += WriteString(destination[length..], value);
        output.Advance(length);
    }

    private static int WriteString(Span<byte> destination, ReadOnlySpan<byte> text)
    {
        int coded = HuffmanEncoder.EncodedLength(text);
        if (coded < text.Length)
        {
            int prefix = HpackInteger.Write(destination, HuffmanPattern, 7, coded);
            HuffmanEncoder.Encode(text, destination.Slice(prefix, coded));
            return prefix + coded;
        }
        else
        {
            int prefix = HpackInteger.Write(destination, 0, 7, text.Length);
            text.CopyTo(destination[prefix..]);
            return prefix + text.Length;
        }
    }
}
