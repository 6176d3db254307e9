using System.Diagnostics;
using System.Runtime.CompilerServices;
using Warmwire.Authentication;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Timing;

namespace Warmwire.Http1.Flow;

/// <summary>
/// One request and the head of its response: a flow that writes and a flow that reads, side by side, because a server may answer before it
/// has the whole request (RFC 9112 §9.5).
/// </summary>
/// <remarks>
/// It is used again for a later request, of any connection, if nobody else can still know it: no timer that may be about to fire, no
/// callback of a token, no writing flow behind the response. Any other is left to the garbage collector, and what comes late finds its
/// attempt over.
/// </remarks>
internal sealed class Http1Exchange : HeadWait
{
    [ThreadStatic]
    private static Http1Exchange? t_spare;

    private readonly Action _filled;
    private Current _current;

    private Http1Exchange() => _filled = Filled;

    private Http1Connection Connection => _current.Connection;

    private Attempt Attempt => _current.Attempt;

    /// <summary>
    /// Runs the attempt on a connection that is in <see cref="Http1State.Exchange"/>. Never throws: what fails, fails the attempt.
    /// </summary>
    public static void Start(Http1Connection connection, Attempt attempt, long exchangeId)
    {
        Http1Exchange exchange = t_spare ?? new Http1Exchange();
        t_spare = null;
        exchange._current = new Current { Connection = connection, Attempt = attempt, ExchangeId = exchangeId };
        exchange.Start();
    }

    private void Start()
    {
        Attempt attempt = Attempt;
        try
        {
            attempt.CancellationToken.ThrowIfCancellationRequested();
            Connection.Writer.Prepare(attempt);
        }
        catch (Exception e)
        {
            Connection.GiveBackUnused(
                attempt,
                e is HttpRequestException refusal ? TransportErrors.Refused(Connection, attempt, refusal) : e);
            return;
        }

        // Story: the server closes, or sends what nobody asked for, between the lease and this line.
        if (Connection.RefuseForInput(attempt))
        {
            return;
        }

        BeginWait(attempt);
        StartWriting();

        // Story: the response is here at once, and this exchange is at work for another request before the call returns. So nothing
        // follows.
        Read();
    }

    /// <summary>Keeps this exchange for another request.</summary>
    private void Spare()
    {
        (_current, t_spare) = (default, this);
        ClearWait();
    }

    protected override HttpConnection Serving => Connection;

    protected override Attempt? Waiting => Attempt;

    protected override void GiveUp(Attempt attempt, Exception error, CloseReason reason) => Connection.Abandon(attempt, error, reason);

    // ---- Writing ----------------------------------------------------------------------------------------------------

    private void StartWriting()
    {
        ValueTask<bool> sending = Connection.Writer.SendAsync();
        if (sending.IsCompletedSuccessfully)
        {
            Wrote(sending.Result);
        }
        else
        {
            _current.Writing = WriteAsync(sending);
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
        if (complete && _current.Early is null)
        {
            LimitWait(Attempt);
        }

        if (Attempt.Settings.Trace is { } trace)
        {
            UserCode.Tell(trace.WroteRequest, (Exception?)null);
        }

        if (Connection.RequestEnded(Attempt, _current.ExchangeId, complete))
        {
            DeliverEarly();
        }
    }

    private void WriteFailed(Exception error)
    {
        UserCode.Tell(Attempt.Settings.Trace?.WroteRequest, error);
        if (Connection.Request.WriteError is not null)
        {
            // A server that refuses an upload answers and closes; its answer may be there although writing fails. So the reading flow has
            // the word, for a moment.
            if (Connection.RequestEnded(Attempt, _current.ExchangeId, complete: false))
            {
                DeliverEarly();
            }
            else
            {
                Connection.Services.Deadlines.Schedule(new WriteErrorDeadline(this), Http1Limits.ResponseAfterWriteError);
            }
        }
        else if (Connection.Writer.IsStopped)
        {
            Connection.RequestEnded(Attempt, _current.ExchangeId, complete: false);
        }
        else if (error is OperationCanceledException && Attempt.CancellationToken.IsCancellationRequested)
        {
            Cancelled(Attempt.CancellationToken);
        }
        else
        {
            Connection.Abandon(Attempt, TransportErrors.OfContent(Connection, Attempt, error), CloseReason.RequestContentFailed);
            Connection.Body.Fail(
                _current.ExchangeId,
                CloseReason.RequestContentFailed,
                TransportErrors.ContentFailed(Connection, Attempt, error));
        }
    }

    // ---- Reading ----------------------------------------------------------------------------------------------------

    private void Read()
    {
        Http1Reader reader = Connection.Reader;
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
                    _current.Fill = fill;
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
            goOn = Take(_current.Fill.GetResult());
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
            Fail(CloseReason.ServerClosed, TransportErrors.ServerClosed(Connection, Attempt, TransportPhase.ReadHeaders));
            return false;
        }

        Connection.Reader.EndFill(read);
        if (!Attempt.Progress.ResponseStarted)
        {
            Attempt.Progress.ResponseStarted = true;
            if (Attempt.Settings.Trace is { } trace)
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
            Fail(
                CloseReason.ProtocolError,
                TransportErrors.InvalidResponse(Connection, Attempt, bad.Message, bad.Setting, bad, TransportPhase.ReadHeaders));
        }
        else
        {
            Fail(CloseReason.ReadError, TransportErrors.ReadFailed(Connection, Attempt, e, TransportPhase.ReadHeaders));
        }
    }

    /// <summary>One head is in the buffer. Returns whether it was the final one and this flow is over.</summary>
    private bool ReadHead(int length)
    {
        Http1Reader reader = Connection.Reader;
        CheckHeadSize(length);
        _current.HeadBytes += length;
        ReadOnlySpan<byte> head = reader.Unread[..length];
        StatusLine status = StatusLine.Parse(head);
        if (status.StatusCode < 200 && status.StatusCode != 101)
        {
            ReadInterim(head, status);
            reader.ConsumeHead(length);
            return false;
        }

        if (status.StatusCode == 101 && !Attempt.Request.Headers.NonValidated.Contains("Upgrade"))
        {
            throw new WireFormatException("101 Switching Protocols, although the request did not ask for an upgrade");
        }

        var content = new ResponseContent(Connection, Attempt);
        HttpResponseMessage response = Http1ResponseHead.Create(head, status, Attempt.Request, content);
        FramingResult framing = Http1ResponseHead.Read(
            head,
            status,
            Attempt.Request,
            response,
            Connection.Services.Settings);
        reader.ConsumeHead(length);
        reader.BeginBody(framing, Math.Max(0, Connection.Services.Settings.MaxResponseHeadersBytes - _current.HeadBytes));
        if (!Connection.Request.IsDone)
        {
            bool refused = !AuthorizationFields.KeepWriting(Attempt.Authorization, status.StatusCode);
            Connection.Writer.FinalResponseStarted(refused);
            if (!refused && framing.Kind != BodyKind.Raw)
            {
                HoldEarly(new Http1EarlyAnswer(Connection, Attempt, response, content, framing));
                return true;
            }
        }

        bool alone = StopWaiting();
        Deliver(response, content, framing, alone);
        return true;
    }

    /// <summary>A response below 300 is here, and its request was not written as a whole a moment ago.</summary>
    private void HoldEarly(Http1EarlyAnswer early)
    {
        _current.Early = early;
        if (!early.TryHold())
        {
            DeliverEarly();
        }
    }

    /// <summary>The request has come to its end, and the response waited for that. Nothing may follow, as behind any delivery.</summary>
    private void DeliverEarly()
    {
        Http1EarlyAnswer early = _current.Early!;
        _current.Early = null;
        bool alone = early.Unwatch() & StopWaiting();
        if (Connection.Request.IsDone)
        {
            Deliver(early.Response, early.Content, early.Framing, alone);
        }
        else
        {
            Fail(CloseReason.RequestUnfinished, TransportErrors.ConnectionGone(Connection, Attempt, CloseReason.RequestUnfinished));
        }
    }

    /// <param name="response">The response.</param>
    /// <param name="content">Its content.</param>
    /// <param name="framing">How its body ends.</param>
    /// <param name="alone">Whether nobody but the connection knows this exchange any more.</param>
    private void Deliver(HttpResponseMessage response, ResponseContent content, in FramingResult framing, bool alone)
    {
        Http1Reader reader = Connection.Reader;
        if (framing.Kind == BodyKind.Raw)
        {
            content.SetStream(new Http1UpgradedStream(Connection, _current.Writing ?? Task.CompletedTask));
            if (Connection.TryTakeHead(Attempt, framing, Http1State.Upgraded))
            {
                Connection.Owner.Upgraded(Connection);
                Attempt.TryComplete(response);
            }
            else
            {
                Connection.Close(CloseReason.Cancelled);
            }

            return;
        }

        if (framing.Kind == BodyKind.Length && !reader.BodyEnded && framing.Length <= Math.Min(
            reader.Buffered,
            Http1Limits.DetachedBodyBytes))
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
            Attempt attempt = Attempt;
            if (alone && Connection.TryFinishAtHead(attempt, framing))
            {
                // Before the caller goes on, who most often sends the next request from here.
                Spare();
                attempt.Progress.Forgotten = !attempt.Progress.WasQueued;
                attempt.TryComplete(response);
                return;
            }

            bool wanted = Connection.TryTakeHead(Attempt, framing, Http1State.Draining);
            Task finished = Connection.Finish();
            if (wanted)
            {
                _ = CompleteAfterAsync(finished, response);
            }

            return;
        }

        var body = new Http1ResponseStream(Connection, _current.ExchangeId, Attempt, response);
        content.SetStream(body);
        if (Connection.TryTakeHead(Attempt, framing, Http1State.Body))
        {
            Attempt.TryComplete(response);
        }
        else
        {
            body.Detach();
            Connection.Body.Drain.Start(pendingFill: null);
        }
    }

    private async Task CompleteAfterAsync(Task finished, HttpResponseMessage response)
    {
        await finished.ConfigureAwait(false);
        Attempt.TryComplete(response);
    }

    private void ReadInterim(ReadOnlySpan<byte> head, in StatusLine status)
    {
        if (++_current.InterimResponses > Http1Limits.InterimResponses)
        {
            throw new WireFormatException($"more than {Http1Limits.InterimResponses} interim (1xx) responses");
        }

        Http1ResponseHead.Read(head, status, Attempt.Request, response: null, Connection.Services.Settings);
        if (status.StatusCode == 100)
        {
            UserCode.Tell(Attempt.Settings.Trace?.Got100Continue);
            Connection.Writer.Continue();
        }
    }

    private void CheckHeadSize(int bytes)
    {
        int limit = Connection.Services.Settings.MaxResponseHeadersBytes;
        if (bytes > limit - _current.HeadBytes)
        {
            throw new WireFormatException(
                $"the response's head, with the 1xx heads before it, is longer than {limit} bytes",
                "PooledHttpHandler.MaxResponseHeadersLength");
        }
    }

    /// <summary>The head is here, or will not come. Returns whether nothing that could still call this exchange is left.</summary>
    private bool StopWaiting()
    {
        // Story: the writing flow sets the time for the head, and then says that the request is out. Asked for the second first, and then
        // for the time, that flow is not about to set it.
        bool requestIsOut = Connection.Request.IsDone;
        return EndWait(Attempt) && requestIsOut;
    }

    private void Fail(CloseReason reason, TransportException error)
    {
        StopWaiting();
        if (Connection.Request.WriteError is { } writeError)
        {
            reason = CloseReason.WriteError;
            error = TransportErrors.WriteFailed(Connection, Attempt, writeError);
        }

        Connection.Close(reason, error, asynchronously: false);
    }

    /// <summary>Writing failed and no answer came either.</summary>
    private sealed class WriteErrorDeadline(Http1Exchange exchange) : Deadline
    {
        protected override void OnExpired() =>
            exchange.Connection.Abandon(
                exchange.Attempt,
                TransportErrors.WriteFailed(exchange.Connection, exchange.Attempt, exchange.Connection.Request.WriteError!),
                CloseReason.WriteError);
    }

    /// <summary>What belongs to one exchange.</summary>
    private struct Current
    {
        public Http1Connection Connection;
        public Attempt Attempt;
        public long ExchangeId;

        /// <summary>The flow that writes, unless it was over at once.</summary>
        public Task? Writing;

        /// <summary>A response that waits for the end of its request.</summary>
        public Http1EarlyAnswer? Early;

        // The reading flow's own.
        public ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter Fill;
        public int HeadBytes;
        public int InterimResponses;
    }
}
