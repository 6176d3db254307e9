using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Http2.Wire;
using Warmwire.Timing;

namespace Warmwire.Http2;

/// <summary>How a connection comes to its end: it drains behind a GOAWAY or a failed write, and is closed once, for one reason.</summary>
internal sealed class Http2Lifetime
{
    // Immutable.
    private readonly Http2Connection _connection;
    private readonly IMultiplexedConnectionOwner _owner;

    // Guarded by the gate.
    private (int LastStreamId, Http2ErrorCode Code, string DebugData)? _goAway;
    private Exception? _writeError;
    private CloseReason? _endsFor;

    // Written under the gate, read without: the reason before the state.
    private CloseReason _closedFor;
    private volatile Http2State _state = Http2State.Open;

    public Http2Lifetime(Http2Connection connection, IMultiplexedConnectionOwner owner)
    {
        _connection = connection;
        _owner = owner;
    }

    public Http2State State => _state;

    public bool IsClosed => _state == Http2State.Closed;

    /// <summary>Why the connection is closed; <see langword="null"/> while it is not.</summary>
    public CloseReason? ClosedFor => IsClosed ? _closedFor : null;

    private Http2Output Output => _connection.Output;

    private Http2Streams Streams => _connection.Streams;

    /// <summary>Why a stream that was leased cannot be opened any more.</summary>
    public CloseReason RefusesFor_NeedsLock =>
        ClosedFor ?? _endsFor ?? (_writeError is not null ? CloseReason.WriteError : CloseReason.GoAway);

    /// <summary>No stream is begun any more.</summary>
    public void Drain_NeedsLock()
    {
        if (_state == Http2State.Open)
        {
            MoveTo_NeedsLock(Http2State.Draining);
        }
    }

    /// <summary>What had gathered was sent: requests can be begun again.</summary>
    public void TellUncongested() => Http2Connection.TellLater(() => _owner.StreamLimitChanged(_connection));

    // ---- GOAWAY -----------------------------------------------------------------------------------------------------

    /// <summary>RFC 9113 §6.8: what the server has not accepted goes elsewhere, at once; the rest comes to its end here.</summary>
    public void GoAway(int lastStreamId, Http2ErrorCode code, string debugData)
    {
        List<Http2Stream> left;
        using (Output.EnterGate())
        {
            if (IsClosed)
            {
                return;
            }

            if (_goAway is { } before && lastStreamId > before.LastStreamId)
            {
                lastStreamId = before.LastStreamId;
            }

            _goAway = (lastStreamId, code, debugData);
            Drain_NeedsLock();
            left = Streams.CutAbove_NeedsLock(lastStreamId);
        }

        Http2Connection.TellLater(() => TellGoAway(left, code, debugData));
    }

    private void TellGoAway(List<Http2Stream> left, Http2ErrorCode code, string debugData)
    {
        // Story: a request that the GOAWAY leaves out is sent again before the pool knows of the GOAWAY, and comes back here. So first the
        // pool.
        if (code == Http2ErrorCode.Http11Required && _connection.Route.Protocols == ProtocolOffer.Http2OrHttp1)
        {
            _owner.Http11Required(_connection);
        }

        _owner.Retire(_connection, CloseReason.GoAway);
        foreach (Http2Stream stream in left)
        {
            if (stream.Attempt is { } attempt)
            {
                attempt.Progress.NotProcessed = true;
            }

            stream.Fail(attempt => Http2Errors.NotAccepted(_connection, stream, attempt, code, debugData), dropUnread: false);
            Streams.EndSlot(stream);
        }
    }

    // ---- The end, as the flows find it ------------------------------------------------------------------------------

    public void ServerClosed()
    {
        (int, Http2ErrorCode Code, string DebugData)? goAway;
        Exception? writeError;
        using (Output.EnterGate())
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
                ? Http2Errors.ConnectionEnded(_connection, stream, attempt, known.Code, known.DebugData)
                : Http2Errors.ServerClosed(_connection, stream, attempt));
    }

    /// <summary>Reading failed. What the server has said before is the reason, if it has said one.</summary>
    public void ReadFailed(Exception error)
    {
        bool isSaid;
        using (Output.EnterGate())
        {
            isSaid = _goAway is not null || _writeError is not null;
        }

        if (isSaid)
        {
            ServerClosed();
        }
        else
        {
            Close(
                CloseReason.ReadError,
                Http2ErrorCode.NoError,
                (stream, attempt) => Http2Errors.ReadFailed(_connection, stream, attempt, error));
        }
    }

    /// <summary>
    /// Nothing can be sent any more. A server that closes says why before it does, and has answered some requests: that may lie unread in
    /// the socket. So the connection is read on, for a moment.
    /// </summary>
    public void WriteFailed(Exception error)
    {
        using (Output.EnterGate())
        {
            if (IsClosed || _writeError is not null)
            {
                return;
            }

            _writeError = error;
            Drain_NeedsLock();
        }

        _connection.Services.Deadlines.Schedule(new WriteErrorDeadline(this), Http2Limits.ReadAfterWriteError);

        // The frame that could not be sent may be an acknowledgement of the reading flow.
        Http2Connection.TellLater(() => _owner.Retire(_connection, CloseReason.WriteError));
    }

    /// <summary>The server broke a rule after which the connection cannot go on.</summary>
    public void Broken(Http2ConnectionException error) =>
        Close(
            error.Code == Http2ErrorCode.EnhanceYourCalm ? CloseReason.PeerFlood : CloseReason.ProtocolError,
            error.Code,
            (stream, attempt) => Http2Errors.ConnectionBroken(_connection, stream, attempt, error));

    public void PingUnanswered(TimeSpan limit) =>
        Close(
            CloseReason.PingTimeout,
            Http2ErrorCode.NoError,
            (stream, attempt) => Http2Errors.PingUnanswered(_connection, stream, attempt, limit));

    public void Close(CloseReason reason) =>
        Close(reason, Http2ErrorCode.NoError, (stream, attempt) => Http2Errors.Gone(_connection, stream, attempt, reason));

    /// <summary>
    /// Resets the streams whose head has not come, and leaves the others to their end: the pool closes the connection behind the last.
    /// </summary>
    public void CloseBehindBodies(CloseReason reason)
    {
        List<Http2Stream> unanswered = [];
        bool hasBodies;
        using (Http2Output.FrameScope frames = Output.Enter())
        {
            if (IsClosed)
            {
                return;
            }

            // Story: a request has its slot and is about to open its stream. It finds the connection draining, and why.
            _endsFor ??= reason;
            Drain_NeedsLock();
            hasBodies = Streams.HasAnswered_NeedsLock;
            if (hasBodies)
            {
                unanswered = Streams.CutUnanswered_NeedsLock(frames);
            }
        }

        if (!hasBodies)
        {
            Close(reason);
            return;
        }

        foreach (Http2Stream stream in unanswered)
        {
            stream.Fail(attempt => Http2Errors.Gone(_connection, stream, attempt, reason), dropUnread: true);
            Streams.EndSlot(stream);
        }
    }

    private void CloseForWriteError(Exception error) =>
        Close(
            CloseReason.WriteError,
            Http2ErrorCode.NoError,
            (stream, attempt) => Http2Errors.WriteFailed(_connection, stream, attempt, error));

    // ---- Closing ----------------------------------------------------------------------------------------------------

    private void Close(CloseReason reason, Http2ErrorCode code, Func<Http2Stream, Attempt?, TransportException> makeError)
    {
        List<Http2Stream> streams;
        using (Http2Output.FrameScope frames = Output.Enter())
        {
            if (IsClosed)
            {
                return;
            }

            _closedFor = reason;
            MoveTo_NeedsLock(Http2State.Closed);
            streams = Streams.CutAbove_NeedsLock(lastStreamId: 0);
            foreach (Http2Stream stream in streams)
            {
                if (stream.Attempt is { } attempt && stream.HeadersAt >= Output.HandedOver_NeedsLock)
                {
                    // Not one byte of it was handed to the socket.
                    attempt.Progress.Sent = RequestSent.No;
                }
            }

            // Story: a request that had not been sent left with the GOAWAY, was sent again on another connection, and was served twice.
            frames.Drop();
        }

        _connection.Health.Stop();
        if (reason is not (CloseReason.ServerClosed or CloseReason.ReadError or CloseReason.WriteError or CloseReason.PingTimeout))
        {
            // RFC 9113 §5.4.1, §6.8: the server is told why, and that it need not wait for more.
            Output.SendLast(code);
        }

        using (Output.EnterGate())
        {
            Output.Stop_NeedsLock();
            Streams.TrimSpares_NeedsLock(0);
        }

        _owner.EndStream(_connection.Dialed);

        // First the pool, so that what is sent again does not come back here.
        _owner.Closed(_connection, reason);
        _connection.Control.ConnectionClosed();
        foreach (Http2Stream stream in streams)
        {
            stream.Fail(attempt => makeError(stream, attempt), dropUnread: reason == CloseReason.Disposed);
            Streams.EndSlot(stream);
        }
    }

    private void MoveTo_NeedsLock(Http2State next)
    {
        Debug.Assert(Output.IsGateHeld, "the gate");
        Debug.Assert(next > _state, $"a connection moves from {_state} to {next}");
        _state = next;
    }

    /// <summary>Writing failed, and the end of what can be read has not come either.</summary>
    private sealed class WriteErrorDeadline(Http2Lifetime lifetime) : Deadline
    {
        protected override void OnExpired() => lifetime.CloseForWriteError(lifetime._writeError!);
    }
}
