using System.Diagnostics;
using Warmwire.Buffers;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http2.Hpack;
using Warmwire.Settings;
using Warmwire.Sockets;
using Warmwire.Timing;

namespace Warmwire.Http2;

/// <summary>
/// One HTTP/2 connection: many exchanges at a time (RFC 9113). It owns the table of streams, the windows and the order of what is sent; <see cref="Http2Reader"/> is the flow
/// that reads, <see cref="Http2Output"/> sends, <see cref="Http2Health"/> finds out whether the peer lives.
/// </summary>
/// <remarks>
/// One gate guards all that streams share. Nothing of the user's or of the pool's runs under it; what a step has decided is done after leaving it.
/// </remarks>
internal sealed class Http2Connection : HttpConnection
{
    // Immutable.
    private readonly IMultiplexedConnectionOwner _owner;
    private readonly Lock _gate = new();
    private readonly Http2Output _output;
    private readonly Http2Reader _reader;
    private readonly Http2Health _health;
    private readonly FloodGuard _floods;

    // Guarded by _gate.
    private readonly Http2StreamTable _streams = new();
    private readonly HpackEncoder _encoder = new(Http2Limits.HeaderTableBytes);
    private readonly Http2SendWindows _sendWindows = new();
    private readonly Http2ReceiveWindows _receiveWindows;
    private readonly PeerSettings _peer = new();
    private volatile Http2State _state = Http2State.Open;
    private bool _settingsCame;
    private TaskCompletionSource? _settled;
    private (int LastStreamId, Http2ErrorCode Code, string DebugData)? _goAway;
    private CloseReason _closedFor;
    private Exception? _writeError;

    // Written under the gate, read without.
    private volatile int _streamLimit = Http2Limits.StreamsBeforeSettings;
    private long _windowStalls;

    public Http2Connection(Route key, DialedStream dialed, IMultiplexedConnectionOwner owner, ConnectionServices services)
        : base(key, dialed, owner, services)
    {
        _owner = owner;
        _receiveWindows = new Http2ReceiveWindows(services.Settings.InitialHttp2StreamWindowSize, OpenedAt);
        _output = new Http2Output(this, dialed.Stream, _gate);
        _reader = new Http2Reader(this, dialed);
        _health = new Http2Health(this, _gate);
        _floods = new FloodGuard(services.Time);
    }

    public override bool IsMultiplexed => true;

    public override Version HttpVersion => System.Net.HttpVersion.Version20;

    public override int StreamLimit => _streamLimit;

    public override TimeSpan? KeepAliveHint => null;

    public override string StateName => _state switch
    {
        Http2State.Open => "Streams",
        Http2State.Draining => "Draining",
        _ => "Closed",
    };

    public override ConnectionVitals Vitals => new(Interlocked.Read(ref _windowStalls), _health.RoundTrip);

    public bool HoldsGate => _gate.IsHeldByCurrentThread;

    public Http2Health Health => _health;

    public FloodGuard Floods => _floods;

    /// <summary>Nothing is under way, and the reading flow is about to wait: what a burst needed goes.</summary>
    public bool TryRest()
    {
        lock (_gate)
        {
            if (_streams.Count > 0)
            {
                return false;
            }

            _streams.TrimSpares(Http2Limits.SpareStreamsAtRest);
            _output.Rest_NeedsLock();
            return true;
        }
    }

    /// <summary>Nothing is under way: buffers may go.</summary>
    public bool IsQuiet_NeedsLock => _streams.Count == 0;

    public bool HasStreams
    {
        get
        {
            lock (_gate)
            {
                return _streams.Count > 0;
            }
        }
    }

    public bool IsClosed => _state == Http2State.Closed;

    // ---- Beginning --------------------------------------------------------------------------------------------------

    public override void Start()
    {
        HandlerSettings settings = Services.Settings;
        lock (_gate)
        {
            // RFC 9113 §3.4: the preface, then SETTINGS. Requests may follow at once.
            OutputBuffer frames = _output.Frames;
            frames.Write(FrameWriter.Preface);
            FrameWriter.Settings(
                frames,
                (SettingId.EnablePush, 0u),
                (SettingId.InitialWindowSize, (uint)settings.InitialHttp2StreamWindowSize),
                (SettingId.MaxHeaderListSize, (uint)settings.MaxResponseHeadersBytes));
            FrameWriter.WindowUpdate(frames, 0, Http2Limits.ConnectionWindow - Http2Limits.DefaultWindow);
            _health.SettingsSent_NeedsLock();
            _output.TakeDuty_NeedsLock();
        }

        _reader.Start();
        _health.Start();
        _output.Flush(alone: false);
    }

    // ---- Leases -----------------------------------------------------------------------------------------------------

    public override bool TryLease(TimeSpan rested)
    {
        if (_state != Http2State.Open || _health.IsInDoubt)
        {
            return false;
        }

        if (rested > Http2Limits.HeardOfJustNow && Dialed.SocketStream is { MayHaveInput: true, HasInput: true })
        {
            // Story: the machine was frozen, and the server's farewell or a reset lies unread in the socket. Or only a ping. The reading flow is about to find
            // out; until then nothing is sent here that could be lost.
            _health.Doubt();
            return false;
        }

        return true;
    }

    public override void Rest() => _owner.StreamEnded(this);

    // ---- Exchanges --------------------------------------------------------------------------------------------------

    public override ValueTask<HttpResponseMessage> SendAsync(Attempt attempt)
    {
        ValueTask<HttpResponseMessage> response = attempt.Response;
        if (IsExtendedConnect(attempt.Request))
        {
            _ = SendExtendedConnectAsync(attempt);
        }
        else
        {
            Send(attempt);
        }

        return response;
    }

    private static bool IsExtendedConnect(HttpRequestMessage request) =>
        ConnectMethod.ProtocolOf(request) is not null;

    /// <summary>Whether it may be used is in the server's first SETTINGS (RFC 8441 §3).</summary>
    private async Task SendExtendedConnectAsync(Attempt attempt)
    {
        Task? settled = null;
        bool allowed;
        lock (_gate)
        {
            if (!_settingsCame && _state == Http2State.Open)
            {
                settled = (_settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }

        if (settled is not null)
        {
            await settled.WaitAsync(Http2Limits.WaitForSettings, Services.Time, attempt.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_gate)
        {
            allowed = _peer.EnableConnectProtocol || _state != Http2State.Open;
        }

        if (allowed || attempt.CancellationToken.IsCancellationRequested)
        {
            Send(attempt);
            return;
        }

        _owner.StreamEnded(this);
        attempt.TryFail(
            new TransportException(
                HttpRequestError.ExtendedConnectNotSupported,
                Http2ErrorTexts.ExtendedConnectNotSupported(Key.Origin),
                inner: null,
                TransportPhase.WriteRequest,
                RequestSent.No,
                Key.Origin,
                Id),
            asynchronously: true);
    }

    private void Send(Attempt attempt)
    {
        RequestFields fields;
        try
        {
            attempt.CancellationToken.ThrowIfCancellationRequested();
            fields = RequestFields.Of(attempt, Key, Services.Settings.RequestHeaderEncodingSelector);
        }
        catch (Exception e)
        {
            _owner.StreamEnded(this);
            attempt.TryFail(e is HttpRequestException refusal ? TransportErrors.Refused(this, attempt, refusal) : e, asynchronously: false);
            return;
        }

        Http2Stream stream = TakeSpare();
        bool startIsDue = stream.Prepare(attempt, fields.ContentLength);
        long now = Services.Time.GetTimestamp();
        TransportException? refused = null;
        bool opened = false;
        bool usedUp = false;
        bool flush = false;
        bool alone = false;
        lock (_gate)
        {
            if (_state != Http2State.Open)
            {
                refused = TransportErrors.ConnectionGone(this, attempt, _state == Http2State.Closed ? _closedFor : _writeError is not null ? CloseReason.WriteError : CloseReason.GoAway);
            }
            else if (fields.Size > _peer.MaxHeaderListSize)
            {
                refused = TransportErrors.Refused(this, attempt, new HttpRequestException(Http2ErrorTexts.RequestHeadersTooLong(Key.Origin, fields.Size, _peer.MaxHeaderListSize)));
            }
            else if (_settingsCame && _streams.Count >= _streamLimit)
            {
                // Story: the server's first SETTINGS come between the leases, given out for as many as may be assumed, and this line, and allow fewer. More would
                // be an error of ours; so the request goes back to wait for its turn, untouched.
                attempt.Progress.TurnedAway = true;
                refused = Http2Errors.NoPlace(this, stream, attempt, _streamLimit);
            }
            else if (!attempt.IsCompleted)
            {
                opened = true;
                stream.Open_NeedsLock(_streams.NextId, _peer.InitialWindowSize, _receiveWindows.NewStream(now), _output.Position, now);
                AppendHeaders_NeedsLock(fields, stream.Id, endStream: stream.Upload is null);
                attempt.Progress.Sent = stream.Upload is null ? RequestSent.Fully : RequestSent.Partly;
                _streams.Add(stream);
                alone = _streams.Count == 1;
                usedUp = _streams.IsUsedUp;
                if (usedUp)
                {
                    _state = Http2State.Draining;
                }

                flush = _output.TakeDuty_NeedsLock();
            }
        }

        fields.Release();
        if (!opened)
        {
            // Without an error it was given up in between, and has been told.
            stream.StopWaiting(attempt);
            _owner.StreamEnded(this);
            if (refused is not null)
            {
                attempt.TryFail(refused, asynchronously: false);
            }

            return;
        }

        if (startIsDue)
        {
            stream.Start();
        }

        if (flush)
        {
            _output.Flush(alone);
        }

        if (usedUp)
        {
            _owner.Retire(this, CloseReason.StreamIdsExhausted);
        }
    }

    private void AppendHeaders_NeedsLock(RequestFields fields, int streamId, bool endStream)
    {
        OutputBuffer frames = _output.Frames;
        int start = frames.Count;
        frames.GetSpan(FrameHeader.Size);
        frames.Advance(FrameHeader.Size);
        fields.EncodeTo(frames, _encoder);
        int length = frames.Count - start - FrameHeader.Size;
        FrameFlags flags = endStream ? FrameFlags.EndStreamOrAck : FrameFlags.None;
        if (length <= Http2Limits.FrameBytes)
        {
            FrameHeader.Write(frames.WrittenSpan[start..], length, FrameType.Headers, flags | FrameFlags.EndHeaders, streamId);
            return;
        }

        // RFC 9113 §4.3: the rest goes into CONTINUATION frames, with nothing in between.
        byte[] block = frames.WrittenSpan[(start + FrameHeader.Size)..].ToArray();
        frames.Truncate(start);
        for (int at = 0; at < block.Length; at += Http2Limits.FrameBytes)
        {
            int part = Math.Min(Http2Limits.FrameBytes, block.Length - at);
            FrameFlags last = at + part == block.Length ? FrameFlags.EndHeaders : FrameFlags.None;
            frames.GetSpan(FrameHeader.Size);
            frames.Advance(FrameHeader.Size);
            FrameHeader.Write(frames.WrittenSpan[^FrameHeader.Size..], part, at == 0 ? FrameType.Headers : FrameType.Continuation, last | (at == 0 ? flags : FrameFlags.None), streamId);
            frames.Write(block.AsSpan(at, part));
        }
    }

    private Http2Stream TakeSpare()
    {
        lock (_gate)
        {
            if (_streams.TryTakeSpare(out Http2Stream? spare))
            {
                return spare;
            }
        }

        return new Http2Stream(this);
    }

    /// <summary>Keeps a stream object that nobody else knows.</summary>
    public void GiveBack(Http2Stream stream)
    {
        lock (_gate)
        {
            if (_state != Http2State.Closed)
            {
                _streams.Keep(stream);
            }
        }
    }

    /// <summary>Whether the stream came to its end in order, and is out of the table.</summary>
    public bool IsOver(Http2Stream stream)
    {
        lock (_gate)
        {
            return stream.State == Http2StreamState.Closed && !stream.WasCut && !stream.WaitsForGrant;
        }
    }

    // ---- Sending a body ---------------------------------------------------------------------------------------------

    /// <summary>Takes as much of the data as the windows and the output allow.</summary>
    /// <returns>What to wait for before the rest is tried.</returns>
    /// <exception cref="IOException">The stream is over: the rest is not wanted.</exception>
    public ValueTask SendData(Http2Upload upload, ref ReadOnlyMemory<byte> data)
    {
        Http2Stream stream = upload.Stream;
        ValueTask room = default;
        bool flush;
        bool alone;
        bool over = false;
        int frames = 0;
        RequestTrace? trace = stream.Trace;
        lock (_gate)
        {
            if (upload.IsStopped || !stream.MaySend)
            {
                throw new IOException(ErrorTexts.UploadStopped);
            }

            while (!data.IsEmpty)
            {
                if (_output.Frames.Count >= Http2Limits.PendingOutputBytes)
                {
                    _output.WaitForRoom_NeedsLock(stream);
                    break;
                }

                int credit = _sendWindows.Take(stream, Math.Min(data.Length, Http2Limits.FrameBytes));
                if (credit == 0)
                {
                    _windowStalls++;
                    break;
                }

                bool last = upload.Advance_NeedsLock(credit);
                FrameWriter.Data(_output.Frames, stream.Id, data.Span[..credit], last);
                frames++;
                data = data[credit..];
                if (last)
                {
                    over |= LocalEnded_NeedsLock(stream);
                }
            }

            if (data.IsEmpty)
            {
                // Nobody knows when the content goes on: what it was given in turn must not rest with it while others wait.
                _sendWindows.Return(stream);
            }
            else
            {
                room = stream.WriteSignal.Arm_NeedsLock();
            }

            flush = _output.TakeDuty_NeedsLock();
            alone = _streams.Count <= 1;
        }

        _floods.Earn(FloodKind.WindowUpdate, frames * Http2Limits.WindowUpdatesPerData);
        if (flush)
        {
            _output.Flush(alone);
        }

        if (over)
        {
            PlaceIsFree(trace);
        }

        return room;
    }

    /// <summary>The content has written all it has.</summary>
    public void EndRequest(Http2Upload upload)
    {
        bool flush = false;
        bool alone = false;
        bool over = false;
        Http2Stream stream = upload.Stream;
        RequestTrace? trace = stream.Trace;
        lock (_gate)
        {
            if (stream.MaySend)
            {
                FrameWriter.Data(_output.Frames, stream.Id, [], endStream: true);
                over = LocalEnded_NeedsLock(stream);
                flush = _output.TakeDuty_NeedsLock();
                alone = _streams.Count <= 1;
            }
        }

        if (flush)
        {
            _output.Flush(alone);
        }

        if (over)
        {
            PlaceIsFree(trace);
        }
    }

    /// <summary>A refused body is not sent. The stream lives until the response has come to its end.</summary>
    public void UploadWithheld(Http2Stream stream)
    {
        bool reset;
        lock (_gate)
        {
            reset = stream.State == Http2StreamState.HalfClosedRemote;
        }

        if (reset)
        {
            Reset(stream, Http2ErrorCode.Cancel);
        }
    }

    /// <summary>Returns whether the stream is over.</summary>
    private bool LocalEnded_NeedsLock(Http2Stream stream)
    {
        if (stream.Attempt is { } attempt)
        {
            attempt.Progress.Sent = RequestSent.Fully;
        }

        _sendWindows.Return(stream);
        if (!stream.LocalEnded_NeedsLock())
        {
            return false;
        }

        return _streams.Remove(stream);
    }

    // ---- Ending streams ---------------------------------------------------------------------------------------------

    /// <summary>We end the stream (RST_STREAM, RFC 9113 §6.4). Does nothing if it is over.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="code">Why.</param>
    /// <param name="waitedSince">Since when its caller waited in vain, if that is why: if nothing at all has come since, the peer may be dead.</param>
    public void Reset(Http2Stream stream, Http2ErrorCode code, long? waitedSince = null)
    {
        bool flush;
        bool silent;
        Http2Upload? upload;
        RequestTrace? trace;
        lock (_gate)
        {
            // Story: the stream object serves another request by now. Its number says so: only one that is in the table is ours to end.
            if (_state == Http2State.Closed || stream.State is Http2StreamState.Closed or Http2StreamState.Idle || !Remove_NeedsLock(stream))
            {
                return;
            }

            upload = stream.Upload;
            trace = stream.Trace;
            FrameWriter.RstStream(_output.Frames, stream.Id, code);
            silent = waitedSince is { } since && _health.ShouldDoubt_NeedsLock(since);
            if (silent)
            {
                _health.PingBehind_NeedsLock(_output.Frames);
            }

            flush = _output.TakeDuty_NeedsLock();
        }

        upload?.Stop();
        _floods.Earn(FloodKind.GoneStream, Http2Limits.GoneStreamPerReset);
        if (flush)
        {
            _output.Flush(alone: true);
        }

        if (silent)
        {
            _health.DoubtBegan();
        }

        PlaceIsFree(trace);
    }

    /// <summary>Takes it out of the table; its frames are those of a stream that is gone from here on.</summary>
    private bool Remove_NeedsLock(Http2Stream stream)
    {
        if (!_streams.Remove(stream))
        {
            return false;
        }

        if (stream.MayReceive)
        {
            _receiveWindows.Closed(stream);
        }

        stream.Cut_NeedsLock();
        _sendWindows.Return(stream);

        // Story: the writing flow woke and found the stream closed before it was told why, took that for a failure of the content, and told the caller so.
        stream.Upload?.Stop();
        stream.WriteSignal.Set_NeedsLock();
        return true;
    }

    private void PlaceIsFree(RequestTrace? trace)
    {
        _owner.StreamEnded(this);
        if (trace is not null)
        {
            UserCode.Tell(trace.PutIdleConnection, _state == Http2State.Closed ? _closedFor : (CloseReason?)null);
        }
    }

    // ---- What the reading flow has read -----------------------------------------------------------------------------

    /// <summary>The stream of that number, or <see langword="null"/> if it is gone.</summary>
    /// <exception cref="Http2ConnectionException">There was never one (RFC 9113 §5.1: a frame on an idle stream).</exception>
    public Http2Stream? Find(int streamId, FrameType type)
    {
        lock (_gate)
        {
            return _streams.Find(streamId, type);
        }
    }

    /// <summary>DATA has come: takes it from the windows.</summary>
    /// <param name="streamId">Its stream.</param>
    /// <param name="length">What counts against the windows: the payload with its padding.</param>
    /// <param name="passed">Whether it was more than the stream's window.</param>
    /// <returns>The stream, if it is not gone.</returns>
    public Http2Stream? TakeData(int streamId, int length, out bool passed)
    {
        bool flush = false;
        Http2Stream? stream;
        passed = false;
        lock (_gate)
        {
            stream = _streams.Find(streamId, FrameType.Data);
            int credit = _receiveWindows.Came(length, Services.Time, _health.RoundTripStamps);
            if (credit > 0)
            {
                FrameWriter.WindowUpdate(_output.Frames, 0, credit);
                flush = _output.TakeDuty_NeedsLock();
            }

            if (stream is not null)
            {
                passed = !stream.Window.TryTake(length);
            }
        }

        if (flush)
        {
            _output.Flush(alone: true);
        }

        return stream;
    }

    /// <summary>The caller has read so much, or it was padding: the server may send as much again.</summary>
    public void Consumed(Http2Stream stream, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        bool flush = false;
        lock (_gate)
        {
            if (!stream.MayReceive)
            {
                return; // it sends no more
            }

            int credit = _receiveWindows.Read(stream, bytes, Services.Time, _health.RoundTripStamps);
            if (credit > 0)
            {
                FrameWriter.WindowUpdate(_output.Frames, stream.Id, credit);
                flush = _output.TakeDuty_NeedsLock();
            }
        }

        if (flush)
        {
            _output.Flush(alone: true);
        }
    }

    /// <summary>The server has sent its last frame on the stream.</summary>
    public void RemoteEnded(Http2Stream stream)
    {
        bool over = false;
        bool reset = false;
        RequestTrace? trace;
        lock (_gate)
        {
            trace = stream.Trace;
            if (stream.MayReceive)
            {
                _receiveWindows.Closed(stream);
                over = stream.RemoteEnded_NeedsLock() && _streams.Remove(stream);
                reset = !over && stream.Upload is { IsWithheld: true };
            }
        }

        if (over)
        {
            PlaceIsFree(trace);
        }
        else if (reset)
        {
            // Its body was withheld, so the request will never end by itself.
            Reset(stream, Http2ErrorCode.Cancel);
        }
    }

    /// <summary>The server broke a rule that concerns one stream (RFC 9113 §5.4.2).</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="error">What kind of failure that is to the caller.</param>
    /// <param name="code">What the server is told.</param>
    /// <param name="what">The rule.</param>
    /// <param name="setting">The setting that governs it, if it is a limit.</param>
    public void FailStream(Http2Stream stream, HttpRequestError error, Http2ErrorCode code, string what, string? setting = null)
    {
        lock (_gate)
        {
            if (stream.State is Http2StreamState.Closed or Http2StreamState.Idle)
            {
                return;
            }
        }

        AnswerCame(stream);
        stream.Fail(attempt => Http2Errors.InvalidResponse(this, stream, attempt, error, code, what, setting), dropUnread: true);
        Reset(stream, code);
    }

    /// <summary>RST_STREAM has come.</summary>
    public void PeerReset(int streamId, Http2ErrorCode code)
    {
        Http2Stream? stream;
        Http2Upload? upload;
        RequestTrace? trace;
        bool complete;
        lock (_gate)
        {
            stream = _streams.Find(streamId, FrameType.RstStream);
            upload = stream?.Upload;
            trace = stream?.Trace;
            complete = stream is { State: Http2StreamState.HalfClosedRemote };
            if (stream is not null)
            {
                Remove_NeedsLock(stream);
            }
        }

        if (stream is null)
        {
            _floods.Count(FloodKind.GoneStream);
            return;
        }

        if (complete)
        {
            // RFC 9113 §8.1: the response stands, and the rest of the request is not wanted.
            upload?.Stop();
        }
        else
        {
            if (code == Http2ErrorCode.RefusedStream && stream.Attempt is { } attempt)
            {
                attempt.Progress.NotProcessed = true;
            }
            else if (code != Http2ErrorCode.Http11Required || !WantsHttp11(stream.Attempt))
            {
                AnswerCame(stream);
            }

            stream.Fail(known => Http2Errors.StreamReset(this, stream, known, code), dropUnread: false);
        }

        PlaceIsFree(trace);
        if (!complete)
        {
            // Each costs the server one frame and us a whole request.
            _floods.Count(FloodKind.Reset);
        }
    }

    /// <summary>Whatever the server has said of the stream, it is alive and knows of the request: that is no reason to send it again.</summary>
    private static void AnswerCame(Http2Stream stream)
    {
        if (stream.Attempt is { } attempt)
        {
            attempt.Progress.ResponseStarted = true;
        }
    }

    /// <summary>RFC 9113 §7, HTTP_1_1_REQUIRED.</summary>
    /// <returns>Whether the request is to be sent again with HTTP/1.1.</returns>
    private bool WantsHttp11(Attempt? attempt)
    {
        if (Key.Protocols != ProtocolOffer.Http2OrHttp1)
        {
            return false;
        }

        _owner.Http11Required(this);
        if (attempt is not { RequiresHttp2: false })
        {
            return false;
        }

        attempt.Progress.NotProcessed = true;
        return true;
    }

    public void WindowUpdate(int streamId, int increment)
    {
        Http2Stream? overflown = null;
        lock (_gate)
        {
            if (streamId == 0)
            {
                if (increment == 0)
                {
                    throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "WINDOW_UPDATE of 0 for the connection");
                }

                _sendWindows.Grow(increment);
            }
            else if (_streams.Find(streamId, FrameType.WindowUpdate) is { } stream)
            {
                overflown = increment == 0 || !Http2SendWindows.Grow(stream, increment) ? stream : null;
            }
        }

        _floods.Count(FloodKind.WindowUpdate);
        if (overflown is not null)
        {
            FailStream(overflown, HttpRequestError.HttpProtocolError, increment == 0 ? Http2ErrorCode.ProtocolError : Http2ErrorCode.FlowControlError,
                increment == 0 ? Http2ErrorTexts.WindowUpdateOfZero : Http2ErrorTexts.WindowTooLarge);
        }
    }

    public void Settings(ReadOnlySpan<byte> payload)
    {
        bool flush;
        bool limitChanged;
        TaskCompletionSource? settled;
        lock (_gate)
        {
            int window = _peer.InitialWindowSize;
            _peer.Apply(payload);
            _encoder.SetMaxTableSize(_peer.HeaderTableSize);
            AdjustWindows_NeedsLock(_peer.InitialWindowSize - (long)window);
            int limit = (int)Math.Min(_peer.MaxConcurrentStreams ?? int.MaxValue, int.MaxValue);
            limitChanged = limit != _streamLimit;
            _streamLimit = limit;
            _settingsCame = true;
            settled = _settled;
            FrameWriter.SettingsAck(_output.Frames);
            CountAcknowledgement_NeedsLock();
            flush = _output.TakeDuty_NeedsLock();
        }

        settled?.TrySetResult();
        if (flush)
        {
            _output.Flush(alone: true);
        }

        if (limitChanged)
        {
            _owner.StreamLimitChanged(this);
        }
    }

    /// <summary>RFC 9113 §6.9.2: a changed initial window holds for the streams that are open as well.</summary>
    private void AdjustWindows_NeedsLock(long change)
    {
        if (change == 0)
        {
            return;
        }

        foreach (Http2Stream stream in _streams.All)
        {
            if (!Http2SendWindows.Grow(stream, change))
            {
                throw new Http2ConnectionException(Http2ErrorCode.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE makes the window of a stream larger than 2^31-1");
            }
        }
    }

    public void AnswerPing(ulong data)
    {
        bool flush;
        lock (_gate)
        {
            FrameWriter.Ping(_output.Frames, data, ack: true);
            CountAcknowledgement_NeedsLock();
            flush = _output.TakeDuty_NeedsLock();
        }

        if (flush)
        {
            _output.Flush(alone: true);
        }
    }

    /// <summary>A peer that makes us owe it answers and does not read them must not make us keep them all.</summary>
    private void CountAcknowledgement_NeedsLock()
    {
        if (++_output.Acknowledgements > Http2Limits.PendingAcknowledgements)
        {
            throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, $"the server does not read, and more than {Http2Limits.PendingAcknowledgements} acknowledgements wait for it");
        }
    }

    /// <summary>Sends a PING, now.</summary>
    public void SendPing(ulong data)
    {
        bool flush;
        lock (_gate)
        {
            if (_state == Http2State.Closed)
            {
                return;
            }

            FrameWriter.Ping(_output.Frames, data, ack: false);
            flush = _output.TakeDuty_NeedsLock();
        }

        if (flush)
        {
            _output.Flush(alone: true);
        }
    }

    /// <summary>RFC 9113 §6.8: what the server has not accepted goes elsewhere, at once; the rest comes to its end here.</summary>
    public void GoAway(int lastStreamId, Http2ErrorCode code, string debugData)
    {
        List<Http2Stream> left = [];
        lock (_gate)
        {
            if (_goAway is { } before && lastStreamId > before.LastStreamId)
            {
                lastStreamId = before.LastStreamId;
            }

            _goAway = (lastStreamId, code, debugData);
            if (_state == Http2State.Open)
            {
                _state = Http2State.Draining;
            }

            foreach (Http2Stream stream in _streams.All)
            {
                if (stream.Id > lastStreamId)
                {
                    left.Add(stream);
                }
            }

            foreach (Http2Stream stream in left)
            {
                Remove_NeedsLock(stream);
            }
        }

        // First the pool, so that what is sent again does not come back here.
        if (code == Http2ErrorCode.Http11Required && Key.Protocols == ProtocolOffer.Http2OrHttp1)
        {
            _owner.Http11Required(this);
        }

        _owner.Retire(this, CloseReason.GoAway);
        foreach (Http2Stream stream in left)
        {
            if (stream.Attempt is { } attempt)
            {
                attempt.Progress.NotProcessed = true;
            }

            stream.Fail(attempt => Http2Errors.NotAccepted(this, stream, attempt, code, debugData), dropUnread: false);
            PlaceIsFree(stream.Trace);
        }
    }

    // ---- The end ----------------------------------------------------------------------------------------------------

    public void ServerClosed()
    {
        (int, Http2ErrorCode Code, string DebugData)? goAway;
        Exception? writeError;
        lock (_gate)
        {
            goAway = _goAway;
            writeError = _writeError;
        }

        if (goAway is null && writeError is not null)
        {
            CloseForWriteError(writeError);
            return;
        }

        Close(
            goAway is null ? CloseReason.ServerClosed : CloseReason.GoAway,
            Http2ErrorCode.NoError,
            (stream, attempt) => goAway is { } known && known.Code != Http2ErrorCode.NoError
                ? Http2Errors.ConnectionEnded(this, stream, attempt, known.Code, known.DebugData)
                : Http2Errors.ServerClosed(this, stream, attempt));
    }

    /// <summary>Reading failed. What the server has said before is the reason, if it has said one.</summary>
    public void ReadFailed(Exception error)
    {
        bool isSaid;
        lock (_gate)
        {
            isSaid = _goAway is not null || _writeError is not null;
        }

        if (isSaid)
        {
            ServerClosed();
        }
        else
        {
            Close(CloseReason.ReadError, Http2ErrorCode.NoError, (stream, attempt) => Http2Errors.ReadFailed(this, stream, attempt, error));
        }
    }

    /// <summary>
    /// Nothing can be sent any more. A server that closes says why before it does, and has answered some requests: that may lie unread in the socket. So the
    /// reading flow has the word, for a moment.
    /// </summary>
    public void WriteFailed(Exception error)
    {
        lock (_gate)
        {
            if (_state == Http2State.Closed || _writeError is not null)
            {
                return;
            }

            _writeError = error;
            _state = Http2State.Draining;
        }

        Services.Deadlines.Schedule(new WriteErrorDeadline(this), Http2Limits.ReadAfterWriteError);
        _owner.Retire(this, CloseReason.WriteError);
    }

    private void CloseForWriteError(Exception error) =>
        Close(CloseReason.WriteError, Http2ErrorCode.NoError, (stream, attempt) => Http2Errors.WriteFailed(this, stream, attempt, error));

    public void Broken(Http2ConnectionException error) =>
        Close(
            error.Code == Http2ErrorCode.EnhanceYourCalm ? CloseReason.PeerFlood : CloseReason.ProtocolError,
            error.Code,
            (stream, attempt) => Http2Errors.ConnectionBroken(this, stream, attempt, error));

    public void PingUnanswered(TimeSpan limit) =>
        Close(CloseReason.PingTimeout, Http2ErrorCode.NoError, (stream, attempt) => Http2Errors.PingUnanswered(this, stream, attempt, limit));

    public override void Close(CloseReason reason) =>
        Close(reason, Http2ErrorCode.NoError, (stream, attempt) => Http2Errors.Gone(this, stream, attempt, reason));

    private void Close(CloseReason reason, Http2ErrorCode code, Func<Http2Stream, Attempt?, TransportException> makeError)
    {
        List<Http2Stream> streams;
        TaskCompletionSource? settled;
        lock (_gate)
        {
            if (_state == Http2State.Closed)
            {
                return;
            }

            _state = Http2State.Closed;
            _closedFor = reason;
            settled = _settled;
            streams = [.. _streams.All];
            foreach (Http2Stream stream in streams)
            {
                Remove_NeedsLock(stream);
                if (stream.Attempt is { } attempt && stream.HeadersAt >= _output.HandedOver)
                {
                    // Not one byte of it was handed to the socket.
                    attempt.Progress.Sent = RequestSent.No;
                }
            }

            // Story: a request that had not been sent left with the farewell, was sent again on another connection, and was served twice.
            _output.Frames.Clear();
        }

        _health.Stop();
        if (reason is not (CloseReason.ServerClosed or CloseReason.ReadError or CloseReason.WriteError or CloseReason.PingTimeout))
        {
            // RFC 9113 §5.4.1, §6.8: the server is told why, and that it need not wait for more.
            _output.SendLast(code);
        }

        lock (_gate)
        {
            _output.Stop_NeedsLock();
            _streams.TrimSpares(0);
        }

        try
        {
            Dialed.Stream.Dispose();
        }
        catch (Exception)
        {
            // A stream of a ConnectCallback may throw here; it is gone all the same.
        }

        _owner.Closed(this, reason);
        settled?.TrySetResult();
        foreach (Http2Stream stream in streams)
        {
            stream.Fail(attempt => makeError(stream, attempt), dropUnread: reason == CloseReason.Disposed);
            PlaceIsFree(stream.Trace);
        }
    }

    /// <summary>The peer may be dead. Each is told once, and so is each <see cref="DoubtEnded"/>; the owner counts, so their order does not matter.</summary>
    public void DoubtBegan() => _owner.Suspended(this);

    public void DoubtEnded() => _owner.Resumed(this);

    /// <summary>Writing failed, and the end of what can be read has not come either.</summary>
    private sealed class WriteErrorDeadline(Http2Connection connection) : Deadline
    {
        protected override void OnExpired() => connection.CloseForWriteError(connection._writeError!);
    }
}
