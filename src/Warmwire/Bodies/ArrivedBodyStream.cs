using Warmwire.Connections;

namespace Warmwire.Bodies;

/// <summary>
/// A body that came with its head. Read as any other is: whether it came so depends on how the network cut it, and must not show.
/// </summary>
internal sealed class ArrivedBodyStream(byte[] bytes) : ResponseBodyStream
{
    private int _position;
    private bool _disposed;

    public override bool CanRead => !_disposed;

    protected override long? Remaining => bytes.Length - _position;

    /// <summary>Nothing is to come that the time could end.</summary>
    public override void Attach(TotalDeadline deadline)
    {
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int count = Math.Min(buffer.Length, bytes.Length - _position);
        bytes.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    protected override ValueTask<int> ReadBodyAsync(Memory<byte> buffer, bool ioErrors, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<int>(cancellationToken)
            : ValueTask.FromResult(Read(buffer.Span));

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        base.Dispose(disposing);
    }
}
