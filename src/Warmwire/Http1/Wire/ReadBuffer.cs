using System.Diagnostics;
using Warmwire.Buffers;

namespace Warmwire.Http1.Wire;

/// <summary>The bytes read from a connection and not yet used. Holds no memory while it is empty and released.</summary>
internal struct ReadBuffer
{
#if DEBUG
    // Small, so that growing and split reads happen in every test.
    private const int InitialSize = 16;
#else
    private const int InitialSize = 4096;
#endif

    private byte[]? _array;
    private int _start;
    private int _end;

    public readonly int Count => _end - _start;

    public readonly ReadOnlySpan<byte> Unread => _array.AsSpan(_start, _end - _start);

    public readonly ReadOnlyMemory<byte> UnreadMemory => _array.AsMemory(_start, _end - _start);

    public void Consume(int count)
    {
        Debug.Assert(count >= 0 && count <= Count, $"consume {count} of {Count}");
        _start += count;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>Room for the next read: at least one byte, after moving or growing.</summary>
    /// <param name="wanted">How much room would be useful.</param>
    public Memory<byte> GetFree(int wanted = 1)
    {
        if (_array is null)
        {
            _array = BufferPool.Shared.Rent(Math.Max(InitialSize, wanted));
        }
        else if (_array.Length - _end < wanted)
        {
            MakeRoom(wanted);
        }

        return _array.AsMemory(_end);
    }

    public void Commit(int count)
    {
        Debug.Assert(_array is not null && _end + count <= _array.Length, "commit past the end");
        _end += count;
    }

    /// <summary>Gives the memory back. Only while no read into it is pending.</summary>
    public void Release()
    {
        Debug.Assert(Count == 0, "bytes would be lost");
        if (_array is { } array)
        {
            _array = null;
            BufferPool.Shared.Return(array);
        }
    }

    private void MakeRoom(int wanted)
    {
        int count = Count;
        if (_array!.Length - count >= wanted && _start > 0)
        {
            _array.AsSpan(_start, count).CopyTo(_array);
        }
        else
        {
            byte[] larger = BufferPool.Shared.Rent(Math.Max(_array.Length * 2, count + wanted));
            _array.AsSpan(_start, count).CopyTo(larger);
            BufferPool.Shared.Return(_array);
            _array = larger;
        }

        _start = 0;
        _end = count;
    }
}
