using Warmwire.Bodies;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The connection as the application's own stream, after 101 Switching Protocols or CONNECT. It never comes back to the pool.
/// </summary>
internal sealed class Http1UpgradedStream : DuplexStream
{
    private readonly Http1Connection _connection;
    private readonly Stream _stream;
    private readonly Task _requestWritten;
    private bool _disposed;

    /// <param name="connection">The connection.</param>
    /// <param name="requestWritten">Ends, without failing, with the flow that writes the request.</param>
    public Http1UpgradedStream(Http1Connection connection, Task requestWritten)
    {
        _connection = connection;
        _stream = connection.Stream;
        _requestWritten = requestWritten;
    }

    ~Http1UpgradedStream() =>
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Close(CloseReason.Upgraded), _connection, preferLocal: false);

    protected override bool IsDisposed => _disposed;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);

        // Bytes of the new protocol that came along with the head are first.
        Http1Reader reader = _connection.Reader;
        if (reader.Buffered > 0)
        {
            int count = Math.Min(reader.Buffered, buffer.Length);
            reader.Unread[..count].CopyTo(buffer.Span);
            reader.Consume(count);
            return ValueTask.FromResult(count);
        }

        return _stream.ReadAsync(buffer, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _requestWritten.IsCompleted
            ? _stream.WriteAsync(buffer, cancellationToken)
            : WriteAfterRequestAsync(buffer, cancellationToken);
    }

    private async ValueTask WriteAfterRequestAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        // Story: the server switches as soon as it has the request, and the application writes before the send of the request has come
        // back. A stream takes one write at a time.
        await _requestWritten.WaitAsync(cancellationToken).ConfigureAwait(false);
        await _stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => _stream.FlushAsync(cancellationToken);

    public override void Flush() => _stream.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            GC.SuppressFinalize(this);
            _connection.Close(CloseReason.Upgraded);
        }

        base.Dispose(disposing);
    }
}
