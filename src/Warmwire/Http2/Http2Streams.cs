using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>
/// The streams of a connection: how each is opened, found, and ended (RFC 9113 §5.1). The code that takes a stream out of the table, under
/// the gate, ends its slot, outside it: <see cref="EndSlot(Http2Stream)"/> is the one place that tells the pool.
/// </summary>
internal sealed class Http2Streams
{
    // Immutable.
    private readonly Http2Connection _connection;
    private readonly IMultiplexedConnectionOwner _owner;

    // Guarded by the gate.
    private readonly Http2StreamTable _table = new();

    public Http2Streams(Http2Connection connection, IMultiplexedConnectionOwner owner)
    {
        _connection = connection;
        _owner = owner;
    }

    public int Count_NeedsLock => _table.Count;

    public Dictionary<int, Http2Stream>.ValueCollection All_NeedsLock => _table.All;

    public bool HasAny
    {
        get
        {
            using (Output.EnterGate())
            {
                return _table.Count > 0;
            }
        }
    }

    private Http2Output Output => _connection.Output;

    // ---- Stream objects ---------------------------------------------------------------------------------------------

    /// <summary>A stream object without other users.</summary>
    public Http2Stream TakeSpare()
    {
        using (Output.EnterGate())
        {
            if (_table.TryTakeSpare(out Http2Stream? spare))
            {
                return spare;
            }
        }

        return new Http2Stream(_connection);
    }

    /// <summary>Keeps a stream object, which has no other user, for another request.</summary>
    public void KeepSpare(Http2Stream stream)
    {
        using (Output.EnterGate())
        {
            if (!_connection.Lifetime.IsClosed)
            {
                _table.Keep(stream);
            }
        }
    }

    public void TrimSpares_NeedsLock(int keep) => _table.TrimSpares(keep);

    /// <summary>Whether the stream came to its end in order, and is out of the table.</summary>
    public bool IsOver(Http2Stream stream)
    {
        using (Output.EnterGate())
        {
            return stream.State == Http2StreamState.Closed && !stream.WasCut && !stream.WaitsForGrant;
        }
    }

    // ---- Opening and finding ----------------------------------------------------------------------------------------

    /// <summary>Gives the stream its number, and the slot.</summary>
    /// <returns>Whether there is no number for another one (RFC 9113 §5.1.1).</returns>
    public bool Open_NeedsLock(Http2Stream stream, ref StreamSlot slot, long sendWindow, long headersAt, long now)
    {
        stream.Open_NeedsLock(_table.NextId, sendWindow, _connection.Data.NewReceiveWindow(now), headersAt, now);
        stream.Slot = slot.Open();
        _table.Add(stream);
        return _table.IsUsedUp;
    }

    /// <summary>The stream of that number, or <see langword="null"/> if it is gone.</summary>
    /// <exception cref="Http2ConnectionException">There was never one (RFC 9113 §5.1: a frame on an idle stream).</exception>
    public Http2Stream? Find(int streamId, FrameType type)
    {
        using (Output.EnterGate())
        {
            return _table.Find(streamId, type);
        }
    }

    /// <inheritdoc cref="Find"/>
    public Http2Stream? Find_NeedsLock(int streamId, FrameType type) => _table.Find(streamId, type);

    /// <summary>
    /// DATA or HEADERS for a stream that is gone: if it came to its end in order there was END_STREAM before, and the server is told so
    /// (RFC 9113 §5.1, §6.1). If it was cut the frame may have been on its way meanwhile.
    /// </summary>
    public void AnswerLate(int streamId)
    {
        using Http2Output.FrameScope frames = Output.Enter();
        if (_table.NoteCut(streamId))
        {
            frames.RstStream(streamId, Http2ErrorCode.StreamClosed);
        }
    }

    // ---- Slots ------------------------------------------------------------------------------------------------------

    /// <summary>Ends the slot of a stream that the caller has taken out of the table.</summary>
    public void EndSlot(Http2Stream stream) => EndSlot(ref stream.Slot, stream.Trace);

    /// <summary>The stream is a tunnel from here on, unless it is over.</summary>
    public void BecomeTunnel(Http2Stream stream)
    {
        using (Output.EnterGate())
        {
            // Who takes it out of the table, under the gate, and ends its slot sees that it is a tunnel; one that is out is none.
            if (stream.State is Http2StreamState.Closed or Http2StreamState.Idle)
            {
                return;
            }

            stream.Slot.BecomeTunnel();
        }

        _owner.Upgraded(_connection);
    }

    /// <summary>Ends a slot, and tells the pool and the trace of its request.</summary>
    public void EndSlot(ref StreamSlot slot, Http2Trace? trace)
    {
        Output.AssertOutside();
        slot.End();
        if (slot.IsTunnel)
        {
            _owner.TunnelEnds(_connection);
        }

        _owner.StreamEnded(_connection);
        trace?.Tell(
            static (callbacks, reason) => UserCode.Tell(callbacks.PutIdleConnection, (CloseReason?)reason), _connection.Lifetime.ClosedFor);
    }

    // ---- Ends in order ----------------------------------------------------------------------------------------------

    /// <summary>We have sent our last frame on the stream.</summary>
    /// <returns>Whether the stream is over: the caller ends its slot.</returns>
    public bool LocalEnded_NeedsLock(Http2Stream stream)
    {
        if (stream.Attempt is { } attempt)
        {
            attempt.Progress.Sent = RequestSent.Fully;
        }

        _connection.Data.SendsNoMore_NeedsLock(stream);
        return stream.LocalEnded_NeedsLock() && _table.Remove(stream);
    }

    /// <summary>The server has sent its last frame on the stream.</summary>
    /// <returns>Whether the stream is over: the caller ends its slot.</returns>
    public bool RemoteEnded(Http2Stream stream)
    {
        bool withheld;
        using (Output.EnterGate())
        {
            if (!stream.MayReceive)
            {
                return false;
            }

            _connection.Data.ReceivesNoMore_NeedsLock(stream, isCut: false);
            if (stream.RemoteEnded_NeedsLock())
            {
                return _table.Remove(stream);
            }

            withheld = stream.Upload is { IsWithheld: true };
        }

        // If its body was withheld, the request will never end by itself.
        return withheld && TryCut(stream, Http2ErrorCode.Cancel);
    }

    /// <summary>
    /// The server has refused the request: the rest of its body is not sent. The stream lives until the response has come to its end.
    /// </summary>
    public void UploadWithheld(Http2Upload upload)
    {
        Http2Stream stream = upload.Stream;
        bool reset;
        using (Output.EnterGate())
        {
            // Story: the upload has ended meanwhile, and the stream serves another request.
            if (!ReferenceEquals(stream.Upload, upload))
            {
                return;
            }

            upload.Stop();
            stream.WriteSignal.Set_NeedsLock();
            reset = stream.State == Http2StreamState.HalfClosedRemote;
        }

        if (reset)
        {
            Reset(stream, Http2ErrorCode.Cancel);
        }
    }

    /// <summary>
    /// Ends a stream whose response is complete, if the server has taken nothing of its content since this was asked before.
    /// </summary>
    /// <param name="upload">The content.</param>
    /// <param name="sent">How much of it was sent when this was asked before; receives how much is now.</param>
    /// <returns>Whether it is over.</returns>
    public bool EndStalled(Http2Upload upload, ref long sent)
    {
        Http2Stream stream = upload.Stream;
        using (Output.EnterGate())
        {
            if (!ReferenceEquals(stream.Upload, upload) || !stream.MaySend)
            {
                return true;
            }

            // A content that has nothing to send at the moment is not held up by the server.
            bool stalled = stream.WriteSignal.IsArmed && upload.Sent_NeedsLock == sent;
            sent = upload.Sent_NeedsLock;
            if (!stalled)
            {
                return false;
            }
        }

        if (TryCut(stream, Http2ErrorCode.Cancel, upload: upload))
        {
            stream.Fail(attempt => Http2Errors.UploadStalled(_connection, stream, attempt, Http2Limits.UploadStall), dropUnread: false);
            EndSlot(stream);
        }

        return true;
    }

    // ---- Resets -----------------------------------------------------------------------------------------------------

    /// <summary>We end the stream (RST_STREAM, RFC 9113 §6.4). Does nothing if it is over.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="code">Why.</param>
    /// <param name="waitedSince">
    /// Since when its caller waited in vain, if that is why: if nothing has come since, the peer may be dead.
    /// </param>
    public void Reset(Http2Stream stream, Http2ErrorCode code, long? waitedSince = null)
    {
        if (TryCut(stream, code, waitedSince))
        {
            EndSlot(stream);
        }
    }

    /// <summary>The same, but the caller ends the slot.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="code">Why.</param>
    /// <param name="waitedSince">As in <see cref="Reset"/>.</param>
    /// <param name="upload">The upload it must still have.</param>
    /// <returns>Whether the stream was open.</returns>
    public bool TryCut(Http2Stream stream, Http2ErrorCode code, long? waitedSince = null, Http2Upload? upload = null)
    {
        bool silent;
        using (Http2Output.FrameScope frames = Output.Enter())
        {
            // Story: the stream object serves another request by now. Its number says so: only one that is in the table is ours to end.
            if (stream.State is Http2StreamState.Closed or Http2StreamState.Idle
                || (upload is not null && !ReferenceEquals(stream.Upload, upload))
                || !Cut_NeedsLock(stream))
            {
                return false;
            }

            frames.RstStream(stream.Id, code);
            silent = waitedSince is { } since && _connection.Health.ShouldDoubt_NeedsLock(since);
            if (silent)
            {
                _connection.Health.PingBehind_NeedsLock(frames);
            }
        }

        _connection.Floods.Earn(FloodKind.GoneStream, Http2Limits.GoneStreamPerReset);
        if (silent)
        {
            _connection.Health.DoubtBegan();
        }

        return true;
    }

    /// <summary>The server broke a rule that concerns one stream (RFC 9113 §5.4.2).</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="error">What kind of failure that is to the caller.</param>
    /// <param name="code">What the server is told.</param>
    /// <param name="what">The rule.</param>
    /// <param name="setting">The setting that governs it, if it is a limit.</param>
    /// <returns>Whether the stream was open: the caller ends its slot.</returns>
    public bool Fail(Http2Stream stream, HttpRequestError error, Http2ErrorCode code, string what, string? setting = null)
    {
        using (Output.EnterGate())
        {
            if (stream.State is Http2StreamState.Closed or Http2StreamState.Idle)
            {
                return false;
            }
        }

        AnswerCame(stream);
        stream.Fail(
            attempt => Http2Errors.InvalidResponse(_connection, stream, attempt, error, code, what, setting),
            dropUnread: true);
        return TryCut(stream, code);
    }

    /// <summary>RST_STREAM has come.</summary>
    /// <param name="streamId">Its stream.</param>
    /// <param name="code">Why.</param>
    /// <param name="isFlood">Whether that ended an exchange before its response was complete, and not for want of room.</param>
    /// <returns>The stream, if it was open and the caller is to end its slot.</returns>
    public Http2Stream? PeerReset(int streamId, Http2ErrorCode code, out bool isFlood)
    {
        bool isCut;
        isFlood = false;
        Http2Stream? stream;
        using (Output.EnterGate())
        {
            stream = _table.Find(streamId, FrameType.RstStream);
            isCut = stream is not null and not { State: Http2StreamState.HalfClosedRemote };
            if (stream is not null)
            {
                if (!isCut && code == Http2ErrorCode.NoError)
                {
                    stream.Upload?.Unwanted_NeedsLock();
                }

                Cut_NeedsLock(stream);
            }
        }

        if (stream is null)
        {
            _connection.Floods.Count(FloodKind.GoneStream);
            return null;
        }

        if (!isCut)
        {
            // RFC 9113 §8.1: with NO_ERROR the response stands, and the rest of the request is not wanted. With another code one that waits
            // for its content is no response to this request.
            if (stream is { Attempt: { } waiting, Upload.ResponseStands: false })
            {
                stream.GiveUp(Http2Errors.StreamReset(_connection, stream, waiting, code));
            }

            return stream;
        }

        // A server may refuse what its clients ask for; what is sent again without them is our own expense.
        isFlood = code is not (Http2ErrorCode.RefusedStream or Http2ErrorCode.EnhanceYourCalm) || stream.Attempt?.IsAgain == true;
        if (code == Http2ErrorCode.Http11Required && _connection.Route.Protocols == ProtocolOffer.Http2OrHttp1)
        {
            Http2Connection.TellLater(() => TellHttp11Required(stream));
            return null;
        }

        if (code == Http2ErrorCode.RefusedStream && stream.Attempt is { } attempt)
        {
            // Story: a burst opens more streams on a new connection than the server's SETTINGS, on their way, turn out to allow. That is
            // our guess and not the server's failure: the request waits for its turn.
            attempt.Progress.TurnedAway = stream.BeforeSettings && !attempt.Progress.ContentBegun;
            attempt.Progress.NotProcessed = true;
        }
        else
        {
            AnswerCame(stream);
        }

        stream.Fail(known => Http2Errors.StreamReset(_connection, stream, known, code), dropUnread: false);
        return stream;
    }

    /// <summary>RFC 9113 §7, HTTP_1_1_REQUIRED: the pool learns of it before the request is sent again.</summary>
    private void TellHttp11Required(Http2Stream stream)
    {
        _owner.Http11Required(_connection);
        if (stream.Attempt is { RequiresHttp2: false } attempt)
        {
            attempt.Progress.NotProcessed = true;
        }
        else
        {
            AnswerCame(stream);
        }

        stream.Fail(known => Http2Errors.StreamReset(_connection, stream, known, Http2ErrorCode.Http11Required), dropUnread: false);
        EndSlot(stream);
    }

    /// <summary>
    /// Whatever the server has said of the stream, it is alive and knows of the request: that is no reason to send it again.
    /// </summary>
    private static void AnswerCame(Http2Stream stream)
    {
        if (stream.Attempt is { } attempt)
        {
            attempt.Progress.ResponseStarted = true;
        }
    }

    /// <summary>Takes out of the table what has a higher number. The caller fails each of them and ends its slot.</summary>
    public List<Http2Stream> CutAbove_NeedsLock(int lastStreamId)
    {
        List<Http2Stream> streams = [];
        foreach (Http2Stream stream in _table.All)
        {
            if (stream.Id > lastStreamId)
            {
                streams.Add(stream);
            }
        }

        foreach (Http2Stream stream in streams)
        {
            Cut_NeedsLock(stream);
        }

        return streams;
    }

    /// <summary>Whether a stream is open whose head has come.</summary>
    public bool HasAnswered_NeedsLock => _table.All.Any(static stream => !stream.WaitsForHead);

    /// <summary>Resets the streams whose head has not come. The caller fails each of them and ends its slot.</summary>
    public List<Http2Stream> CutUnanswered_NeedsLock(Http2Output.FrameScope frames)
    {
        List<Http2Stream> streams = [.. _table.All.Where(static stream => stream.WaitsForHead)];
        foreach (Http2Stream stream in streams)
        {
            Cut_NeedsLock(stream);
            frames.RstStream(stream.Id, Http2ErrorCode.Cancel);
        }

        _connection.Floods.Earn(FloodKind.GoneStream, streams.Count * Http2Limits.GoneStreamPerReset);
        return streams;
    }

    /// <summary>Takes the stream out of the table; its frames are those of a stream that is gone from here on.</summary>
    private bool Cut_NeedsLock(Http2Stream stream)
    {
        Debug.Assert(Output.IsGateHeld, "the gate");
        if (!_table.Remove(stream))
        {
            return false;
        }

        if (stream.MayReceive)
        {
            _connection.Data.ReceivesNoMore_NeedsLock(stream, isCut: true);
        }

        _table.NoteCut(stream.Id);
        stream.Cut_NeedsLock();
        _connection.Data.SendsNoMore_NeedsLock(stream);

        // Story: the writing flow woke and found the stream closed before it was told why, took that for a failure of the content, and
        // told the caller so.
        stream.Upload?.Stop();
        stream.WriteSignal.Set_NeedsLock();
        return true;
    }
}
