using Warmwire.Bodies;
using Warmwire.Diagnostics;

namespace Warmwire.Http2;

/// <summary>What a CONNECT request has opened: bytes both ways on one stream (RFC 9113 §8.5, RFC 8441 §5).</summary>
internal sealed class Http2TunnelStream : DuplexStream
{
    private readonly Http2Stream _stream;
    private readonly Http2Upload _upload;
    private volatile bool _disposed;

    public Http2TunnelStream(Http2Stream stream)
    {
        _stream = stream;
        _upload = stream.Upload!;
    }

    ~Http2TunnelStream() =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static stream => stream.Connection.Streams.Reset(stream, Http2ErrorCode.Cancel),
            _stream,
            preferLocal: false);

    protected override bool IsDisposed => _disposed;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        int read;
        try
        {
            ValueTask<int> reading = _stream.Inbox.ReadAsync(buffer);
            using CancellationTokenRegistration registration = _stream.Inbox.WithdrawOn(cancellationToken);
            read = await reading.ConfigureAwait(false);
        }
        catch (TransportException e)
        {
            throw _disposed ? new ObjectDisposedException(GetType().FullName) : new HttpIOException(e.HttpRequestError, e.Message, e);
        }

        _stream.Connection.Data.Consumed(_stream, read);
        return read;
    }

    /// <summary>
    /// Waits for room in the windows; it does not listen to its token while it does, as half a message would be worse than a late one.
    /// </summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        return _upload.WriteBodyAsync(buffer, CancellationToken.None);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            GC.SuppressFinalize(this);
            _stream.Connection.Data.EndRequest(_upload);
            _upload.Stop();
            _stream.Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
            var error = new TransportException(
                HttpRequestError.ResponseEnded, ErrorTexts.Cancelled, null, TransportPhase.ReadBody, RequestSent.Fully,
                _stream.Connection.Route.Origin, _stream.Connection.Id);
            _stream.Inbox.Fail(error, dropUnread: true);
        }

        base.Dispose(disposing);
    }
}
