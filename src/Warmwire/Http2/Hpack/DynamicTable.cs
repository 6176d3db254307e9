using System.Diagnostics;
using System.Numerics;

namespace Warmwire.Http2.Hpack;

/// <summary>
/// The fields one side has added (RFC 7541 §2.3.2), the newest first in numbering and the oldest first to go. The decoder and the encoder
/// keep different notes with an entry.
/// </summary>
/// <remarks>
/// The bytes of an entry lie in one piece in an array about twice as long as what is alive in it. At its end the living ones are moved to
/// the front, so a byte is moved about once in its life, and an entry is found by its position in the stream of all bytes ever added.
/// </remarks>
internal sealed class DynamicTable<TNote>
    where TNote : struct
{
    /// <summary>What an entry counts beyond its bytes (RFC 7541 §4.1).</summary>
    public const int EntryOverhead = 32;

    private const int LeastEntries = 8;
    private const int LeastBytes = 256;

    private Entry[] _entries = []; // by number, modulo the length, which is a power of two
    private long _newest;          // the number of the newest; the first has 1
    private byte[] _bytes = [];
    private long _bytesBegin;      // the position of the array's first byte in the stream
    private int _bytesUsed;

    public DynamicTable(int maxSize) => MaxSize = maxSize;

    public int MaxSize { get; private set; }

    /// <summary>The size as RFC 7541 §4.1 counts it.</summary>
    public int Size { get; private set; }

    public int Count { get; private set; }

    /// <summary>The number of the newest entry. Numbers go up by one and are never used again.</summary>
    public long Newest => _newest;

    /// <summary>How many entries there is room for now; it only grows.</summary>
    public int Room => _entries.Length;

    /// <summary>What the arrays take.</summary>
    public int HeldBytes => _bytes.Length;

    public static int SizeOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.Length + value.Length + EntryOverhead;

    /// <param name="age">0 for the newest entry.</param>
    public ReadOnlySpan<byte> Name(int age)
    {
        ref Entry entry = ref At(age);
        return _bytes.AsSpan((int)(entry.Start - _bytesBegin), entry.NameLength);
    }

    /// <inheritdoc cref="Name"/>
    public ReadOnlySpan<byte> Value(int age)
    {
        ref Entry entry = ref At(age);
        return _bytes.AsSpan((int)(entry.Start - _bytesBegin) + entry.NameLength, entry.ValueLength);
    }

    /// <inheritdoc cref="Name"/>
    public ref TNote Note(int age) => ref At(age).Note;

    /// <summary>
    /// Adds an entry and lets go of those it leaves no room for: all of them, and it is not added itself, if it is larger than the table.
    /// </summary>
    /// <param name="name">Not one of the table's own, which may go or be moved before it is copied.</param>
    /// <param name="value">The same.</param>
    /// <param name="note">What to keep with it.</param>
    public bool TryAdd(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, TNote note)
    {
        Debug.Assert(!name.Overlaps(_bytes) && !value.Overlaps(_bytes), "The table would overwrite what it copies.");
        int size = SizeOf(name, value);
        EvictDownTo(MaxSize - size);
        if (size > MaxSize)
        {
            return false;
        }

        int length = name.Length + value.Length;
        if (length > _bytes.Length - _bytesUsed)
        {
            MakeRoom(length);
        }

        if (Count == _entries.Length)
        {
            MakeRoomForEntries();
        }

        name.CopyTo(_bytes.AsSpan(_bytesUsed));
        value.CopyTo(_bytes.AsSpan(_bytesUsed + name.Length));
        _newest++;
        Count++;
        At(0) = new Entry { Start = _bytesBegin + _bytesUsed, NameLength = name.Length, ValueLength = value.Length, Note = note };
        _bytesUsed += length;
        Size += size;
        return true;
    }

    public void Resize(int maxSize)
    {
        MaxSize = maxSize;
        EvictDownTo(maxSize);
    }

    private ref Entry At(int age)
    {
        Debug.Assert((uint)age < (uint)Count, "There is no such entry.");
        return ref _entries[(int)(_newest - age) & (_entries.Length - 1)];
    }

    private void EvictDownTo(int size)
    {
        while (Count > 0 && Size > size)
        {
            ref Entry oldest = ref At(Count - 1);
            Size -= oldest.NameLength + oldest.ValueLength + EntryOverhead;
            oldest = default; // the note may hold on to something
            Count--;
        }
    }

    private void MakeRoom(int length)
    {
        int begin = Count == 0 ? _bytesUsed : (int)(At(Count - 1).Start - _bytesBegin);
        ReadOnlySpan<byte> living = _bytes.AsSpan(begin, _bytesUsed - begin);
        int wanted = (living.Length + length) * 2;
        byte[] target = wanted <= _bytes.Length
            ? _bytes
            : new byte[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(wanted, LeastBytes))];
        living.CopyTo(target);
        _bytes = target;
        _bytesBegin += begin;
        _bytesUsed = living.Length;
    }

    private void MakeRoomForEntries()
    {
        Entry[] old = _entries;
        var larger = new Entry[Math.Max(LeastEntries, old.Length * 2)];
        for (long number = _newest - Count + 1; number <= _newest; number++)
        {
            larger[(int)number & (larger.Length - 1)] = old[(int)number & (old.Length - 1)];
        }

        _entries = larger;
    }

    private struct Entry
    {
        public long Start; // in the stream of bytes: the name, then the value
        public int NameLength;
        public int ValueLength;
        public TNote Note;
    }
}
