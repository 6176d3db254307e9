namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// The client's end of a connection whose writes reach the peer at once but come back to the client only when the test says so.
/// </summary>
internal sealed class GatedStream(Stream inner) : Stream
{
    private volatile TaskCompletionSource? _gate;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Lets a handler connect through such streams; the last one made is told to <paramref name="made"/>.</summary>
    public static Action<PooledHttpHandler> In(Action<GatedStream> made) => handler =>
    {
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect = handler.ConnectCallback!;
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var stream = new GatedStream(await connect(context, cancellationToken));
            made(stream);
            return stream;
        };
    };

    public void HoldWrites() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void ReleaseWrites()
    {
        TaskCompletionSource? gate = _gate;
        _gate = null;
        gate?.SetResult();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Story: a write that has reached the peer already is held by mistake. So what counts is when it began.
        TaskCompletionSource? gate = _gate;
        await inner.WriteAsync(buffer, cancellationToken);
        if (gate is not null)
        {
            await gate.Task;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

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
}
