using System.Diagnostics;
using System.Runtime.CompilerServices;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Timing;

namespace Warmwire.Http1.Flow;

/// <summary>
/// One request and the head of its response: a flow that writes and a flow that reads, side by side, because a server may answer before it has
/// the whole request (RFC 9112 §9.5). As a deadline it is the wait for the head.
/// </summary>
/// <remarks>
/// It is used again for a later request, of any connection, if nobody else can still know it: no timer that may be about to fire, no callback of a token,
/// no writing flow behind the response. Any other is left to the garbage collector, and what comes late finds its attempt over.
/// </remarks>
internal sealed class Http1Exchange : Deadline, ITotalDeadlineTarget
{
    [ThreadStatic]
    private static Http1Exchange? t_spare;

    private readonly Action _filled;
    private Http1Connection _connection = null!;
    private ConnectionServices _services = null!;
    private Attempt _attempt = null!;
    private long _exchangeId;
    private Task _writing = Task.CompletedTask;
    private CancellationTokenRegistration _cancellation;
    private bool _timed;
    private volatile bool _headDone;
    private volatile Exception? _writeError;

    // The reading flow's own.
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _fill;
    private int _headBytes;
    private int _interimResponses;

    private Http1Exchange() => _filled = Filled;

    /// <summary>Runs the attempt on a connection that is in <see cref="Http1State.Exchange"/>. Never throws: what fails, fails the attempt.</summary>
    public static void Start(Http1Connection connection, Attempt attempt, long exchangeId)
    {
        Http1Exchange exchange = t_spare ?? new Http1Exchange();
        t_spare = null;
        exchange._connection = connection;
        exchange._services = connection.Services;
        exchange._attempt = attempt;
        exchange._exchangeId = exchangeId;
        exchange.Start();
    }

    private void Start()
    {
        Attempt attempt = _attempt;
        try
        {
            attempt.CancellationToken.ThrowIfCancellationRequested();
            _connection.Writer.Prepare(attempt);
        }
        catch (Exception e)
        {
            _connection.GiveBackUnused(attempt, e is HttpRequestException refusal ? TransportErrors.Refused(_connection, attempt, refusal) : e);
            return;
        }

        // Story: the server closes, or sends what nobody asked for, between the lease and this line.
        if (_connection.RefuseForInput(attempt))
        {
            return;
        }

        attempt.TotalDeadline?.Watch(this);
        if (attempt.CancellationToken.CanBeCanceled)
        {
            _cancellation = attempt.CancellationToken.UnsafeRegister(static (state, token) => ((Http1Exchange)state!).Cancelled(token), this);
        }

        StartWriting();

        // Story: the response is here at once, and this exchange is at work for another request before the call returns. So nothing follows.
        Read();
    }

    /// <summary>Keeps this exchange for another request.</summary>
    private void Spare()
    {
        _connection = null!;
        _services = null!;
        _attempt = null!;
        _writing = Task.CompletedTask;
        _cancellation = default;
        _timed = false;
        _headDone = false;
        _fill = default;
        _headBytes = 0;
        _interimResponses = 0;
        t_spare = this;
    }

    private void Cancelled(CancellationToken token) =>
        _connection.Abandon(_attempt, new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, token), CloseReason.Cancelled);

    void ITotalDeadlineTarget.TotalTimeExpired(TimeSpan limit) =>
        _connection.Abandon(_attempt, TransportErrors.TotalTimeout(_connection, _attempt, limit, TransportPhase.ReadHeaders), CloseReason.RequestTimeout);

    protected override void OnExpired() =>
        _connection.Abandon(_attempt, TransportErrors.ResponseHeadersTimeout(_connection, _attempt), CloseReason.RequestTimeout);

    // ---- Writing ----------------------------------------------------------------------------------------------------

    private void StartWriting()
    {
        ValueTask<bool> sending = _connection.Writer.SendAsync();
        if (sending.IsCompletedSuccessfully)
        {
            Wrote(sending.Result);
        }
        else
        {
            _writing = WriteAsync(sending);
        }
    }

    private async Task WriteAsync(ValueTask<bool> sending)
    {
        bool complete;
        try
        {
            complete = await sending.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            WriteFailed(e);
            return;
        }

        Wrote(complete);
    }

    private void Wrote(bool complete)
    {
        if (complete)
        {
            _attempt.Progress.Sent = RequestSent.Fully;
            WaitForHead();
        }

        if (_attempt.Settings.Trace is { } trace)
        {
            UserCode.Tell(trace.WroteRequest, (Exception?)null);
        }

        _connection.RequestEnded(_exchangeId, complete);
    }

    private void WaitForHead()
    {
        TimeSpan limit = _attempt.Settings.ResponseHeadersTimeout;
        if (limit == Timeout.InfiniteTimeSpan || _headDone)
        {
            return;
        }

        // Story: the head arrives between the check above and the schedule below. Its flow found nothing to cancel, so this one does.
        _timed = true;
        _services.Deadlines.Schedule(this, limit);
        if (_headDone)
        {
            _services.Deadlines.Cancel(this);
        }
    }

    private void WriteFailed(Exception error)
    {
        UserCode.Tell(_attempt.Settings.Trace?.WroteRequest, error);
        if (_connection.Writer.WriteError is { } writeError)
        {
            // A server that refuses an upload answers and closes; its answer may be there although writing fails. So the reading flow has
            // the word, for a moment.
            _writeError = writeError;
            _connection.RequestEnded(_exchangeId, complete: false);
            _services.Deadlines.Schedule(new WriteErrorDeadline(this), Http1Limits.ResponseAfterWriteError);
        }
        else if (_connection.Writer.IsStopped)
        {
            _connection.RequestEnded(_exchangeId, complete: false);
        }
        else if (error is OperationCanceledException && _attempt.CancellationToken.IsCancellationRequested)
        {
            Cancelled(_attempt.CancellationToken);
        }
        else
        {
            _connection.Abandon(_attempt, error, CloseReason.RequestContentFailed);
            _connection.FailBody(_exchangeId, CloseReason.RequestContentFailed, TransportErrors.ContentFailed(_connection, _attempt, error));
        }
    }

    // ---- Reading ----------------------------------------------------------------------------------------------------

    private void Read()
    {
        Http1Reader reader = _connection.Reader;
        try
        {
            while (true)
            {
                while (reader.TryFindHead(out int length))
                {
                    if (ReadHead(length))
                    {
                        return;
                    }
                }

                CheckHeadSize(reader.Buffered);
                ValueTask<int> filling = reader.BeginFill(1);
                ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter fill = filling.ConfigureAwait(false).GetAwaiter();
                if (!fill.IsCompleted)
                {
                    // Its end may run on another thread before the next line is over, so nothing follows it.
                    _fill = fill;
                    fill.UnsafeOnCompleted(_filled);
                    return;
                }

                if (!Take(fill.GetResult()))
                {
                    return;
                }
            }
        }
        catch (Exception e)
        {
            ReadFailed(e);
        }
    }

    private void Filled()
    {
        bool goOn;
        try
        {
            goOn = Take(_fill.GetResult());
        }
        catch (Exception e)
        {
            ReadFailed(e);
            return;
        }

        if (goOn)
        {
            Read();
        }
    }

    /// <summary>Takes what a read has delivered. Returns whether there is more to come.</summary>
    private bool Take(int read)
    {
        if (read == 0)
        {
            Fail(CloseReason.ServerClosed, TransportErrors.ServerClosed(_connection, _attempt, TransportPhase.ReadHeaders));
            return false;
        }

        _connection.Reader.EndFill(read);
        if (!_attempt.Progress.ResponseStarted)
        {
            _attempt.Progress.ResponseStarted = true;
            if (_attempt.Settings.Trace is { } trace)
            {
                UserCode.Tell(trace.GotFirstResponseByte);
            }
        }

        return true;
    }

    private void ReadFailed(Exception e)
    {
        if (e is WireFormatException bad)
        {
            Fail(CloseReason.ProtocolError, TransportErrors.InvalidResponse(_connection, _attempt, bad.Message, bad.Setting, bad, TransportPhase.ReadHeaders));
        }
        else
        {
            Fail(CloseReason.ReadError, TransportErrors.ReadFailed(_connection, _attempt, e, TransportPhase.ReadHeaders));
        }
    }

    /// <summary>One head is in the buffer. Returns whether it was the final one and this flow is over.</summary>
    private bool ReadHead(int length)
    {
        Http1Reader reader = _connection.Reader;
        CheckHeadSize(length);
        _headBytes += length;
        ReadOnlySpan<byte> head = reader.Unread[..length];
        StatusLine status = StatusLine.Parse(head);
        if (status.StatusCode < 200 && status.StatusCode != 101)
        {
            ReadInterim(head, status);
            reader.ConsumeHead(length);
            return false;
        }

        if (status.StatusCode == 101 && !_attempt.Request.Headers.NonValidated.Contains("Upgrade"))
        {
            throw new WireFormatException("101 Switching Protocols, although the request did not ask for an upgrade");
        }

        var content = new ResponseContent(_connection, _attempt);
        HttpResponseMessage response = Http1ResponseHead.Create(head, status, _attempt.Request, content);
        FramingResult framing = Http1ResponseHead.Read(head, status, _attempt.Request, response, _services.Settings.ResponseHeaderEncodingSelector);
        reader.ConsumeHead(length);
        reader.BeginBody(framing, Math.Max(0, _services.Settings.MaxResponseHeadersBytes - _headBytes));
        bool alone = StopWaiting();
        if (!_connection.IsRequestDone)
        {
            _connection.Writer.FinalResponseStarted(status.StatusCode);
        }

        Deliver(response, content, framing, alone);
        return true;
    }

    /// <param name="response">The response.</param>
    /// <param name="content">Its content.</param>
    /// <param name="framing">How its body ends.</param>
    /// <param name="alone">Whether nobody but the connection knows this exchange any more.</param>
    private void Deliver(HttpResponseMessage response, ResponseContent content, in FramingResult framing, bool alone)
    {
        Http1Reader reader = _connection.Reader;
        if (framing.Kind == BodyKind.Raw)
        {
            content.SetStream(new Http1UpgradedStream(_connection, _writing));
            if (_connection.TryTakeHead(_attempt, framing, Http1State.Upgraded))
            {
                _attempt.TryComplete(response);
            }
            else
            {
                _connection.Close(CloseReason.Cancelled);
            }

            return;
        }

        if (framing.Kind == BodyKind.Length && !reader.BodyEnded && framing.Length <= Math.Min(reader.Buffered, Http1Limits.DetachedBodyBytes))
        {
            content.SetBytes(reader.NextBody((int)framing.Length).ToArray());
        }
        else if (framing.Kind == BodyKind.Chunked && reader.TakeWholeChunks(Http1Limits.DetachedBodyBytes) is { } whole)
        {
            content.SetBytes(whole);
        }

        if (reader.BodyEnded)
        {
            // The connection is free before the caller has the response.
            Attempt attempt = _attempt;
            if (alone && _connection.TryFinishAtHead(attempt, framing))
            {
                // Before the caller goes on, who most often sends the next request from here.
                Spare();
                attempt.Progress.Forgotten = !attempt.Progress.WasQueued;
                attempt.TryComplete(response);
                return;
            }

            bool wanted = _connection.TryTakeHead(_attempt, framing, Http1State.Draining);
            Task finished = _connection.Finish();
            if (wanted)
            {
                _ = CompleteAfterAsync(finished, response);
            }

            return;
        }

        var body = new Http1ResponseStream(_connection, _exchangeId, _attempt, _services, response);
        content.SetStream(body);
        if (_connection.TryTakeHead(_attempt, framing, Http1State.Body))
        {
            _attempt.TryComplete(response);
        }
        else
        {
            body.Detach();
            _connection.DrainAfterHead();
        }
    }

    private async Task CompleteAfterAsync(Task finished, HttpResponseMessage response)
    {
        await finished.ConfigureAwait(false);
        _attempt.TryComplete(response);
    }

    private void ReadInterim(ReadOnlySpan<byte> head, in StatusLine status)
    {
        if (++_interimResponses > Http1Limits.InterimResponses)
        {
            throw new WireFormatException($"more than {Http1Limits.InterimResponses} interim (1xx) responses");
        }

        Http1ResponseHead.Read(head, status, _attempt.Request, response: null, encoding: null);
        if (status.StatusCode == 100)
        {
            UserCode.Tell(_attempt.Settings.Trace?.Got100Continue);
            _connection.Writer.Continue();
        }
    }

    private void CheckHeadSize(int bytes)
    {
        int limit = _services.Settings.MaxResponseHeadersBytes;
        if (bytes > limit - _headBytes)
        {
            throw new WireFormatException($"the response's head, with the 1xx heads before it, is longer than {limit} bytes", "PooledHttpHandler.MaxResponseHeadersLength");
        }
    }

    /// <summary>The head is here, or will not come. Returns whether nothing that could still call this exchange is left.</summary>
    private bool StopWaiting()
    {
        _headDone = true;
        bool alone = _writing.IsCompleted && _writeError is null && _attempt.TotalDeadline is null;
        if (_timed)
        {
            // Not cancelled: it has expired, and its call may be on its way here.
            alone &= _services.Deadlines.Cancel(this);
        }

        if (_attempt.CancellationToken.CanBeCanceled)
        {
            alone &= _cancellation.Unregister();
        }

        return alone;
    }

    private void Fail(CloseReason reason, TransportException error)
    {
        StopWaiting();
        if (_writeError is { } writeError)
        {
            reason = CloseReason.WriteError;
            error = TransportErrors.WriteFailed(_connection, _attempt, writeError);
        }

        _connection.Close(reason, error, asynchronously: false);
    }

    /// <summary>Writing failed and no answer came either.</summary>
    private sealed class WriteErrorDeadline(Http1Exchange exchange) : Deadline
    {
        protected override void OnExpired() =>
            exchange._connection.Abandon(
                exchange._attempt,
                TransportErrors.WriteFailed(exchange._connection, exchange._attempt, exchange._writeError!),
                CloseReason.WriteError);
    }
}
