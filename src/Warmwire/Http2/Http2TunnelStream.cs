using Warmwire.Diagnostics;

namespace Warmwire.Http2;

/// <summary>What a CONNECT request has opened: bytes both ways on one stream (RFC 9113 §8.5, RFC 8441 §5).</summary>
internal sealed class Http2TunnelStream : Stream
{
    private readonly Http2Stream _stream;
    private readonly Http2Upload _upload;
    private volatile bool _disposed;

    public Http2TunnelStream(Http2Stream stream)
    {
        _stream = stream;
        _upload = stream.Upload!;
    }

    ~Http2TunnelStream() => ThreadPool.UnsafeQueueUserWorkItem(static stream => stream.Connection.Reset(stream, Http2ErrorCode.Cancel), _stream, preferLocal: false);

    public override bool CanRead => !_disposed;

    public override bool CanSeek => false;

    public override bool CanWrite => !_disposed;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        int read;
        try
        {
            ValueTask<int> reading = _stream.Inbox.ReadAsync(buffer);
            using CancellationTokenRegistration registration = cancellationToken.CanBeCanceled
                ? cancellationToken.UnsafeRegister(static (state, token) => ((Http2Inbox)state!).Withdraw(new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, token)), _stream.Inbox)
                : default;
            read = await reading.ConfigureAwait(false);
        }
        catch (TransportException e)
        {
            throw _disposed ? new ObjectDisposedException(GetType().FullName) : new HttpIOException(e.HttpRequestError, e.Message, e);
        }

        _stream.Connection.Consumed(_stream, read);
        return read;
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

    /// <summary>Waits for room in the windows; it does not listen to its token while it does, as half a message would be worse than a late one.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        return _upload.WriteBodyAsync(buffer);
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

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            GC.SuppressFinalize(this);
            _stream.Connection.EndRequest(_upload);
            _upload.Stop();
            _stream.Connection.Reset(_stream, Http2ErrorCode.Cancel);
            _stream.Inbox.Fail(new TransportException(HttpRequestError.ResponseEnded, ErrorTexts.Cancelled, null, TransportPhase.ReadBody, RequestSent.Fully, _stream.Connection.Key.Origin, _stream.Connection.Id), dropUnread: true);
        }

        base.Dispose(disposing);
    }
}
