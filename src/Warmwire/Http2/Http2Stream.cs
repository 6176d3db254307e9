using System.Diagnostics;
using System.Net;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;

namespace Warmwire.Http2;

/// <summary>
/// One request and its response on a connection of many (RFC 9113 §5). As a deadline it is the wait for the head, as a work item the handing over of the response.
/// </summary>
/// <remarks>
/// The connection's reading flow fills it, the caller's flows write the request and read the body. It is used again for a later request if nobody else can
/// still know it: no callback of a token, no timer, no upload, no body that is still read. Any other is left to the garbage collector.
/// </remarks>
internal sealed class Http2Stream : HeadWait, IThreadPoolWorkItem
{
    private readonly Http2Connection _connection;

    // The exchange's: set before the stream is opened, taken by whoever ends the wait for the head.
    private Attempt? _attempt;
    private volatile bool _started;
    private volatile Http2Upload? _upload;

    // The connection's reading flow's own, until it hands the response over.
    private HttpResponseMessage? _response;
    private long? _contentLength;
    private long _received;
    private long _headBytes;
    private int _interimResponses;
    private volatile List<KeyValuePair<string, string>>? _trailers;

    public Http2Stream(Http2Connection connection) => _connection = connection;

    public Http2Connection Connection => _connection;

    public Http2Inbox Inbox { get; } = new();

    public Http2Signal WriteSignal { get; } = new();

    // Guarded by the connection's gate.
    public int Id { get; private set; }

    public Http2StreamState State { get; private set; }

    /// <summary>Whether we have not sent our last frame.</summary>
    public bool MaySend => State is Http2StreamState.Open or Http2StreamState.HalfClosedRemote;

    /// <summary>Whether the server has not sent its last frame.</summary>
    public bool MayReceive => State is Http2StreamState.Open or Http2StreamState.HalfClosedLocal;

    /// <summary>It did not end in order: whoever cut it is going to tell it so, and may not have come to that yet.</summary>
    public bool WasCut { get; private set; }

    /// <summary>How much the server takes; negative after it has made its windows smaller (RFC 9113 §6.9.2).</summary>
    public long SendWindow { get; set; }

    /// <summary>What was given to this stream of the connection's window.</summary>
    public int Grant { get; set; }

    public bool WaitsForGrant { get; set; }

    /// <summary>What the server may send. Taken from and given back under the gate.</summary>
    public ReceiveWindow Window;

    /// <summary>Where in all that the connection sends the request begins.</summary>
    public long HeadersAt { get; private set; }

    /// <summary>When it was opened: a timestamp of the handler's clock.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>Whether the caller waits for the head of the response.</summary>
    public bool WaitsForHead => !HeadDone;

    public Attempt? Attempt => _attempt;

    public HttpRequestMessage? Request { get; private set; }

    public RequestTrace? Trace { get; private set; }

    public Http2Upload? Upload => _upload;

    public bool IsTunnel { get; private set; }

    public List<KeyValuePair<string, string>>? Trailers => _trailers;

    private ConnectionServices Services => _connection.Services;

    // ---- Beginning --------------------------------------------------------------------------------------------------

    /// <summary>Takes the attempt on. From here on its token ends it, also before the stream is opened.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="bodyLength">What the request says of the length of its body.</param>
    /// <returns>
    /// Whether <see cref="Start"/> is to be called once the stream is open. If not, its answer may be handed over, and the stream serve another request, before the
    /// opener's next step: it must not touch the stream any more.
    /// </returns>
    public bool Prepare(Attempt attempt, long? bodyLength)
    {
        _attempt = attempt;
        Request = attempt.Request;
        Trace = attempt.Settings.Trace;
        IsTunnel = ConnectMethod.IsOf(attempt.Request);
        _upload = IsTunnel || attempt.Request.Content is not null ? new Http2Upload(this, bodyLength) : null;
        _started = _upload is null && attempt.Settings.ResponseHeadersTimeout == Timeout.InfiniteTimeSpan && Trace is null;

        // Story: the stream is opened, another thread sends it, and its answer is handed over before this thread comes to register with the token. The callback
        // would then belong to no wait. So it is registered first, and what fires early finds the attempt and no stream.
        BeginWait(attempt);
        return !_started;
    }

    public void Open_NeedsLock(int id, long sendWindow, ReceiveWindow receiveWindow, long headersAt, long now)
    {
        Id = id;
        SendWindow = sendWindow;
        Window = receiveWindow;
        HeadersAt = headersAt;
        OpenedAt = now;
        MoveTo_NeedsLock(_upload is null ? Http2StreamState.HalfClosedLocal : Http2StreamState.Open);
    }

    /// <summary>The head of the request is on its way: now the rest.</summary>
    public void Start()
    {
        Attempt attempt = _attempt!;
        UserCode.Tell(Trace?.WroteHeaders);
        if (_upload is null)
        {
            RequestSent(attempt);
        }
        else if (!IsTunnel)
        {
            _upload.Start(attempt);
        }

        _started = true;
    }

    /// <summary>The request is written as a whole: from here on the server has its time for the head.</summary>
    public void RequestSent(Attempt attempt)
    {
        if (Trace is { } trace)
        {
            UserCode.Tell(trace.WroteRequest, (Exception?)null);
        }

        LimitWait(attempt);
    }

    // ---- Giving up --------------------------------------------------------------------------------------------------

    protected override HttpConnection Serving => _connection;

    protected override Attempt? Waiting => _attempt;

    protected override void GiveUp(Attempt attempt, Exception error, CloseReason reason) => GiveUp(error);

    /// <summary>Whoever waited for the head does so no more; the stream is reset and the connection goes on.</summary>
    public void GiveUp(Exception error)
    {
        // Story: the response is handed over at this moment. Whoever completes the attempt first wins; if that is the response, this came too late.
        if (_attempt is { } attempt && attempt.TryFail(error, asynchronously: true))
        {
            StopWaiting(attempt);
            _connection.Reset(this, Http2ErrorCode.Cancel, OpenedAt);
        }
    }

    /// <summary>The stream is over before its response was: called once it is out of the connection's table, from any thread.</summary>
    public void Fail(Func<Attempt?, TransportException> makeError, bool dropUnread)
    {
        Attempt? attempt = _attempt;
        TransportException error = makeError(attempt);
        Inbox.Fail(error, dropUnread);
        _upload?.Stop();
        if (attempt is not null && _response is null)
        {
            StopWaiting(attempt);
            attempt.TryFail(error, asynchronously: true);
        }
    }

    // ---- What the reading flow brings -------------------------------------------------------------------------------

    /// <summary>How many bytes of fields may still come.</summary>
    public long FieldBytesLeft => Math.Max(0, Services.Settings.MaxResponseHeadersBytes - _headBytes);

    /// <summary>The head has come. (A wait for it may be over without.)</summary>
    public bool HasHead { get; private set; }

    /// <summary>A header block, while no head was there. Throws nothing.</summary>
    /// <returns>What is wrong with it.</returns>
    public string? TakeHead(ResponseFields fields, bool endStream)
    {
        _headBytes += fields.Bytes;
        if (_attempt is not { } attempt)
        {
            return null;
        }

        if (fields.Status < 200)
        {
            if (endStream)
            {
                return Http2ErrorTexts.EndWithInterim;
            }

            if (++_interimResponses > Http2Limits.InterimResponses)
            {
                return Http2ErrorTexts.TooManyInterim(Http2Limits.InterimResponses);
            }

            if (fields.Status == 100)
            {
                UserCode.Tell(Trace?.Got100Continue);
                _upload?.Continue();
            }

            return null;
        }

        // RFC 9110 §6.4.1: the length in these is of what is not sent.
        bool bodyless = attempt.Request.Method == HttpMethod.Head || fields.Status is 204 or 304;
        _contentLength = bodyless ? 0 : fields.ContentLength;
        if (endStream && WrongLength(ended: true) is { } wrong)
        {
            return wrong;
        }

        _response = fields.Response;
        HasHead = true;
        HeadDone = true;
        _upload?.FinalResponseStarted(fields.Status);
        return null;
    }

    /// <summary>A piece of the body. Returns what is wrong with it.</summary>
    public string? TakeData(ReadOnlySpan<byte> data, bool endStream)
    {
        _received += data.Length;
        if (WrongLength(endStream) is { } wrong)
        {
            return wrong;
        }

        Inbox.Append(data);
        return null;
    }

    /// <summary>Returns what is wrong with the end.</summary>
    public string? TakeTrailers(ResponseFields fields)
    {
        _trailers = fields.Trailers;
        return WrongLength(ended: true);
    }

    private string? WrongLength(bool ended) =>
        _contentLength is { } length && (ended ? _received != length : _received > length) && !IsTunnel
            ? Http2ErrorTexts.LengthNotKept(length, _received)
            : null;

    // ---- Handing over -----------------------------------------------------------------------------------------------

    /// <summary>Hands the response over, behind what the read that brought it has brought besides: most often that is all of its body.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        Attempt attempt = _attempt!;
        HttpResponseMessage response = _response!;
        _response = null;

        // Story: the upload ends just now, and sets the time for the head a moment after it was looked for below. So first whether it is over, then the time.
        bool uploadIsOver = _upload is null or { IsOver: true };
        bool alone = StopWaiting(attempt) && uploadIsOver;
        var content = (ResponseContent)response.Content;
        Http2ResponseStream? body = null;
        bool recycle = false;
        if (IsTunnel && response.IsSuccessStatusCode)
        {
            content.SetStream(new Http2TunnelStream(this));
        }
        else if (Inbox.TryTakeWhole(Http2Limits.DetachedBodyBytes, out byte[] whole))
        {
            content.SetBytes(whole);
            AddTrailers(response);
            // Story: an upload fails as the head comes, and has failed the attempt: that is not to be kept for others while its caller may still do so.
            recycle = alone && !attempt.IsCompleted && _connection.IsOver(this);
            _upload?.ResponseEnded();
        }
        else
        {
            body = new Http2ResponseStream(this, attempt, response);
            content.SetStream(body);
        }

        _attempt = null;
        if (recycle)
        {
            Http2Connection connection = _connection;
            Clear();
            connection.GiveBack(this);
            attempt.Progress.Forgotten = !attempt.Progress.WasQueued;
            attempt.TryComplete(response);
        }
        else if (!attempt.TryComplete(response))
        {
            // Given up at the last moment.
            body?.Detach();
            _connection.Reset(this, Http2ErrorCode.Cancel);
        }
    }

    public void AddTrailers(HttpResponseMessage response)
    {
        if (_trailers is { } trailers)
        {
            foreach ((string name, string value) in trailers)
            {
                response.TrailingHeaders.TryAddWithoutValidation(name, value);
            }
        }
    }

    /// <summary>The head is here, or will not come. Returns whether nothing that could still call this stream is left.</summary>
    public bool StopWaiting(Attempt attempt)
    {
        bool alone = _started && Trace is null;
        return EndWait(attempt) && alone;
    }

    /// <summary>Makes it ready for another request.</summary>
    public void Clear()
    {
        Debug.Assert(State is Http2StreamState.Closed or Http2StreamState.Idle, "nobody knows it");
        Debug.Assert(!WasCut, "nobody is going to tell it of its end");
        _attempt = null;
        ClearWait();
        _started = false;
        _upload = null;
        _response = null;
        _contentLength = null;
        _received = 0;
        _headBytes = 0;
        _interimResponses = 0;
        _trailers = null;
        HasHead = false;
        Request = null;
        Trace = null;
        Inbox.Reset();
        Id = 0;
        Grant = 0;
        WaitsForGrant = false;
        State = Http2StreamState.Idle;
    }

    // ---- State ------------------------------------------------------------------------------------------------------

    /// <summary>We have sent our last frame. Returns whether the stream is over.</summary>
    public bool LocalEnded_NeedsLock()
    {
        MoveTo_NeedsLock(State == Http2StreamState.Open ? Http2StreamState.HalfClosedLocal : Http2StreamState.Closed);
        return State == Http2StreamState.Closed;
    }

    /// <summary>The server has sent its last frame. Returns whether the stream is over.</summary>
    public bool RemoteEnded_NeedsLock()
    {
        MoveTo_NeedsLock(State == Http2StreamState.Open ? Http2StreamState.HalfClosedRemote : Http2StreamState.Closed);
        return State == Http2StreamState.Closed;
    }

    public void Cut_NeedsLock()
    {
        MoveTo_NeedsLock(Http2StreamState.Closed);
        WasCut = true;
    }

    private void MoveTo_NeedsLock(Http2StreamState next)
    {
        Debug.Assert(_connection.HoldsGate, "the gate");
        Debug.Assert(
            (State, next) switch
            {
                (Http2StreamState.Closed, _) => false,
                (_, Http2StreamState.Closed) => true,
                (Http2StreamState.Idle, Http2StreamState.Open or Http2StreamState.HalfClosedLocal) => true,
                (Http2StreamState.Open, Http2StreamState.HalfClosedLocal or Http2StreamState.HalfClosedRemote) => true,
                _ => false,
            },
            $"{State} to {next} on stream {Id}");
        State = next;
    }
}
