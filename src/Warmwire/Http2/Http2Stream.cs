using System.Diagnostics;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http2.Wire;
using Warmwire.Sockets;

namespace Warmwire.Http2;

/// <summary>
/// One request and its response on a connection of many (RFC 9113 §5). As a deadline it is the wait for the head, as a work item the steps
/// that the reading flow has left to be done behind a read.
/// </summary>
/// <remarks>
/// The connection's reading flow fills it, the caller's flows write the request and read the body. It is used again for a later request if
/// nobody else can still know it: no callback of a token, no timer, no upload, no body that is still read. Any other is left to the
/// garbage collector.
/// </remarks>
internal sealed class Http2Stream : HeadWait, IThreadPoolWorkItem
{
    private readonly Http2Connection _connection;

    // What it keeps of one request. Each part is assigned as a whole: a field that were forgotten would show one request what another has
    // left.

    /// <summary>Set before the stream is opened; the attempt is taken when the wait for the head ends.</summary>
    private Exchange _exchange;

    /// <summary>The reading flow's own, until it hands the response over.</summary>
    private Http2IncomingResponse _incoming;

    /// <summary>Guarded by the connection's gate.</summary>
    private OnWire _wire;

    private Http2StreamSteps _steps;
    private StreamSlot _slot;

    public Http2Stream(Http2Connection connection) => _connection = connection;

    public Http2Connection Connection => _connection;

    public Http2Inbox Inbox { get; } = new();

    public Http2Signal WriteSignal { get; } = new();

    // The exchange.

    public Attempt? Attempt => _exchange.Attempt;

    public HttpRequestMessage? Request => _exchange.Request;

    public Http2Trace? Trace => _exchange.Trace;

    public Http2Upload? Upload => _exchange.Upload;

    public bool IsTunnel => _exchange.IsTunnel;

    /// <summary>Whether the caller waits for the head of the response.</summary>
    public bool WaitsForHead => !HeadDone;

    /// <summary>The stream's slot, from the opening on. The code that takes the stream out of the table ends it.</summary>
    public ref StreamSlot Slot => ref _slot;

    // Guarded by the connection's gate.

    public int Id => _wire.Id;

    public Http2StreamState State => _wire.State;

    /// <summary>Whether we have not sent our last frame.</summary>
    public bool MaySend => State is Http2StreamState.Open or Http2StreamState.HalfClosedRemote;

    /// <summary>Whether the server has not sent its last frame.</summary>
    public bool MayReceive => State is Http2StreamState.Open or Http2StreamState.HalfClosedLocal;

    /// <summary>Whether the stream was cut short; its reader may not have been told yet.</summary>
    public bool WasCut => _wire.WasCut;

    /// <summary>How much the server takes; negative after it has made its windows smaller (RFC 9113 §6.9.2).</summary>
    public ref long SendWindow => ref _wire.SendWindow;

    /// <summary>What was given to this stream of the connection's window.</summary>
    public ref int Grant => ref _wire.Grant;

    /// <summary>Whether it stands in line for the connection's window.</summary>
    public ref bool WaitsForGrant => ref _wire.WaitsForGrant;

    /// <summary>Its neighbours in that line.</summary>
    public ref (Http2Stream? Ahead, Http2Stream? Behind) InLine => ref _wire.InLine;

    /// <summary>Whether it was opened before the server had said how many streams it takes.</summary>
    public bool BeforeSettings => _wire.BeforeSettings;

    /// <summary>What the server may send.</summary>
    public ref ReceiveWindow Window => ref _wire.Window;

    /// <summary>Where in all that the connection sends the request begins.</summary>
    public long HeadersAt => _wire.HeadersAt;

    private ConnectionServices Services => _connection.Services;

    // ---- Beginning --------------------------------------------------------------------------------------------------

    /// <summary>Takes the attempt on. From here on its token ends it, also before the stream is opened.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="bodyLength">What the request says of the length of its body.</param>
    /// <returns>
    /// Whether <see cref="Start"/> is to be called once the stream is open. If not, its answer may be handed over, and the stream serve
    /// another request, before the opener's next step: it must not touch the stream any more.
    /// </returns>
    public bool Prepare(Attempt attempt, long? bodyLength)
    {
        HttpRequestMessage request = attempt.Request;
        RequestTrace? trace = attempt.Settings.Trace;
        _exchange.Attempt = attempt;
        _exchange.Request = request;
        _exchange.Trace = trace is null ? null : new Http2Trace(trace);
        _exchange.IsTunnel = ConnectMethod.IsOf(request);
        _exchange.Upload = IsTunnel || request.Content is not null ? new Http2Upload(this, bodyLength, attempt) : null;
        _exchange.Started = Upload is null && attempt.Settings.ResponseHeadersTimeout == Timeout.InfiniteTimeSpan && trace is null;

        // Story: the stream is opened, another thread sends it, and its answer is handed over before this thread comes to register with the
        // token. The callback would then belong to no wait. So it is registered first, and what fires early finds the attempt and no
        // stream.
        BeginWait(attempt);
        return !_exchange.Started;
    }

    public void Open_NeedsLock(int id, long sendWindow, ReceiveWindow receiveWindow, long headersAt, long now)
    {
        _wire.Id = id;
        _wire.SendWindow = sendWindow;
        _wire.Window = receiveWindow;
        _wire.HeadersAt = headersAt;
        _wire.OpenedAt = now;
        _wire.BeforeSettings = !_connection.Control.SettingsCame_NeedsLock;
        MoveTo_NeedsLock(Upload is null ? Http2StreamState.HalfClosedLocal : Http2StreamState.Open);
        if (Trace is { } trace)
        {
            // Story: the answer comes, and its first byte is told, before the opener's thread comes to tell that the request is written.
            // So that is in line before the frames are; Start tells it, outside the gate.
            trace.Note(static callbacks => UserCode.Tell(callbacks.WroteHeaders));
            if (Upload is null)
            {
                trace.Note(static callbacks => UserCode.Tell(callbacks.WroteRequest, (Exception?)null));
            }
        }
    }

    /// <summary>The head of the request is on its way: now what follows it. What it calls of the user's may block.</summary>
    public void Start(Attempt attempt)
    {
        _connection.Output.AssertOutside();
        Trace?.RunQueue();
        if (Upload is null)
        {
            LimitWait(attempt);
        }
        else if (!IsTunnel)
        {
            Upload.Start(attempt);
        }

        _exchange.Started = true;
    }

    /// <summary>The request is written as a whole, by its upload.</summary>
    public void RequestSent(Attempt attempt)
    {
        Trace?.TellHere(static (callbacks, error) => UserCode.Tell(callbacks.WroteRequest, error), (Exception?)null);
        LimitWait(attempt);
    }

    // ---- Giving up --------------------------------------------------------------------------------------------------

    protected override HttpConnection Serving => _connection;

    protected override Attempt? Waiting => Attempt;

    protected override void GiveUp(Attempt attempt, Exception error, CloseReason reason) => GiveUp(error);

    /// <summary>Ends the wait for the response; the stream is reset and the connection goes on.</summary>
    /// <returns>Whether it still waited.</returns>
    public bool GiveUp(Exception error)
    {
        // Story: the response is handed over at this moment. The one that completes the attempt first wins; if that is the response, this
        // came too late.
        if (Attempt is not { } attempt || !attempt.TryFail(error, asynchronously: true))
        {
            return false;
        }

        StopWaiting(attempt);
        _connection.Streams.Reset(this, Http2ErrorCode.Cancel, _wire.OpenedAt);
        return true;
    }

    /// <summary>The stream is over before its response was: called once it is out of the connection's table, from any thread.</summary>
    public void Fail(Func<Attempt?, TransportException> makeError, bool dropUnread)
    {
        Attempt? attempt = Attempt;
        TransportException error = makeError(attempt);
        Inbox.Fail(error, dropUnread);
        Upload?.Stop(error);
        if (attempt is not null && (_incoming.Response is null || Upload is { ResponseStands: false }))
        {
            StopWaiting(attempt);
            attempt.TryFail(error, asynchronously: true);
        }
    }

    // ---- What the reading flow brings -------------------------------------------------------------------------------

    /// <summary>How many bytes of fields may still come.</summary>
    public long FieldBytesLeft => _incoming.FieldBytesLeft(Services.Settings.MaxResponseHeadersBytes);

    public bool HasHead => _incoming.HasHead;

    /// <summary>A header block, while no head was there. Throws nothing.</summary>
    /// <returns>What is wrong with it.</returns>
    public string? TakeHead(ResponseFields fields, bool endStream)
    {
        if (Attempt is not { } attempt)
        {
            return null;
        }

        if (fields.Status < 200)
        {
            string? wrong = _incoming.TakeInterim(fields, endStream);
            if (wrong is null && fields.Status == 100)
            {
                Trace?.Tell(static (callbacks, _) => UserCode.Tell(callbacks.Got100Continue), 0);
                Upload?.Continue();
            }

            return wrong;
        }

        string? wrongHead = _incoming.TakeHead(fields, attempt.Request.Method, IsTunnel, endStream);
        if (wrongHead is null)
        {
            HeadDone = true;
            Upload?.FinalResponseStarted(fields.Status, attempt);
        }

        return wrongHead;
    }

    /// <summary>A piece of the body. Returns what is wrong with it.</summary>
    public string? TakeData(ReadOnlySpan<byte> data, bool endStream)
    {
        string? wrong = _incoming.TakeData(data.Length, endStream);
        if (wrong is null)
        {
            Inbox.Append(data);
        }

        return wrong;
    }

    /// <summary>Returns what is wrong with the end.</summary>
    public string? TakeTrailers(ResponseFields fields) => _incoming.TakeTrailers(fields);

    /// <summary>Something is to be done for the stream when all of a read has been worked off.</summary>
    /// <returns>Whether it is the first such step of the read.</returns>
    public bool Note(StreamSteps steps)
    {
        bool first = _incoming.Noted == StreamSteps.None;
        _incoming.Noted |= steps;
        return first;
    }

    /// <summary>
    /// Has the steps done that were noted, off the reading flow. That one must not touch the stream any more if they are its last.
    /// </summary>
    public void RunNoted()
    {
        StreamSteps noted = _incoming.Noted;
        _incoming.Noted = StreamSteps.None;
        if (_steps.Add(noted))
        {
            Schedule();
        }
    }

    // ---- Behind a read ----------------------------------------------------------------------------------------------

    /// <summary>The content is over, for which the response has waited.</summary>
    public void HandOverNow()
    {
        if (_steps.Add(StreamSteps.HandOver))
        {
            Schedule();
        }
    }

    private void Schedule()
    {
        if (Trace is { } trace)
        {
            trace.RunBehind(this);
        }
        else
        {
            DeferredWork.Run(this);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        StreamSteps steps = _steps.Take();
        if ((steps & StreamSteps.EndSlot) != StreamSteps.None)
        {
            // A connection has its slot back before the caller sees the end.
            _connection.Streams.EndSlot(this);
            steps &= ~StreamSteps.EndSlot;
            if (Trace is not null && steps != StreamSteps.None)
            {
                // And so does the trace hear of it.
                _steps.Add(steps);
                Schedule();
                return;
            }
        }

        bool serve = (steps & StreamSteps.EndBody) != StreamSteps.None && Inbox.End();
        if ((steps & StreamSteps.HandOver) != StreamSteps.None && Upload?.HoldsResponse() != true)
        {
            HandOver();
            return;
        }

        LeaveSteps();
        if (serve)
        {
            Inbox.Serve();
        }
    }

    /// <summary>What comes next may be the user's code: other steps of the stream must not wait for it.</summary>
    private void LeaveSteps()
    {
        if (_steps.Leave())
        {
            Schedule();
        }
    }

    /// <summary>
    /// Hands the response over, behind what the read that brought it has brought besides: most often that is all of its body.
    /// </summary>
    private void HandOver()
    {
        Attempt attempt = Attempt!;
        Http2ResponseStream? body = null;
        bool recycle = false;
        HttpResponseMessage response;

        // Story: the upload ends just now, and sets the time for the head a moment after it was looked for below. So first whether it is
        // over, then the time.
        bool uploadIsOver = Upload is null or { IsOver: true };
        bool alone = StopWaiting(attempt) && uploadIsOver;
        try
        {
            response = _incoming.TakeResponse(Request!, Services.Settings.ResponseHeaderEncodingSelector);
            var content = (ResponseContent)response.Content;
            if (IsTunnel && response.IsSuccessStatusCode)
            {
                content.SetStream(new Http2TunnelStream(this));
                _connection.Streams.BecomeTunnel(this);
            }
            else if (Inbox.TryTakeWhole(Http2Limits.DetachedBodyBytes, out byte[] whole))
            {
                content.SetBytes(whole);
                AddTrailers(response);

                // Story: an upload fails as the head comes, and has failed the attempt: that is not to be kept for others while its caller
                // may still do so.
                recycle = alone && !attempt.IsCompleted && _connection.Streams.IsOver(this);
            }
            else
            {
                body = new Http2ResponseStream(this, attempt, response);
                content.SetStream(body);
            }
        }
        catch (Exception e)
        {
            // The selector of encodings: that is the user's.
            _exchange.Attempt = null;
            LeaveSteps();
            Upload?.Stop();
            _connection.Streams.Reset(this, Http2ErrorCode.Cancel);
            attempt.TryFail(TransportErrors.ReadFailed(_connection, attempt, e, TransportPhase.ReadHeaders), asynchronously: true);
            return;
        }

        _exchange.Attempt = null;
        if (recycle)
        {
            Http2Connection connection = _connection;
            Clear();
            connection.Streams.KeepSpare(this);
            attempt.Progress.Forgotten = !attempt.Progress.WasQueued;
            attempt.TryComplete(response);
            return;
        }

        LeaveSteps();
        if (!attempt.TryComplete(response))
        {
            // Given up at the last moment.
            body?.Detach();
            _connection.Streams.Reset(this, Http2ErrorCode.Cancel);
        }
    }

    public void AddTrailers(HttpResponseMessage response) =>
        _incoming.AddTrailersTo(response, Request!, Services.Settings.ResponseHeaderEncodingSelector);

    /// <summary>The head is here, or will not come. Returns whether nothing that could still call this stream is left.</summary>
    public bool StopWaiting(Attempt attempt)
    {
        bool alone = _exchange.Started && Trace is null;
        return EndWait(attempt) && alone;
    }

    /// <summary>Makes it ready for another request.</summary>
    private void Clear()
    {
        Debug.Assert(State is Http2StreamState.Closed or Http2StreamState.Idle, "nobody knows it");
        Debug.Assert(!WasCut, "nobody is going to tell it of its end");
        Debug.Assert(_slot.State == StreamSlotState.Ended, "the pool knows of its end");
        ClearWait();
        _exchange = default;
        _incoming = default;
        _wire = default;
        _steps = default;
        _slot = default;
        Inbox.Reset();
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
        _wire.WasCut = true;
    }

    private void MoveTo_NeedsLock(Http2StreamState next)
    {
        Debug.Assert(_connection.Output.IsGateHeld, "the gate");
        Debug.Assert(Http2StreamStates.IsLegal(State, next), $"{State} to {next} on stream {Id}");
        _wire.State = next;
    }

    private struct Exchange
    {
        public volatile Attempt? Attempt;
        public HttpRequestMessage? Request;
        public Http2Trace? Trace;
        public volatile Http2Upload? Upload;
        public bool IsTunnel;
        public volatile bool Started;
    }

    private struct OnWire
    {
        public int Id;
        public Http2StreamState State;
        public bool WasCut;
        public bool WaitsForGrant;
        public bool BeforeSettings;
        public (Http2Stream? Ahead, Http2Stream? Behind) InLine;
        public int Grant;
        public long SendWindow;
        public ReceiveWindow Window;
        public long HeadersAt;
        public long OpenedAt;
    }
}
