using System.Runtime.CompilerServices;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Http2;

/// <summary>
/// The body of a response while it is on its way. Nothing below refers to it while no read is pending, so that one nobody disposes is found
/// by the garbage collector, reported, and its stream reset.
/// </summary>
internal sealed class Http2ResponseStream : TimedResponseStream
{
    private const long NotWaiting = long.MinValue;

    private readonly Http2Stream _stream;
    private readonly HttpResponseMessage _response;
    private long _waitedSince = NotWaiting;

    public Http2ResponseStream(Http2Stream stream, Attempt attempt, HttpResponseMessage response)
        : base(stream.Connection, attempt)
    {
        _stream = stream;
        _response = response;
    }

    protected override long? Remaining => null;

    private Http2Connection Connection => _stream.Connection;

    protected override void FailBody(TransportException error)
    {
        long since = Interlocked.Read(ref _waitedSince);
        _stream.Inbox.Fail(error, dropUnread: true);
        _stream.Upload?.Stop();
        Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel, since == NotWaiting ? null : since);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, bool ioErrors, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (IsOver)
        {
            return 0;
        }

        try
        {
            ValueTask<int> reading = _stream.Inbox.ReadAsync(buffer);
            int read;
            if (reading.IsCompleted)
            {
                read = await reading.ConfigureAwait(false);
            }
            else
            {
                Interlocked.Exchange(ref _waitedSince, Connection.Services.Time.GetTimestamp());
                bool timed = StartIdleWait();
                using CancellationTokenRegistration registration = _stream.Inbox.WithdrawOn(cancellationToken);
                try
                {
                    read = await reading.ConfigureAwait(false);
                }
                finally
                {
                    Interlocked.Exchange(ref _waitedSince, NotWaiting);
                    if (timed)
                    {
                        EndIdleWait();
                    }
                }
            }

            if (read > 0)
            {
                Connection.Data.Consumed(_stream, read);
            }

            if (_stream.Inbox.IsAtEnd && (read > 0 || !buffer.IsEmpty))
            {
                // With the last byte and not behind it: what ends here frees nothing any more, but its total time and its finalizer.
                End();
            }

            return read;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Over(ended: false);
            _stream.Inbox.Fail(TransportErrors.BodyGone(Connection, Attempt, CloseReason.Cancelled), dropUnread: true);
            _stream.Upload?.Stop();
            Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
            throw;
        }
        catch (TransportException e)
        {
            Over(ended: false);
            throw Shown(IsDisposed ? new ObjectDisposedException(GetType().FullName) : e, ioErrors);
        }
    }

    /// <summary>As .NET shows them: what the peer's code says is an <see cref="HttpProtocolException"/>.</summary>
    private static Exception Shown(Exception error, bool ioErrors) =>
        !ioErrors || error is not TransportException e ? error
        : e.Http2ErrorCode is { } code ? new HttpProtocolException((long)code, e.Message, e)
        : new HttpIOException(e.HttpRequestError, e.Message, e);

    private void End()
    {
        if (!IsOver)
        {
            AddTrailers();
            Over();
        }
    }

    private void AddTrailers()
    {
        try
        {
            _stream.AddTrailers(_response);
        }
        catch (Exception e)
        {
            // The selector of encodings: that is the user's.
            throw TransportErrors.ReadFailed(Connection, Attempt, e, TransportPhase.ReadBody);
        }
    }

    protected override void Disposed(bool early)
    {
        if (early)
        {
            _stream.Inbox.Fail(TransportErrors.BodyGone(Connection, Attempt, CloseReason.BodyNotDrained), dropUnread: true);
        }

        else if (_stream.Upload is { IsRefused: false })
        {
            // It has all of a response that is no refusal, and the content is sent to its end.
            return;
        }

        // Also behind the end: what the server has refused ends here.
        _stream.Upload?.Stop();
        Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
    }

    protected override void LetGo() => Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
}
