using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Timing;

namespace Warmwire.Http1;

/// <summary>
/// One request and the head of its response: a flow that writes and a flow that reads, side by side, because a server may answer before it has
/// the whole request (RFC 9112 §9.5). As a deadline it is the wait for the head.
/// </summary>
internal sealed class Http1Exchange : Deadline, ITotalDeadlineTarget
{
    private readonly Http1Connection _connection;
    private readonly Attempt _attempt;
    private readonly ConnectionServices _services;
    private readonly long _exchangeId;
    private Task _writing = Task.CompletedTask;
    private CancellationTokenRegistration _cancellation;
    private volatile bool _headDone;
    private volatile Exception? _writeError;
    private int _headBytes;
    private int _interimResponses;

    public Http1Exchange(Http1Connection connection, Attempt attempt, ConnectionServices services)
    {
        _connection = connection;
        _attempt = attempt;
        _services = services;
        _exchangeId = connection.ExchangeId;
    }

    /// <summary>Never throws: what fails, fails the attempt.</summary>
    public void Start()
    {
        try
        {
            _attempt.CancellationToken.ThrowIfCancellationRequested();
            _connection.Writer.Prepare(_attempt);
        }
        catch (Exception e)
        {
            _connection.GiveBackUnused(_attempt, e is HttpRequestException refusal ? TransportErrors.Refused(_connection, _attempt, refusal) : e);
            return;
        }

        // Story: the server closes, or sends what nobody asked for, between the lease and this line.
        if (_connection.RefuseForInput(_attempt))
        {
            return;
        }

        _attempt.TotalDeadline?.Watch(this);
        if (_attempt.CancellationToken.CanBeCanceled)
        {
            _cancellation = _attempt.CancellationToken.UnsafeRegister(static (state, token) => ((Http1Exchange)state!).Cancelled(token), this);
        }

        _writing = WriteAsync();
        _ = ReadAsync();
    }

    private void Cancelled(CancellationToken token) =>
        _connection.Abandon(_attempt, new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, token), CloseReason.Cancelled);

    void ITotalDeadlineTarget.TotalTimeExpired(TimeSpan limit) =>
        _connection.Abandon(_attempt, TransportErrors.TotalTimeout(_connection, _attempt, limit, TransportPhase.ReadHeaders), CloseReason.RequestTimeout);

    protected override void OnExpired() =>
        _connection.Abandon(_attempt, TransportErrors.ResponseHeadersTimeout(_connection, _attempt), CloseReason.RequestTimeout);

    // ---- Writing ----------------------------------------------------------------------------------------------------

    private async Task WriteAsync()
    {
        bool complete;
        try
        {
            complete = await _connection.Writer.SendAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            WriteFailed(e);
            return;
        }

        if (complete)
        {
            _attempt.Sent = RequestSent.Fully;
            WaitForHead();
        }

        TraceCalls.Invoke(_attempt.Settings.Trace?.WroteRequest, (Exception?)null);
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
        _services.Deadlines.Schedule(this, limit);
        if (_headDone)
        {
            _services.Deadlines.Cancel(this);
        }
    }

    private void WriteFailed(Exception error)
    {
        TraceCalls.Invoke(_attempt.Settings.Trace?.WroteRequest, error);
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

    private async Task ReadAsync()
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
                int read = await reader.FillAsync(1).ConfigureAwait(false);
                if (!_attempt.ResponseStarted && read > 0)
                {
                    _attempt.ResponseStarted = true;
                    TraceCalls.Invoke(_attempt.Settings.Trace?.GotFirstResponseByte);
                }

                if (read == 0)
                {
                    Fail(CloseReason.ServerClosed, TransportErrors.ServerClosed(_connection, _attempt, TransportPhase.ReadHeaders));
                    return;
                }
            }
        }
        catch (WireFormatException e)
        {
            Fail(CloseReason.ProtocolError, TransportErrors.InvalidResponse(_connection, _attempt, e.Message, e.Setting, e, TransportPhase.ReadHeaders));
        }
        catch (Exception e)
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

        var content = new Http1ResponseContent(_connection, _attempt);
        HttpResponseMessage response = Http1ResponseHead.Create(head, status, _attempt.Request, content);
        FramingResult framing = Http1ResponseHead.Read(head, status, _attempt.Request, response, _services.Settings.ResponseHeaderEncodingSelector);
        reader.ConsumeHead(length);
        reader.BeginBody(framing, Math.Max(0, _services.Settings.MaxResponseHeadersBytes - _headBytes));
        StopWaiting();
        if (!_connection.IsRequestDone)
        {
            _connection.Writer.FinalResponseStarted(status.StatusCode);
        }

        Deliver(response, content, framing);
        return true;
    }

    private void Deliver(HttpResponseMessage response, Http1ResponseContent content, in FramingResult framing)
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

        if (reader.BodyEnded)
        {
            // The connection is free before the caller has the response.
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
            TraceCalls.Invoke(_attempt.Settings.Trace?.Got100Continue);
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

    private void StopWaiting()
    {
        _headDone = true;
        _services.Deadlines.Cancel(this);
        _cancellation.Unregister();
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
