using System.Runtime.CompilerServices;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Timing;

namespace Warmwire.Http2;

/// <summary>
/// The body of a response while it is on its way. Nothing below refers to it while no read is pending, so that one nobody disposes is found
/// by the garbage collector, reported, and its stream reset.
/// </summary>
internal sealed class Http2ResponseStream : ResponseBodyStream, ITotalDeadlineTarget
{
    private readonly Http2Stream _stream;
    private readonly Attempt _attempt;
    private readonly HttpResponseMessage _response;
    private const long NotWaiting = long.MinValue;

    private IdleDeadline? _idle;
    private long _waitedSince = NotWaiting;
    private TotalDeadline? _total;
    private volatile bool _over;
    private volatile bool _disposed;

    public Http2ResponseStream(Http2Stream stream, Attempt attempt, HttpResponseMessage response)
    {
        _stream = stream;
        _attempt = attempt;
        _response = response;
    }

    ~Http2ResponseStream()
    {
        // On the finalizer thread, which must not do the pool's work.
        if (!_over && !Environment.HasShutdownStarted)
        {
            Connection.Owner.ResponseLeaked(Connection, _attempt.Stack);
            ThreadPool.UnsafeQueueUserWorkItem(static stream => stream.Connection.Streams.Reset(stream, Http2ErrorCode.Cancel), _stream, preferLocal: false);
        }
    }

    public override bool CanRead => !_disposed;

    protected override long? Remaining => null;

    private Http2Connection Connection => _stream.Connection;

    /// <summary>The response was given up before anybody saw it.</summary>
    public void Detach() => Over();

    public override void Attach(TotalDeadline deadline)
    {
        _total = deadline;
        deadline.Watch(this);
        if (_over)
        {
            Connection.Services.Deadlines.Cancel(deadline);
        }
    }

    void ITotalDeadlineTarget.TotalTimeExpired(TimeSpan limit) =>
        FailBody(TransportErrors.TotalTimeout(Connection, _attempt, limit, TransportPhase.ReadBody));

    /// <summary>A timeout ends the reading of the body.</summary>
    private void FailBody(TransportException error)
    {
        long since = Interlocked.Read(ref _waitedSince);
        _stream.Inbox.Fail(error, dropUnread: true);
        _stream.Upload?.Stop();
        Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel, since == NotWaiting ? null : since);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, bool ioErrors, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_over)
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
                        Connection.Services.Deadlines.Cancel(_idle!);
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
            _stream.Inbox.Fail(TransportErrors.BodyGone(Connection, _attempt, CloseReason.Cancelled), dropUnread: true);
            _stream.Upload?.Stop();
            Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
            throw;
        }
        catch (TransportException e)
        {
            Over(ended: false);
            throw Shown(_disposed ? new ObjectDisposedException(GetType().FullName) : e, ioErrors);
        }
    }

    /// <summary>As .NET shows them: what the peer's code says is an <see cref="HttpProtocolException"/>.</summary>
    private static Exception Shown(Exception error, bool ioErrors) =>
        !ioErrors || error is not TransportException e ? error
        : e.Http2ErrorCode is { } code ? new HttpProtocolException((long)code, e.Message, e)
        : new HttpIOException(e.HttpRequestError, e.Message, e);

    /// <summary>The server has sent nothing for now. Returns whether there is a limit to that.</summary>
    private bool StartIdleWait()
    {
        TimeSpan limit = _attempt.Settings.ResponseBodyIdleTimeout;
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return false;
        }

        _idle ??= new IdleDeadline(this);
        Connection.Services.Deadlines.Schedule(_idle, limit);
        return true;
    }

    private void End()
    {
        if (!_over)
        {
            AddTrailers();
            Over();
            _stream.Upload?.ResponseEnded();
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
            throw TransportErrors.ReadFailed(Connection, _attempt, e, TransportPhase.ReadBody);
        }
    }

    private void Over(bool ended = true)
    {
        _over = ended || _over;
        if (_total is { } total)
        {
            Connection.Services.Deadlines.Cancel(total);
        }

        GC.SuppressFinalize(this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            if (!_over)
            {
                Over(ended: false);
                _stream.Inbox.Fail(TransportErrors.BodyGone(Connection, _attempt, CloseReason.BodyNotDrained), dropUnread: true);
            }

            // Also behind the end: an upload that the caller has lost interest in ends here.
            _stream.Upload?.Stop();
            Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
        }

        base.Dispose(disposing);
    }

    /// <summary>The server sent nothing for too long.</summary>
    private sealed class IdleDeadline(Http2ResponseStream body) : Deadline
    {
        protected override void OnExpired() => body.FailBody(TransportErrors.ResponseBodyIdleTimeout(body.Connection, body._attempt));
    }
}
