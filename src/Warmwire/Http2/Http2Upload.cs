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
    private ContinueWait? _continue;
    private volatile bool _stopped;
    private volatile bool _withheld;
    private volatile bool _over;

    // Guarded by the connection's gate.
    private long _sent;

    /// <param name="stream">The stream.</param>
    /// <param name="promised">The Content-Length that was sent, if any.</param>
    public Http2Upload(Http2Stream stream, long? promised)
    {
        _stream = stream;
        _promised = promised;
    }

    public Http2Stream Stream => _stream;

    /// <summary>The rest of the body is not wanted.</summary>
    public bool IsStopped => _stopped;

    /// <summary>The server refused before the body was begun, so it is never sent.</summary>
    public bool IsWithheld => _withheld;

    /// <summary>Neither the content nor the stream is touched from here any more.</summary>
    public bool IsOver => _over;

    /// <summary>Takes note of body bytes that are about to be sent.</summary>
    /// <returns>Whether they are the last ones, as promised.</returns>
    public bool Advance_NeedsLock(int bytes)
    {
        _sent += bytes;
        return _sent == _promised;
    }

    /// <summary>
    /// Sends the content, and never throws. Its first part runs in this call, and may block: nothing of ours waits for it.
    /// </summary>
    public void Start(Attempt attempt)
    {
        if (FrameworkFields.HeadersOf(attempt.Request)?.ExpectContinue == true
            && attempt.Settings.Expect100ContinueTimeout != TimeSpan.Zero)
        {
            _continue = new ContinueWait();
        }

        _ = RunAsync(attempt, attempt.Request.Content!);
    }

    private async Task RunAsync(Attempt attempt, HttpContent content)
    {
        DeadlineQueue deadlines = _stream.Connection.Services.Deadlines;
        TimeSpan limit = attempt.Settings.Expect100ContinueTimeout;
        try
        {
            if (_continue is not null && !await _continue.WaitAsync(deadlines, limit).ConfigureAwait(false))
            {
                _withheld = true;
                _stopped = true;
                _stream.Connection.Streams.UploadWithheld(_stream);
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

        if (_stream.WaitsForHead)
        {
            _stream.GiveUp(TransportErrors.OfContent(_stream.Connection, attempt, error));
        }
        else
        {
            _stream.Inbox.Fail(TransportErrors.ContentFailed(_stream.Connection, attempt, error), dropUnread: true);
            _stream.Connection.Streams.Reset(_stream, Http2ErrorCode.Cancel);
        }
    }

    public void Continue() => _continue?.Decide(true);

    /// <summary>A body that still waits for 100 Continue is not sent to a server that has refused it.</summary>
    public void FinalResponseStarted(int status) => _continue?.Decide(status < 300);

    /// <summary>The response is complete, and was handed over. A server that goes on reading has a moment for it.</summary>
    public void ResponseEnded()
    {
        if (!_over)
        {
            _stream.Connection.Services.Deadlines.Schedule(new LateUploadDeadline(this), Http2Limits.RequestAfterResponse);
        }
    }

    /// <summary>The content's next write fails.</summary>
    public void Stop()
    {
        _stopped = true;
        _continue?.Decide(false);
    }

    public ValueTask WriteBodyAsync(ReadOnlyMemory<byte> data)
    {
        ValueTask room = _stream.Connection.Data.Send(this, ref data);
        return data.IsEmpty ? default : WriteWhenRoomAsync(room, data);
    }

    private async ValueTask WriteWhenRoomAsync(ValueTask room, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
        {
            await room.ConfigureAwait(false);
            room = _stream.Connection.Data.Send(this, ref data);
        }
    }

    /// <summary>Whatever was written is on its way already.</summary>
    public ValueTask FlushAsync() => default;

    private sealed class LateUploadDeadline(Http2Upload upload) : Deadline
    {
        protected override void OnExpired()
        {
            if (!upload._over)
            {
                upload.Stop();
                upload._stream.Connection.Streams.Reset(upload._stream, Http2ErrorCode.Cancel);
            }
        }
    }
}
