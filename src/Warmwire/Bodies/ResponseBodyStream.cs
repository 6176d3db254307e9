using Warmwire.Buffers;
using Warmwire.Connections;

namespace Warmwire.Bodies;

/// <summary>The body of a response while it is on its way, whatever protocol brings it.</summary>
internal abstract class ResponseBodyStream : Stream
{
    /// <summary>How much is read at once when a body is copied to a stream.</summary>
    public const int CopyBufferBytes = 64 * 1024;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Lets the body end with the exchange's total time, and end that time with the body.</summary>
    public abstract void Attach(TotalDeadline deadline);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ReadBodyAsync(buffer, ioErrors: true, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();
    }

    public override int Read(Span<byte> buffer)
    {
        byte[] copy = BufferPool.Shared.Rent(buffer.Length);
        int read = Read(copy, 0, buffer.Length);
        copy.AsSpan(0, read).CopyTo(buffer);
        BufferPool.Shared.Return(copy);
        return read;
    }

    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        ValidateCopyToArguments(destination, bufferSize);
        return CopyAsync(destination, ioErrors: true, cancellationToken);
    }

    /// <summary>
    /// As <see cref="CopyToAsync(Stream, int, CancellationToken)"/>, but failures are <see cref="TransportException"/>:
    /// <see cref="HttpContent"/> passes these on as they are.
    /// </summary>
    public Task CopyBodyToAsync(Stream destination, CancellationToken cancellationToken) =>
        CopyAsync(destination, ioErrors: false, cancellationToken);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <param name="buffer">Receives the bytes.</param>
    /// <param name="ioErrors">
    /// Whether failures are thrown as users of streams expect them: as an <see cref="IOException"/>, with ours inside.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    protected abstract ValueTask<int> ReadBodyAsync(Memory<byte> buffer, bool ioErrors, CancellationToken cancellationToken);

    /// <summary>What is left of the body, if that is known. A guess only: another thread may be reading.</summary>
    protected abstract long? Remaining { get; }

    private async Task CopyAsync(Stream destination, bool ioErrors, CancellationToken cancellationToken)
    {
        byte[] buffer = BufferPool.Shared.Rent((int)Math.Clamp(Remaining ?? CopyBufferBytes, 1, CopyBufferBytes));
        int read;
        while ((read = await ReadBodyAsync(buffer, ioErrors, cancellationToken).ConfigureAwait(false)) > 0)
        {
            await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }

        // Not after a failure: a read into it may still be pending.
        BufferPool.Shared.Return(buffer);
    }
}
