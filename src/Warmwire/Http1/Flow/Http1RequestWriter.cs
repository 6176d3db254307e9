using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Warmwire.Bodies;
using Warmwire.Buffers;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http1.Wire;
using Warmwire.Runtime;

namespace Warmwire.Http1.Flow;

/// <summary>
/// Writes one request after another. The head and a body that is ready leave in one send; a body that comes in pieces over time is sent
/// piece by piece.
/// </summary>
internal sealed class Http1RequestWriter : IRequestBodyWriter
{
    // A thread's and not a connection's: an idle connection holds nothing, and requests to one place come from few threads.
    [ThreadStatic]
    private static RequestTargetCache? t_target;

    private readonly Http1Sender _sender;
    private readonly Route _key;
    private readonly ConnectionServices _services;
    private readonly OutputBuffer _output = new();

    // Two may want to send, the content and the flow that started it.
    private readonly Lock _gate = new();
    private Current _current;

    public Http1RequestWriter(Stream stream, Route key, ConnectionServices services, Http1RequestProgress progress)
    {
        _sender = new Http1Sender(stream, progress);
        _key = key;
        _services = services;
    }

    private long? PromisedLength => _current.Plan.Kind == RequestBodyKind.Length ? _current.Plan.Length : null;

    /// <summary>The last byte of the request has been handed to the stream, which may not have said yet that it has taken it.</summary>
    public bool HasHandedOverAll =>
        _sender.Progress.State == Http1RequestState.HandedOver || (!_current.Stopped && _current.Body is { IsWhole: true });

    public bool IsStopped => _current.Stopped;

    /// <inheritdoc cref="Http1Sender.Writes"/>
    public int Writes => _sender.Writes;

    /// <summary>The request carries <c>Connection: close</c>.</summary>
    public bool RequestSaysClose => _current.SaysClose;

    /// <summary>Formats the head. Not one byte leaves; a request that cannot be sent as it is throws.</summary>
    public void Prepare(Attempt attempt)
    {
        HttpRequestHeaders? headers = FrameworkFields.HeadersOf(attempt.Request);
        _current = new Current
        {
            Attempt = attempt,
            Coalescing = true,
            SaysClose = headers is not null && headers.NonValidated.Contains("Connection") && headers.ConnectionClose == true,
        };
        Debug.Assert(_output.Count == 0, "bytes of another request");
        try
        {
            _current.Plan = RequestBodyPlan.For(attempt.Request);
            RequestHeadWriter.Write(_output, attempt.Request, new RequestHeadOptions
            {
                Body = _current.Plan,
                HostValue = _key.IsForwarding ? null : _key.HostValue ??= HostField.ValueFor(attempt.Request.RequestUri!),
                AbsoluteForm = _key.IsForwarding,
                OmitsProxyAuthorization = _key.IsTunneled,
                Target = t_target ??= new RequestTargetCache(),
                CookieHeader = attempt.CookieHeader,
                Authorization = attempt.Authorization,
                AcceptEncoding = attempt.AcceptEncoding,
                ExtraHeaders = attempt.PropagatedHeaders,
                EncodingSelector = _services.Settings.RequestHeaderEncodingSelector,
            });
        }
        catch
        {
            _output.Release();
            throw;
        }

        if (attempt.Request.Content is not null
            && attempt.Settings.Expect100ContinueTimeout != TimeSpan.Zero
            && headers?.ExpectContinue == true)
        {
            _current.Continue = new ContinueWait();
        }
    }

    /// <summary>
    /// Sends what was prepared. <see langword="true"/>: the request is written as a whole; <see langword="false"/>: its body was held back
    /// or stopped. Throws what failed.
    /// </summary>
    public ValueTask<bool> SendAsync()
    {
        Attempt attempt = _current.Attempt!;
        if (attempt.Request.Content is not null)
        {
            _sender.Progress.MoveTo(Http1RequestState.Sending, attempt);
            return SendWithBodyAsync(attempt);
        }

        _sender.Progress.MoveTo(Http1RequestState.HandedOver, attempt);
        ValueTask sending = _sender.SendAsync(_output.Written);
        if (!sending.IsCompletedSuccessfully)
        {
            return FinishHeadAsync(sending);
        }

        HeadSent();
        _output.Clear();
        _current.Attempt = null;
        return ValueTask.FromResult(true);
    }

    private async ValueTask<bool> FinishHeadAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
            HeadSent();
            _output.Clear();
            return true;
        }
        finally
        {
            _current.Attempt = null;
        }
    }

    private async ValueTask<bool> SendWithBodyAsync(Attempt attempt)
    {
        try
        {
            return await SendBodyAsync(attempt, attempt.Request.Content!).ConfigureAwait(false);
        }
        finally
        {
            // The attempt holds the response. A connection that held it in turn would keep a response nobody disposed from ever being
            // found.
            _current.Attempt = null;
        }
    }

    private async ValueTask<bool> SendBodyAsync(Attempt attempt, HttpContent content)
    {
        if (_current.Continue is not null)
        {
            await SendOutputAsync().ConfigureAwait(false);
            _sender.Progress.MoveTo(Http1RequestState.Withheld, attempt);
            if (!await _current.Continue.WaitAsync(_services.Deadlines, attempt.Settings.Expect100ContinueTimeout).ConfigureAwait(false))
            {
                return false;
            }

            _sender.Progress.MoveTo(Http1RequestState.Sending, attempt);
        }

        var body = new RequestBodyStream(this, PromisedLength);
        _current.Body = body;
        Task copying = ContentCopy.Start(attempt, content, body);
        attempt.Progress.Copying = copying;
        if (!copying.IsCompleted)
        {
            // The content is waiting for something: what it has given so far must not wait with it.
            try
            {
                await StopCoalescingAsync().ConfigureAwait(false);
            }
            catch
            {
                Abandoned.Forget(copying);
                throw;
            }
        }

        await copying.ConfigureAwait(false);

        // Story: the server refuses as soon as it has the last byte, and the refusal is through before the content has come back from
        // writing that byte. Then nothing is left to stop, and the connection is as clean as after any other answer.
        if (_current.Stopped && (_current.WroteAfterStop || !body.IsWhole))
        {
            return false;
        }

        body.Complete();
        await AcquireAsync().ConfigureAwait(false);
        try
        {
            if (_current.Plan.Kind == RequestBodyKind.Chunked)
            {
                ChunkEncoder.WriteLastChunk(_output);
            }

            _sender.Progress.MoveTo(Http1RequestState.HandedOver, attempt);
            await SendOutputAsync().ConfigureAwait(false);
        }
        finally
        {
            ReleaseSending();
        }

        return true;
    }

    /// <summary>100 Continue arrived.</summary>
    public void Continue() => _current.Continue?.Decide(true);

    /// <summary>
    /// The final response began before the request was complete. A body that still waits for 100 Continue is sent only where that is cheap;
    /// an upload the server refused is stopped (RFC 9112 §9.5).
    /// </summary>
    public void FinalResponseStarted(bool refused)
    {
        if (_current.Continue is { IsDecided: false } waiting)
        {
            bool send = !refused || PromisedLength <= Http1Limits.BodySentAfterFinalAnswer;
            if (waiting.Decide(send) && !send && _current.Attempt is { } attempt)
            {
                attempt.Progress.ContentWithheld = true;
            }
        }
        else if (refused)
        {
            Stop();
        }
    }

    /// <summary>The rest of the request is not wanted: the content's next write fails.</summary>
    public void Stop()
    {
        _current.Stopped = true;
        _current.Continue?.Decide(false);
    }

    /// <summary>Gives the memory back. Only after the request was written as a whole.</summary>
    public void Release()
    {
        _current = default;
        _output.Release();
    }

    /// <summary>A piece of the body, from the content.</summary>
    public ValueTask WriteBodyAsync(ReadOnlyMemory<byte> data)
    {
        ThrowIfStopped();
        lock (_gate)
        {
            int total = _output.Count + data.Length + ChunkEncoder.MaxPrefixLength + 2;
            if (_current.Coalescing && !_current.Sending && total <= Http1Limits.CoalescedRequestBytes)
            {
                AppendWhole(data.Span);
                return default;
            }
        }

        return SendBodyAsync(data);
    }

    /// <summary>The content wants what it wrote to be on its way.</summary>
    public ValueTask FlushAsync()
    {
        // A content may block behind its flush until the server has said something: what there is goes out now, be it the head alone.
        lock (_gate)
        {
            if (_current.Stopped || (_output.Count == 0 && !_current.Sending))
            {
                return default;
            }
        }

        return SendBodyAsync(default);
    }

    private async ValueTask SendBodyAsync(ReadOnlyMemory<byte> data)
    {
        await AcquireAsync().ConfigureAwait(false);
        try
        {
            ThrowIfStopped();
            if (data.Length <= Http1Limits.CopiedWriteBytes)
            {
                if (!data.IsEmpty)
                {
                    AppendWhole(data.Span);
                }

                await SendOutputAsync().ConfigureAwait(false);
                await _sender.LetOthersRunAsync(data.Length).ConfigureAwait(false);
                return;
            }

            if (_current.Plan.Kind == RequestBodyKind.Chunked)
            {
                ChunkEncoder.WritePrefix(_output, data.Length);
            }

            await SendOutputAsync().ConfigureAwait(false);
            await _sender.SendInPartsAsync(data).ConfigureAwait(false);
            if (_current.Plan.Kind == RequestBodyKind.Chunked)
            {
                ChunkEncoder.WriteSuffix(_output);
                await SendOutputAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            ReleaseSending();
        }
    }

    private void AppendWhole(ReadOnlySpan<byte> data)
    {
        if (_current.Plan.Kind == RequestBodyKind.Chunked)
        {
            ChunkEncoder.WriteChunk(_output, data);
        }
        else
        {
            _output.Write(data);
        }
    }

    private async ValueTask StopCoalescingAsync()
    {
        // The content may be writing on another thread at this moment: the one that takes Sending first sends, the other waits.
        lock (_gate)
        {
            _current.Coalescing = false;
            if (_current.Sending || _output.Count == 0)
            {
                return;
            }

            _current.Sending = true;
        }

        try
        {
            await SendOutputAsync().ConfigureAwait(false);
        }
        finally
        {
            ReleaseSending();
        }
    }

    private async ValueTask AcquireAsync()
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                _current.Coalescing = false;
                if (!_current.Sending)
                {
                    _current.Sending = true;
                    return;
                }

                wait = (_current.SendDone ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await wait.ConfigureAwait(false);
        }
    }

    private void ReleaseSending()
    {
        TaskCompletionSource? done;
        lock (_gate)
        {
            _current.Sending = false;
            done = _current.SendDone;
            _current.SendDone = null;
        }

        done?.TrySetResult();
    }

    private ValueTask SendOutputAsync()
    {
        if (_output.Count == 0)
        {
            HeadSent();
            return default;
        }

        ValueTask sending = _sender.SendAsync(_output.Written);
        if (!sending.IsCompletedSuccessfully)
        {
            return FinishOutputAsync(sending);
        }

        _output.Clear();
        HeadSent();
        return default;
    }

    private async ValueTask FinishOutputAsync(ValueTask sending)
    {
        await sending.ConfigureAwait(false);
        _output.Clear();
        HeadSent();
    }

    private void HeadSent()
    {
        if (!_current.HeadSent)
        {
            _current.HeadSent = true;
            if (_current.Attempt?.Settings.Trace is { } trace)
            {
                UserCode.Tell(trace.WroteHeaders);
            }
        }
    }

    private void ThrowIfStopped()
    {
        if (_current.Stopped)
        {
            _current.WroteAfterStop = true;
            throw new IOException(ErrorTexts.UploadStopped);
        }
    }

    /// <summary>What belongs to one request, from before its first byte to its end.</summary>
    private struct Current
    {
        public Attempt? Attempt;
        public RequestBodyPlan Plan;
        public ContinueWait? Continue;
        public bool SaysClose;
        public bool HeadSent;
        public volatile bool Stopped;
        public volatile bool WroteAfterStop;
        public volatile RequestBodyStream? Body;

        // Guarded by _gate.
        public bool Coalescing;
        public bool Sending;
        public TaskCompletionSource? SendDone;
    }
}
