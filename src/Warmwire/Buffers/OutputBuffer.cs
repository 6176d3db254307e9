using System.Buffers;
using System.Text;

namespace Warmwire.Buffers;

/// <summary>Bytes on their way out: grows as needed, over an array that is rented while it holds something. One user at a time.</summary>
internal sealed class OutputBuffer
{
    private const int InitialSize = 1024;

    private byte[] _array = [];
    private int _count;

    public int Count => _count;

    /// <summary>Valid until the next call that changes the buffer.</summary>
    public ReadOnlyMemory<byte> Written => new(_array, 0, _count);

    /// <summary>Room for at least <paramref name="sizeHint"/> bytes; what is filled of it must be told to <see cref="Advance"/>.</summary>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _array.AsSpan(_count);
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _count);
        _count += count;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _count += bytes.Length;
    }

    /// <summary>For text known to be ASCII.</summary>
    public void WriteAscii(ReadOnlySpan<char> text)
    {
        if (Ascii.FromUtf16(text, GetSpan(text.Length), out int written) != OperationStatus.Done)
        {
            throw new ArgumentException("The text is not ASCII.", nameof(text));
        }

        _count += written;
    }

    /// <summary>What was written, to change it afterwards; valid until the next call that changes the buffer.</summary>
    public Span<byte> WrittenSpan => _array.AsSpan(0, _count);

    /// <summary>Takes back what was written after the first <paramref name="count"/> bytes.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _count);
        _count = count;
    }

    /// <summary>Empties the buffer and keeps its array.</summary>
    public void Clear() => _count = 0;

    /// <summary>Empties the buffer and gives its array back. The buffer can be used again.</summary>
    public void Release()
    {
        byte[] array = _array;
        _array = [];
        _count = 0;
        if (array.Length > 0)
        {
            BufferPool.Shared.Return(array);
        }
    }

    private void Ensure(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        int needed = checked(_count + Math.Max(sizeHint, 1));
        if (needed <= _array.Length)
        {
            return;
        }

        int doubled = (int)Math.Min(_array.Length * 2L, Array.MaxLength);
        byte[] larger = BufferPool.Shared.Rent(Math.Max(needed, Math.Max(doubled, InitialSize)));
        _array.AsSpan(0, _count).CopyTo(larger);
        byte[] old = _array;
        _array = larger;
        if (old.Length > 0)
        {
            BufferPool.Shared.Return(old);
        }
    }
}
