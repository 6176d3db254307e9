namespace Warmwire.Dialing;

/// <summary>
/// A stream of a <see cref="PooledHttpHandler.ConnectCallback"/> that a synchronous send has asked for: it may work only synchronously, so
/// it is used in this way, and each call has a thread while it blocks. Only a stream that refuses it is used asynchronously.
/// </summary>
/// <remarks>
/// The stream's own asynchronous calls do not come first: those that it inherits from <see cref="Stream"/> let a read that waits block
/// every write.
/// </remarks>
internal sealed class BlockingStream(Stream inner) : Stream
{
    private volatile bool _refuses;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _refuses ? inner.ReadAsync(buffer, cancellationToken) : ReadBlockingAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _refuses ? inner.WriteAsync(buffer, cancellationToken) : WriteBlockingAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _refuses ? inner.FlushAsync(cancellationToken) : Task.Run(inner.Flush, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override int Read(Span<byte> buffer) => inner.Read(buffer);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadBlockingAsync(Memory<byte> buffer, CancellationToken token)
    {
        try
        {
            // It may wait for as long as the connection is idle, so it takes no thread of the pool.
            return await Task.Factory
                .StartNew(() => inner.Read(buffer.Span), token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
        catch (NotSupportedException)
        {
            _refuses = true;
        }

        return await inner.ReadAsync(buffer, token).ConfigureAwait(false);
    }

    private async ValueTask WriteBlockingAsync(ReadOnlyMemory<byte> buffer, CancellationToken token)
    {
        try
        {
            await Task.Run(() => inner.Write(buffer.Span), token).ConfigureAwait(false);
            return;
        }
        catch (NotSupportedException)
        {
            _refuses = true;
        }

        await inner.WriteAsync(buffer, token).ConfigureAwait(false);
    }
}
