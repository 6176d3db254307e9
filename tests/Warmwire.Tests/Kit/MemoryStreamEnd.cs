namespace Warmwire.Tests.Kit;

/// <summary>One end of an in-memory connection as a stream. Asynchronous only; nothing of ours may block a thread on the network.</summary>
internal sealed class MemoryStreamEnd(MemoryPipe input, MemoryPipe output) : Stream
{
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isDisposed;

    public Task Disposed => _disposed.Task;

    /// <summary>Runs within the disposal, so that counts are right the moment it returns or is seen.</summary>
    public Action? OnDispose { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        return input.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        return output.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Synchronous read.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Synchronous write.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            // Story: this thread stood still between the word of the disposal and the count. A model that waited for the word found a
            // connection that was closed and still counted as open, by the network and by the pool alike, and took that for rest.
            OnDispose?.Invoke();
            output.CloseWriter(disposed: true);
            input.CloseReader(disposed: true);
            _disposed.SetResult();
        }

        base.Dispose(disposing);
    }
}
