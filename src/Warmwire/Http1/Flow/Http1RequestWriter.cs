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
/// Writes one request after another. The head and a body that is ready leave in one send; a body that comes in pieces over time is sent piece by piece.
/// </summary>
internal sealed class Http1RequestWriter : IRequestBodyWriter
{
    // A thread's and not a connection's: an idle connection holds nothing, and requests to one place come from few threads.
    [ThreadStatic]
    private static RequestTargetCache? t_target;

    private readonly Stream _stream;
    private readonly Route _key;
    private readonly ConnectionServices _services;
    private readonly OutputBuffer _output = new();

    // Per request, set before it is sent.
    private Attempt? _attempt;
    private RequestBodyPlan _plan;
    private ContinueWait? _continue;

    // Guarded by _gate: two may want to send, the content and the flow that started it.
    private readonly Lock _gate = new();
    private bool _coalescing;
    private bool _sending;
    private TaskCompletionSource? _sendDone;
    private volatile bool _stopped;
    private volatile bool _handedOverAll;
    private volatile RequestBodyStream? _body;
    private volatile bool _wroteAfterStop;
    private bool _headSent;

    public Http1RequestWriter(Stream stream, Route key, ConnectionServices services)
    {
        _stream = stream;
        _key = key;
        _services = services;
    }

    /// <summary>The transport's own failure to write, apart from a failure of the content.</summary>
    public Exception? WriteError { get; private set; }

    private long? PromisedLength => _plan.Kind == RequestBodyKind.Length ? _plan.Length : null;

    /// <summary>The last byte of the request has been handed to the stream, which may not have said yet that it has taken it.</summary>
    public bool HasHandedOverAll => _handedOverAll || (!_stopped && _body is { IsWhole: true });

    public bool IsStopped => _stopped;

    /// <summary>The request carries <c>Connection: close</c>.</summary>
    public bool RequestSaysClose { get; private set; }

    /// <summary>Formats the head. Not one byte leaves; a request that cannot be sent as it is throws.</summary>
    public void Prepare(Attempt attempt)
    {
        _attempt = attempt;
        _stopped = false;
        _handedOverAll = false;
        _body = null;
        _wroteAfterStop = false;
        _headSent = false;
        _coalescing = true;
        _continue = null;
        WriteError = null;
        HttpRequestHeaders? headers = FrameworkFields.HeadersOf(attempt.Request);
        RequestSaysClose = headers is not null && headers.NonValidated.Contains("Connection") && headers.ConnectionClose == true;
        Debug.Assert(_output.Count == 0, "bytes of another request");
        try
        {
            _plan = RequestBodyPlan.For(attempt.Request);
            RequestHeadWriter.Write(_output, attempt.Request, new RequestHeadOptions
            {
                Body = _plan,
                HostValue = _key.HostValue ??= HostField.ValueFor(attempt.Request.RequestUri!),
                Target = t_target ??= new RequestTargetCache(),
                CookieHeader = attempt.CookieHeader,
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

        if (attempt.Request.Content is not null && attempt.Settings.Expect100ContinueTimeout != TimeSpan.Zero && headers?.ExpectContinue == true)
        {
            _continue = new ContinueWait();
        }
    }

    /// <summary>Sends what was prepared. <see langword="true"/>: the request is written as a whole; <see langword="false"/>: its body was held back or stopped. Throws what failed.</summary>
    public ValueTask<bool> SendAsync()
    {
        Attempt attempt = _attempt!;
        attempt.Progress.Sent = RequestSent.Partly;
        if (attempt.Request.Content is not null)
        {
            return SendWithBodyAsync(attempt);
        }

        _handedOverAll = true;
        ValueTask sending = SendAsync(_output.Written);
        if (!sending.IsCompletedSuccessfully)
        {
            return FinishHeadAsync(sending);
        }

        HeadSent();
        _output.Clear();
        _attempt = null;
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
            _attempt = null;
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
            // The attempt holds the response. A connection that held it in turn would keep a response nobody disposed from ever being found.
            _attempt = null;
        }
    }

    private async ValueTask<bool> SendBodyAsync(Attempt attempt, HttpContent content)
    {
        if (_continue is not null)
        {
            await SendOutputAsync().ConfigureAwait(false);
            if (!await _continue.WaitAsync(_services.Deadlines, attempt.Settings.Expect100ContinueTimeout).ConfigureAwait(false))
            {
                return false;
            }
        }

        var body = new RequestBodyStream(this, PromisedLength);
        _body = body;
        Task copying = content.CopyToAsync(body, context: null, attempt.CancellationToken);
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
        if (_stopped && (_wroteAfterStop || !body.IsWhole))
        {
            return false;
        }

        body.Complete();
        await AcquireAsync().ConfigureAwait(false);
        try
        {
            if (_plan.Kind == RequestBodyKind.Chunked)
            {
                ChunkEncoder.WriteLastChunk(_output);
            }

            _handedOverAll = true;
            await SendOutputAsync().ConfigureAwait(false);
        }
        finally
        {
            ReleaseSending();
        }

        return true;
    }

    /// <summary>100 Continue arrived.</summary>
    public void Continue() => _continue?.Decide(true);

    /// <summary>
    /// The final response began before the request was complete. A body that still waits for 100 Continue is sent only where that is cheap;
    /// an upload the server refused is stopped (RFC 9112 §9.5).
    /// </summary>
    public void FinalResponseStarted(int statusCode)
    {
        bool refused = statusCode >= 300;
        if (_continue is { IsDecided: false } waiting)
        {
            waiting.Decide(!refused || PromisedLength <= Http1Limits.BodySentAfterFinalAnswer);
        }
        else if (refused)
        {
            Stop();
        }
    }

    /// <summary>Nobody wants the rest of the request: the content's next write fails.</summary>
    public void Stop()
    {
        _stopped = true;
        _continue?.Decide(false);
    }

    /// <summary>Gives the memory back. Only after the request was written as a whole.</summary>
    public void Release()
    {
        _attempt = null;
        _output.Clear();
        _output.Release();
    }

    /// <summary>A piece of the body, from the content.</summary>
    public ValueTask WriteBodyAsync(ReadOnlyMemory<byte> data)
    {
        ThrowIfStopped();
        lock (_gate)
        {
            if (_coalescing && !_sending && _output.Count + data.Length + ChunkEncoder.MaxPrefixLength + 2 <= Http1Limits.CoalescedRequestBytes)
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
        lock (_gate)
        {
            // Until the content has returned once, everything it wrote will be sent right after it anyway.
            if (_coalescing || _stopped || _output.Count == 0)
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
                return;
            }

            if (_plan.Kind == RequestBodyKind.Chunked)
            {
                ChunkEncoder.WritePrefix(_output, data.Length);
            }

            await SendOutputAsync().ConfigureAwait(false);
            await SendAsync(data).ConfigureAwait(false);
            if (_plan.Kind == RequestBodyKind.Chunked)
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
        if (_plan.Kind == RequestBodyKind.Chunked)
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
        // The content may be writing on another thread at this moment: whoever takes _sending first sends, the other waits.
        lock (_gate)
        {
            _coalescing = false;
            if (_sending || _output.Count == 0)
            {
                return;
            }

            _sending = true;
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
                _coalescing = false;
                if (!_sending)
                {
                    _sending = true;
                    return;
                }

                wait = (_sendDone ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await wait.ConfigureAwait(false);
        }
    }

    private void ReleaseSending()
    {
        TaskCompletionSource? done;
        lock (_gate)
        {
            _sending = false;
            done = _sendDone;
            _sendDone = null;
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

        ValueTask sending = SendAsync(_output.Written);
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
        if (!_headSent)
        {
            _headSent = true;
            if (_attempt?.Settings.Trace is { } trace)
            {
                UserCode.Tell(trace.WroteHeaders);
            }
        }
    }

    private ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        ValueTask sending;
        try
        {
            sending = _stream.WriteAsync(bytes);
        }
        catch (Exception e)
        {
            WriteError = e;
            return ValueTask.FromException(e);
        }

        if (!sending.IsCompletedSuccessfully)
        {
            return FinishSendAsync(sending);
        }

        sending.GetAwaiter().GetResult();
        return default;
    }

    private async ValueTask FinishSendAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            WriteError = e;
            throw;
        }
    }

    private void ThrowIfStopped()
    {
        if (_stopped)
        {
            _wroteAfterStop = true;
            throw new IOException(ErrorTexts.UploadStopped);
        }
    }
}
