namespace Warmwire.Tests.Exchange;

/// <summary>A body as a connection delivers it: forwards only, in pieces, and it tells what was done to it.</summary>
internal sealed class OneWayStream(byte[] bytes, int piece = int.MaxValue) : Stream
{
    private int _position;

    /// <summary>Thrown in place of the end.</summary>
    public Exception? EndsWith { get; init; }

    /// <summary>Whether reads wait for their token's cancellation once all bytes are delivered.</summary>
    public bool Hangs { get; init; }

    public int Delivered => _position;

    /// <summary>How often a reader was told the end.</summary>
    public int EndsTold { get; private set; }

    public int LargestRead { get; private set; }

    public bool Disposed { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        LargestRead = Math.Max(LargestRead, buffer.Length);
        int read = Math.Min(Math.Min(buffer.Length, piece), bytes.Length - _position);
        if (read == 0 && buffer.Length != 0)
        {
            if (EndsWith is not null)
            {
                throw EndsWith;
            }

            EndsTold++;
        }

        bytes.AsSpan(_position, read).CopyTo(buffer);
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Hangs && _position == bytes.Length)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        await Task.Yield();
        return Read(buffer.Span);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Disposed = true;
        base.Dispose(disposing);
    }
}
