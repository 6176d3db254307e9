using Warmwire.Connections;

namespace Warmwire.Http1;

/// <summary>The connection as the application's own stream, after 101 Switching Protocols or CONNECT. It never comes back to the pool.</summary>
internal sealed class Http1UpgradedStream : Stream
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

    ~Http1UpgradedStream() => ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Close(CloseReason.Upgraded), _connection, preferLocal: false);

    public override bool CanRead => !_disposed;

    public override bool CanSeek => false;

    public override bool CanWrite => !_disposed;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

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

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _requestWritten.IsCompleted ? _stream.WriteAsync(buffer, cancellationToken) : WriteAfterRequestAsync(buffer, cancellationToken);
    }

    private async ValueTask WriteAfterRequestAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        // Story: the server switches as soon as it has the request, and the application writes before the send of the request has come back.
        // A stream takes one write at a time.
        await _requestWritten.WaitAsync(cancellationToken).ConfigureAwait(false);
        await _stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    public override Task FlushAsync(CancellationToken cancellationToken) => _stream.FlushAsync(cancellationToken);

    public override void Flush() => _stream.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

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
