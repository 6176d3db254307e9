using Warmwire.Diagnostics;

namespace Warmwire.Http2.Hpack;

/// <summary>
/// A string of a field block that is not decoded yet (RFC 7541 §5.2), so that room can be made for all of a field at once.
/// </summary>
internal readonly ref struct EncodedString
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly bool _huffman;

    public EncodedString(ReadOnlySpan<byte> plain) => _bytes = plain;

    private EncodedString(ReadOnlySpan<byte> bytes, bool huffman)
    {
        _bytes = bytes;
        _huffman = huffman;
    }

    /// <summary>The most it can become.</summary>
    public int MaxLength => _huffman ? HuffmanDecoder.MaxDecodedLength(_bytes.Length) : _bytes.Length;

    /// <summary>What <see cref="Decode"/> needs: nothing if the bytes can be used where they are.</summary>
    public int RoomToDecode => _huffman ? MaxLength : 0;

    public static EncodedString Read(ReadOnlySpan<byte> block, scoped ref int at)
    {
        if (at == block.Length)
        {
            throw new HpackException(HpackErrorTexts.Truncated);
        }

        bool huffman = block[at] >= 0x80;
        int length = HpackInteger.Read(block, ref at, 7);
        if (length > block.Length - at)
        {
            throw new HpackException(HpackErrorTexts.Truncated);
        }

        EncodedString read = new(block.Slice(at, length), huffman);
        at += length;
        return read;
    }

    /// <returns>A part of <paramref name="room"/>, or the bytes where they are.</returns>
    public ReadOnlySpan<byte> Decode(Span<byte> room) => _huffman ? room[..HuffmanDecoder.Decode(_bytes, room)] : _bytes;

    /// <summary>For one that is not coded.</summary>
    public ReadOnlySpan<byte> CopyTo(Span<byte> room)
    {
        _bytes.CopyTo(room);
        return room[.._bytes.Length];
    }
}
