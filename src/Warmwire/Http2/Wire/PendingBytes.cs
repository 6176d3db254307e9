using Warmwire.Buffers;

namespace Warmwire.Http2.Wire;

/// <summary>Bytes that wait to be read, in rented pieces: the first is as small as what it holds, later ones grow with what waits, and each goes back when it is read. One user at a time.</summary>
internal struct PendingBytes
{
    private const int MaxPieceBytes = 64 * 1024;

    // A ring.
    private Piece[]? _pieces;
    private int _first;
    private int _used;

    public int Count { get; private set; }

    public readonly bool HoldsBuffers => _used > 0;

    public void Add(ReadOnlySpan<byte> data)
    {
        if (_used > 0)
        {
            ref Piece last = ref PieceAt(_used - 1);
            int fits = Math.Min(data.Length, last.Buffer.Length - last.End);
            data[..fits].CopyTo(last.Buffer.AsSpan(last.End));
            last.End += fits;
            Count += fits;
            data = data[fits..];
        }

        if (!data.IsEmpty)
        {
            Append(data);
        }
    }

    /// <summary>Moves as much as fits.</summary>
    /// <returns>How much that was.</returns>
    public int Take(Span<byte> destination)
    {
        int taken = 0;
        while (taken < destination.Length && _used > 0)
        {
            ref Piece first = ref PieceAt(0);
            int count = Math.Min(destination.Length - taken, first.End - first.Start);
            first.Buffer.AsSpan(first.Start, count).CopyTo(destination[taken..]);
            first.Start += count;
            taken += count;
            if (first.Start == first.End)
            {
                DropFirst();
            }
        }

        Count -= taken;
        return taken;
    }

    public void Clear()
    {
        while (_used > 0)
        {
            DropFirst();
        }

        Count = 0;
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        if (_pieces is null || _used == _pieces.Length)
        {
            var larger = new Piece[Math.Max(4, _used * 2)];
            for (int i = 0; i < _used; i++)
            {
                larger[i] = PieceAt(i);
            }

            _pieces = larger;
            _first = 0;
        }

        byte[] buffer = BufferPool.Shared.Rent(Math.Max(data.Length, Math.Min(Count, MaxPieceBytes)));
        data.CopyTo(buffer);
        Count += data.Length;
        _used++;
        PieceAt(_used - 1) = new Piece { Buffer = buffer, End = data.Length };
    }

    private readonly ref Piece PieceAt(int index) => ref _pieces![(_first + index) % _pieces.Length];

    private void DropFirst()
    {
        ref Piece first = ref PieceAt(0);
        BufferPool.Shared.Return(first.Buffer);
        first = default;
        _first = (_first + 1) % _pieces!.Length;
        _used--;
    }

    private struct Piece
    {
        public byte[] Buffer;
        public int Start;
        public int End;
    }
}
