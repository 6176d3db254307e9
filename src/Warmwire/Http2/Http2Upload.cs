using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http2.Wire;
using Warmwire.Runtime;
using Warmwire.Timing;

namespace Warmwire.Http2;

/// <summary>
/// The writing flow of a stream: the content of its request, held up by the server's windows and by the connection's output.
/// </summary>
internal sealed class Http2Upload : IRequestBodyWriter
{
    private readonly Http2Stream _stream;
    private readonly long? _promised;
    private readonly ContinueWait? _continue;
    private volatile bool _responseWaits;
    private volatile bool _stopped;
    private volatile bool _withheld;
    private volatile bool _refused;
    private volatile bool _unwanted;
    private volatile bool _whole;
    private volatile bool _over;
    private volatile Exception? _failure;
    private volatile Deadline? _deadline;
    private bool _torn;
    private int _handOver;

    // Guarded by the connection's gate.
    private long _sent;

    /// <param name="stream">The stream.</param>
    /// <param name="promised">The Content-Length that was sent, if any.</param>
    /// <param name="attempt">Whose content is sent; a tunnel's is none.</param>
    public Http2Upload(Http2Stream stream, long? promised, Attempt attempt)
    {
        HttpContent? content = stream.IsTunnel ? null : attempt.Request.Content;
        _stream = stream;
        _promised = promised;

        // The types of .NET that are not duplex, as it has them: their callers dispose them, or read their stream again, once they have the
        // response. Any other may be one that writes what it makes of the response.
        _responseWaits = content is ByteArrayContent or StreamContent or MultipartContent or ReadOnlyMemoryContent;

        // Story: another thread sent the head, and the answer was here before the opener's thread came to Start. The wait began behind it
        // and lasted to its limit. So it is there before the stream is opened.
        if (content is not null
            && FrameworkFields.HeadersOf(attempt.Request)?.ExpectContinue == true
            && attempt.Settings.Expect100ContinueTimeout != TimeSpan.Zero)
        {
            _continue = new ContinueWait();
        }
    }

    private enum HandOver
    {
        /// <summary>The content is being sent.</summary>
        None,

        /// <summary>The response is here and waits for the end of the content.</summary>
        Waits,

        /// <summary>The upload is over.</summary>
        Free,
    }

    public Http2Stream Stream => _stream;

    /// <summary>The rest of the body is not wanted.</summary>
    public bool IsStopped => _stopped;

    /// <summary>The server has refused the request, and what is left of the body is never sent.</summary>
    public bool IsWithheld => _withheld;

    /// <summary>The server's answer is 300 or above: it may be delivered without the rest of the request.</summary>
    public bool IsRefused => _refused;

    /// <summary>
    /// Whether the response stands, however much of the content was sent. If not, what cuts the upload fails the request too: a success for
    /// half a request would be none.
    /// </summary>
    public bool ResponseStands => !_responseWaits || _whole || _refused || _unwanted;

    /// <summary>Neither the content nor the stream is touched from here any more.</summary>
    public bool IsOver => _over;

    public long Sent_NeedsLock => _sent;

    /// <summary>Takes note of body bytes that are about to be sent.</summary>
    /// <returns>Whether they are the last ones, as promised.</returns>
    public bool Advance_NeedsLock(int bytes)
    {
        _sent += bytes;
        return _sent == _promised;
    }

    /// <summary>END_STREAM is appended.</summary>
    public void Ended_NeedsLock() => _whole = true;

    /// <summary>RST_STREAM(NO_ERROR) behind a whole response: the server does not want the rest (RFC 9113 §8.1).</summary>
    public void Unwanted_NeedsLock() => _unwanted = true;

    /// <summary>
    /// The response is here. Whether it waits for the end of the content; if so, it is handed over from there, or never, because the
    /// request has failed.
    /// </summary>
    public bool HoldsResponse()
    {
        if (!_responseWaits)
        {
            return false;
        }

        int was = Interlocked.CompareExchange(ref _handOver, (int)HandOver.Waits, (int)HandOver.None);
        if (was != (int)HandOver.None)
        {
            return !ResponseStands;
        }

        // Story: it was let go between the two, found nobody waiting, and would wait for ever.
        return _responseWaits || !StopsHolding();
    }

    /// <summary>
    /// The server may send nothing more of the response until it is read. It may be one that reads the request as it answers, and so takes
    /// no more of it either: each would wait for the other. The response is handed over now, as that of a duplex content is.
    /// </summary>
    public void LetResponseGo()
    {
        if (_responseWaits && !_refused)
        {
            _responseWaits = false;
            if (StopsHolding())
            {
                _stream.HandOverNow();
            }
        }
    }

    /// <summary>Whether a response waits, and the calling code is the one that hands it over.</summary>
    private bool StopsHolding() =>
        Interlocked.CompareExchange(ref _handOver, (int)HandOver.Free, (int)HandOver.Waits) == (int)HandOver.Waits;

    /// <summary>
    /// Sends the content, and never throws. Its first part runs in this call, and may block: nothing of ours waits for it.
    /// </summary>
    public void Start(Attempt attempt) => _ = RunAsync(attempt, attempt.Request.Content!);

    private async Task RunAsync(Attempt attempt, HttpContent content)
    {
        DeadlineQueue deadlines = _stream.Connection.Services.Deadlines;
        TimeSpan limit = attempt.Settings.Expect100ContinueTimeout;
        try
        {
            if (_continue is not null && !await _continue.WaitAsync(deadlines, limit).ConfigureAwait(false))
            {
                Withhold();
                return;
            }

            var body = new RequestBodyStream(this, _promised);
            attempt.Progress.ContentBegun = true;
            _stream.Connection.Output.AssertOutside();
            Task copying = ContentCopy.Start(attempt, content, body);
            attempt.Progress.Copying = copying;
            await copying.ConfigureAwait(false);
            if (!_stopped)
            {
                if (_torn)
                {
                    throw new IOException(ErrorTexts.UploadTorn);
                }

                body.Complete();
                _stream.Connection.Data.EndRequest(this);
                _stream.RequestSent(attempt);
            }
        }
        catch (Exception e)
        {
            Failed(attempt, e);
        }
        finally
        {
            // Behind all that touches the stream: from here on it may serve another request.
            _over = true;

            // Story: the response comes just now. Either it finds the upload free, or this finds that it waits.
            if (Interlocked.Exchange(ref _handOver, (int)HandOver.Free) == (int)HandOver.Waits && ResponseStands)
            {
                _stream.HandOverNow();
            }

            if (_deadline is { } deadline)
            {
                deadlines.Cancel(deadline);
            }
        }
    }

    private void Failed(Attempt attempt, Exception error)
    {
        _stream.Trace?.TellHere(static (callbacks, error) => UserCode.Tell(callbacks.WroteRequest, error), (Exception?)error);
        if (_stopped)
        {
            return;
        }

        if (error is OperationCanceledException && attempt.CancellationToken.IsCancellationRequested)
        {
            error = new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, attempt.CancellationToken);
        }

        if (_responseWaits && _refused)
        {
            Withhold();
        }
        else if (!(_stream.WaitsForHead || _responseWaits)
            || !_stream.GiveUp(TransportErrors.OfContent(_stream.Connection, attempt, error)))
        {
            // The caller has the response, perhaps just since.
            _stream.Inbox.Fail(TransportErrors.ContentFailed(_stream.Connection, attempt, error), dropUnread: true);
            _stream.Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
        }
    }

    public void Continue() => _continue?.Decide(true);

    /// <summary>A body that still waits for 100 Continue is not sent to a server that has refused it.</summary>
    public void FinalResponseStarted(int status, Attempt attempt)
    {
        _refused = status >= 300;
        if (_continue?.Decide(!_refused) == true && _refused)
        {
            attempt.Progress.ContentWithheld = true;
        }

        if (_refused && _responseWaits)
        {
            GiveAMoment();
        }
    }

    /// <summary>
    /// The response is complete. Below 300 the request is sent to its end all the same: only the server can say that it does not want it
    /// (RFC 9113 §8.1).
    /// </summary>
    public void ResponseEnded()
    {
        if (_over)
        {
            return;
        }

        if (!_refused)
        {
            Limit(new StallDeadline(this), Http2Limits.UploadStall);
        }
        else if (!_responseWaits)
        {
            GiveAMoment();
        }
    }

    /// <summary>A server that has refused the request and goes on reading has a moment for it.</summary>
    private void GiveAMoment()
    {
        if (!_over)
        {
            Limit(new RefusedDeadline(this), Http2Limits.RequestAfterResponse);
        }
    }

    /// <summary>Lets a deadline expire, unless the content is over before: it would keep the request and its content till then.</summary>
    private void Limit(Deadline deadline, TimeSpan limit)
    {
        DeadlineQueue deadlines = _stream.Connection.Services.Deadlines;
        _deadline = deadline;
        deadlines.Schedule(deadline, limit);
        if (_over)
        {
            deadlines.Cancel(deadline);
        }
    }

    /// <summary>The rest of the content is not sent to a server that has refused the request.</summary>
    private void Withhold()
    {
        _withheld = true;
        _stream.Connection.Streams.UploadWithheld(this);
    }

    /// <summary>The content's next write fails.</summary>
    /// <param name="failure">What has ended the exchange; without one it was cancelled or answered.</param>
    public void Stop(Exception? failure = null)
    {
        _failure ??= failure;
        _stopped = true;
        _continue?.Decide(false);
    }

    public ValueTask WriteBodyAsync(ReadOnlyMemory<byte> data) => WriteBodyAsync(data, CancellationToken.None);

    public ValueTask WriteBodyAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (_torn)
        {
            throw new IOException(ErrorTexts.UploadTorn);
        }

        int length = data.Length;
        ValueTask room = _stream.Connection.Data.Send(this, ref data);
        return data.IsEmpty ? default : WriteWhenRoomAsync(room, data, length, cancellationToken);
    }

    private async ValueTask WriteWhenRoomAsync(ValueTask room, ReadOnlyMemory<byte> data, int length, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(static state => ((Http2Upload)state!).Wake(), this);
        while (!data.IsEmpty)
        {
            await room.ConfigureAwait(false);
            if (cancellationToken.IsCancellationRequested)
            {
                // What was sent of it cannot be taken back: a content that went on behind it would send something else than it wrote.
                _torn = data.Length < length || _promised is not null;
                cancellationToken.ThrowIfCancellationRequested();
            }

            room = _stream.Connection.Data.Send(this, ref data);
            if (!data.IsEmpty && cancellationToken.IsCancellationRequested)
            {
                // Story: the token's callback came before the wait above, and found nobody to wake.
                Wake();
            }
        }
    }

    private void Wake()
    {
        using (_stream.Connection.Output.EnterGate())
        {
            // Story: the upload has ended meanwhile, and the stream serves another request. That one looks again, and waits on.
            _stream.WriteSignal.Set_NeedsLock();
        }
    }

    /// <summary>Whatever was written is on its way already.</summary>
    public ValueTask FlushAsync() => _stopped ? ValueTask.FromException(StoppedError()) : default;

    /// <summary>What a write is told that comes too late.</summary>
    public Exception StoppedError() =>
        _failure is { } failure ? new IOException(failure.Message, failure)
        : _stream.IsTunnel ? new IOException(ErrorTexts.UploadStopped)
        : new OperationCanceledException(ErrorTexts.UploadStopped);

    private sealed class RefusedDeadline(Http2Upload upload) : Deadline
    {
        protected override void OnExpired()
        {
            if (!upload._over)
            {
                upload.Withhold();
            }
        }
    }

    /// <summary>A server that has answered with success and takes nothing more of the request must not hold it for ever.</summary>
    private sealed class StallDeadline(Http2Upload upload) : Deadline
    {
        private long _sent = Interlocked.Read(ref upload._sent);

        protected override void OnExpired()
        {
            if (!upload._over && !upload._stream.Connection.Streams.EndStalled(upload, ref _sent))
            {
                upload.Limit(this, Http2Limits.UploadStall);
            }
        }
    }
}
