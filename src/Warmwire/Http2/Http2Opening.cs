using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http2.Wire;
using Warmwire.Settings;

namespace Warmwire.Http2;

/// <summary>
/// How a connection and each of its streams begin: the preface (RFC 9113 §3.4), and the head of a request on a stream of its own (§8.1).
/// </summary>
internal sealed class Http2Opening
{
    private readonly Http2Connection _connection;
    private readonly IMultiplexedConnectionOwner _owner;

    public Http2Opening(Http2Connection connection, IMultiplexedConnectionOwner owner)
    {
        _connection = connection;
        _owner = owner;
    }

    private Route Key => _connection.Route;

    private ConnectionServices Services => _connection.Services;

    /// <summary>The preface, then SETTINGS. Requests may follow at once.</summary>
    public void SendPreface()
    {
        HandlerSettings settings = Services.Settings;
        using Http2Output.FrameScope frames = _connection.Output.Enter();
        frames.ExpectMore(true);
        frames.Preface();
        frames.Settings(
            (SettingId.EnablePush, 0u),
            (SettingId.InitialWindowSize, (uint)settings.InitialHttp2StreamWindowSize),
            (SettingId.MaxHeaderListSize, (uint)settings.MaxResponseHeadersBytes));
        frames.WindowUpdate(0, Http2Limits.ConnectionWindow - Http2Limits.DefaultWindow);
        _connection.Health.SettingsSent_NeedsLock();
    }

    /// <summary>Sends the request of an attempt that has a slot. Its outcome is the attempt's.</summary>
    public void Send(Attempt attempt)
    {
        if (IsExtendedConnect(attempt.Request))
        {
            _ = SendExtendedConnectAsync(attempt);
        }
        else
        {
            SendRequest(attempt);
        }
    }

    private static bool IsExtendedConnect(HttpRequestMessage request) =>
        ConnectMethod.ProtocolOf(request) is not null;

    /// <summary>Whether it may be used is in the server's first SETTINGS (RFC 8441 §3).</summary>
    private async Task SendExtendedConnectAsync(Attempt attempt)
    {
        Task settingsWait = Task.CompletedTask;
        bool allowed;
        var total = new TotalTimeOfWait(_connection, attempt);
        attempt.TotalDeadline?.Watch(total);
        using (_connection.Output.EnterGate())
        {
            if (_connection.Lifetime.State == Http2State.Open)
            {
                settingsWait = _connection.Control.WaitForSettings_NeedsLock();
            }
        }

        Task wait = Task.WhenAny(settingsWait, total.Expired);
        await wait
            .WaitAsync(Http2Limits.WaitForSettings, Services.Time, attempt.CancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        using (_connection.Output.EnterGate())
        {
            allowed = _connection.Control.Peer_NeedsLock.EnableConnectProtocol || _connection.Lifetime.State != Http2State.Open;
        }

        if (allowed || attempt.IsCompleted || attempt.CancellationToken.IsCancellationRequested)
        {
            SendRequest(attempt);
            return;
        }

        _connection.Streams.EndSlot(ref attempt.Slot, trace: null);
        attempt.TryFail(
            new TransportException(
                HttpRequestError.ExtendedConnectNotSupported,
                Http2ErrorTexts.ExtendedConnectNotSupported(Key.Origin),
                inner: null,
                TransportPhase.WriteRequest,
                RequestSent.No,
                Key.Origin,
                _connection.Id),
            asynchronously: true);
    }

    private void SendRequest(Attempt attempt)
    {
        RequestFields fields;
        try
        {
            // What is the user's in this (headers, the selector of encodings) runs before the gate.
            attempt.CancellationToken.ThrowIfCancellationRequested();
            _connection.Output.AssertOutside();
            fields = RequestFields.Of(attempt, Key, Services.Settings.RequestHeaderEncodingSelector);
        }
        catch (Exception e)
        {
            _connection.Streams.EndSlot(ref attempt.Slot, trace: null);
            attempt.TryFail(
                e is HttpRequestException refusal ? TransportErrors.Refused(_connection, attempt, refusal) : e, asynchronously: false);
            return;
        }

        Http2Stream stream = _connection.Streams.TakeSpare();
        bool startIsDue = stream.Prepare(attempt, fields.ContentLength);
        bool opened = TryOpen(stream, attempt, fields, out bool usedUp, out TransportException? refused, out bool hasNoSlot);
        fields.Release();
        if (hasNoSlot)
        {
            // Story: the pool, not told yet, gave the request the same connection again and again, until it had been turned away too often.
            _owner.StreamLimitChanged(_connection);
            if (_connection.Output.IsCongested)
            {
                _connection.Output.WatchCongestion();
            }
        }

        if (!opened)
        {
            // Without an error it was given up in between, and has been told.
            stream.StopWaiting(attempt);
            _connection.Streams.EndSlot(ref attempt.Slot, trace: null);
            if (refused is not null)
            {
                attempt.TryFail(refused, asynchronously: false);
            }

            return;
        }

        _connection.Floods.Earn(FloodKind.Ping, Http2Limits.PingsPerFrame);
        _connection.Floods.Earn(FloodKind.EmptyData, Http2Limits.EmptyDataPerStream);
        _connection.Floods.Earn(FloodKind.GoneStream, Http2Limits.GoneStreamPerStream);
        if (startIsDue)
        {
            stream.Start(attempt);
        }

        if (usedUp)
        {
            _owner.Retire(_connection, CloseReason.StreamIdsExhausted);
        }
    }

    /// <summary>Opens the stream and sends the head of the request.</summary>
    /// <param name="stream">The stream, prepared.</param>
    /// <param name="attempt">Its attempt.</param>
    /// <param name="fields">The head.</param>
    /// <param name="usedUp">Whether it is the last one this connection can have.</param>
    /// <param name="refused">Why it is not opened; without an error its caller has given up.</param>
    /// <param name="hasNoSlot">Whether the connection has to say how many streams it takes.</param>
    private bool TryOpen(
        Http2Stream stream,
        Attempt attempt,
        RequestFields fields,
        out bool usedUp,
        out TransportException? refused,
        out bool hasNoSlot)
    {
        long now = Services.Time.GetTimestamp();
        Http2Lifetime lifetime = _connection.Lifetime;
        Http2Control control = _connection.Control;
        Http2Streams streams = _connection.Streams;
        usedUp = hasNoSlot = false;
        using Http2Output.FrameScope frames = _connection.Output.Enter();
        PeerSettings peer = control.Peer_NeedsLock;
        if (lifetime.State != Http2State.Open)
        {
            // Story: a GOAWAY comes between the lease and this line. The server has not seen the request: it waits for its turn elsewhere.
            attempt.Progress.TurnedAway = true;
            refused = TransportErrors.ConnectionGone(_connection, attempt, lifetime.RefusesFor_NeedsLock);
            return false;
        }

        if (fields.Size > peer.MaxHeaderListSize)
        {
            string message = Http2ErrorTexts.RequestHeadersTooLong(Key.Origin, fields.Size, peer.MaxHeaderListSize);
            refused = TransportErrors.Refused(_connection, attempt, new HttpRequestException(message));
            return false;
        }

        if (control.SettingsCame_NeedsLock && streams.Count_NeedsLock >= control.StreamLimit)
        {
            // Story: the server's first SETTINGS come between the leases, given out for as many as may be assumed, and this line, and
            // allow fewer. More would be an error of ours; so the request goes back to wait for its turn, untouched.
            attempt.Progress.TurnedAway = hasNoSlot = true;
            refused = Http2Errors.NoSlot(_connection, stream, attempt, control.StreamLimit);
            return false;
        }

        if (frames.IsFullForRequests)
        {
            // The server does not read: what is added here gathers without end. The pool hears of it before the request asks again.
            frames.Congest();
            attempt.Progress.TurnedAway = hasNoSlot = true;
            refused = Http2Errors.Congested(_connection, stream, attempt);
            return false;
        }

        refused = null;
        if (attempt.IsCompleted)
        {
            return false;
        }

        bool hasBody = stream.Upload is not null;
        attempt.Progress.Sent = hasBody ? RequestSent.Partly : RequestSent.Fully;
        usedUp = streams.Open_NeedsLock(stream, ref attempt.Slot, peer.InitialWindowSize, frames.Position, now);
        frames.Headers(fields, _connection.Encoder_NeedsLock, stream.Id, endStream: !hasBody);

        // A content's first part comes next, on this thread, and is to leave with the head.
        frames.ExpectMore(hasBody || streams.Count_NeedsLock > 1);
        if (usedUp)
        {
            lifetime.Drain_NeedsLock();
        }

        return true;
    }

    /// <summary>The total time of a request that waits for the server's SETTINGS, and has no stream yet that could watch it.</summary>
    private sealed class TotalTimeOfWait(Http2Connection connection, Attempt attempt) : ITotalDeadlineTarget
    {
        private readonly TaskCompletionSource _expired = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Expired => _expired.Task;

        void ITotalDeadlineTarget.TotalTimeExpired(TotalDeadline total)
        {
            attempt.TryFail(TransportErrors.TotalTimeout(connection, attempt, total, TransportPhase.WriteRequest), asynchronously: true);
            _expired.TrySetResult();
        }
    }
}
