namespace Warmwire.Dialing;

/// <summary>
/// A stream of a <see cref="PooledHttpHandler.ConnectCallback"/> that a synchronous send has asked for: it may work only synchronously, so
/// it is used in this way, and each call has a thread while it blocks. Only a stream that refuses it is used asynchronously.
/// </summary>
/// <remarks>
/// The stream's own asynchronous calls do not come first: those that it inherits from <see cref="Stream"/> let a read that waits block
/// every write.
/// </remarks>
internal sealed class BlockingStream(Stream inner) : WrappingStream(inner)
{
    private volatile bool _refuses;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _refuses ? Inner.ReadAsync(buffer, cancellationToken) : ReadBlockingAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _refuses ? Inner.WriteAsync(buffer, cancellationToken) : WriteBlockingAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _refuses ? Inner.FlushAsync(cancellationToken) : Task.Run(Inner.Flush, cancellationToken);

    private async ValueTask<int> ReadBlockingAsync(Memory<byte> buffer, CancellationToken token)
    {
        try
        {
            // It may wait for as long as the connection is idle, so it takes no thread of the pool.
            return await Task.Factory
                .StartNew(() => Inner.Read(buffer.Span), token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
        catch (NotSupportedException)
        {
            _refuses = true;
        }

        return await Inner.ReadAsync(buffer, token).ConfigureAwait(false);
    }

    private async ValueTask WriteBlockingAsync(ReadOnlyMemory<byte> buffer, CancellationToken token)
    {
        try
        {
            await Task.Run(() => Inner.Write(buffer.Span), token).ConfigureAwait(false);
            return;
        }
        catch (NotSupportedException)
        {
            _refuses = true;
        }

        await Inner.WriteAsync(buffer, token).ConfigureAwait(false);
    }
}
