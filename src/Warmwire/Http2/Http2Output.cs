using System.Diagnostics;
using Warmwire.Buffers;
using Warmwire.Connections;
using Warmwire.Http2.Hpack;
using Warmwire.Http2.Wire;
using Warmwire.Runtime;
using Warmwire.Sockets;
using Warmwire.Timing;

namespace Warmwire.Http2;

/// <summary>
/// What a connection sends, and the gate under which it is appended: what has gathered leaves in one send. While one is under way the next
/// gathers.
/// </summary>
/// <remarks>
/// Frames are appended through a <see cref="FrameScope"/> only, which holds the gate, and which leaves it and flushes at its end. So
/// nothing can run between the two that a flush would have to wait for.
/// </remarks>
internal sealed class Http2Output : IThreadPoolWorkItem
{
    // Immutable.
    private readonly Http2Connection _connection;
    private readonly Stream _stream;
    private readonly bool _isForeign;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<Http2Stream> _waitForRoom = [];
    private OutputBuffer _gathering = new();
    private int _acknowledgements;
    private bool? _gathersMore;
    private bool _flushIsDue;
    private bool _stopped;
    private int _controlBytes;
    private bool _controlOverflows;
    private CongestionWatch? _watch;

    // Written under the gate, read without.
    private volatile bool _congested;

    // The sending flow's own.
    private OutputBuffer _leaving = new();
    private volatile bool _sending;

    public Http2Output(Http2Connection connection, DialedStream dialed)
    {
        _connection = connection;
        _stream = dialed.Stream;

        // Story: a stream of a ConnectCallback blocked in a write, in the middle of the reading flow's acknowledgement of a PING, and no
        // response was read meanwhile. What is not ours is written to on a flow of its own.
        _isForeign = dialed.IsForeign;
    }

    /// <summary>Whether so much waits to be sent that no request can be begun.</summary>
    public bool IsCongested => _congested;

    /// <summary>Whether this thread holds the gate.</summary>
    public bool IsGateHeld => _gate.IsHeldByCurrentThread;

    /// <summary>How many bytes were handed to the stream before what gathers now.</summary>
    public long HandedOver_NeedsLock { get; private set; }

    /// <summary>The gate, with all that is needed to append frames.</summary>
    public FrameScope Enter() => new(this);

    /// <summary>The gate, for a step that sends nothing.</summary>
    public Lock.Scope EnterGate() => _gate.EnterScope();

    /// <summary>What comes now is the user's code, the pool or the stream: none of these may run under the gate.</summary>
    [Conditional("DEBUG")]
    public void AssertOutside() => Debug.Assert(!_gate.IsHeldByCurrentThread, "not under the gate");

    /// <summary>The connection is idle and holds no buffers. A send that is under way sees to that at its end.</summary>
    public void ReleaseBuffers_NeedsLock()
    {
        Debug.Assert(IsGateHeld, "the gate");
        if (_sending)
        {
            return;
        }

        _leaving.Release();
        if (_gathering.Count == 0)
        {
            _gathering.Release();
        }
    }

    /// <summary>A server that reads nothing while requests wait for it is left after a time.</summary>
    public void WatchCongestion()
    {
        CongestionWatch watch;
        lock (_gate)
        {
            watch = _watch ??= new CongestionWatch(this);
        }

        if (_connection.Services.Deadlines.TrySchedule(watch, Http2Limits.UnreadOutput))
        {
            watch.Begin();
        }
    }

    /// <summary>Stops the output: nothing is sent any more.</summary>
    public void Stop_NeedsLock()
    {
        Debug.Assert(IsGateHeld, "the gate");
        _stopped = true;
        WakeWriters_NeedsLock();
        if (!_sending)
        {
            _gathering.Release();
        }
    }

    /// <summary>
    /// The GOAWAY of a connection that is closed, without what gathered before: sent if that costs no wait, to a peer that has heard of us.
    /// </summary>
    public void SendLast(Http2ErrorCode code)
    {
        lock (_gate)
        {
            if (_sending || _stopped || HandedOver_NeedsLock == 0)
            {
                return;
            }

            FrameWriter.GoAway(_gathering, code);
            _sending = true;
            (_gathering, _leaving) = (_leaving, _gathering);
        }

        try
        {
            Abandoned.Forget(_stream.WriteAsync(_leaving.Written).AsTask());
        }
        catch (Exception)
        {
            // The peer is gone; it needs no word.
        }
    }

    void IThreadPoolWorkItem.Execute() => Send();

    /// <summary>The end of a scope.</summary>
    private void Leave()
    {
        bool flush = !_flushIsDue && !_sending && !_stopped && _gathering.Count > 0;

        // Story: a caller sent the only request, and so on its own thread, and stood in a foreign stream's blocking write where neither its
        // token nor its timeout reached it.
        bool gathersMore = _isForeign || _gathersMore == true;
        _gathersMore = null;
        _flushIsDue |= flush;
        bool overflows = _controlOverflows && !_stopped;
        _controlOverflows = false;
        _gate.Exit();
        if (flush)
        {
            Flush(gathersMore);
        }

        if (overflows)
        {
            Leave($"more than {Http2Limits.PendingControlBytes} bytes of window updates and resets wait for it");
        }
    }

    /// <summary>Closes the connection to a server that does not read: behind what this thread does, which may be a caller's read.</summary>
    private void Leave(string what)
    {
        var error = new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, $"the server does not read: {what}");
        Http2Connection.TellLater(() => _connection.Lifetime.Broken(error));
    }

    /// <summary>Sends what has gathered, soon: behind what this thread is doing if that may bring more.</summary>
    private void Flush(bool gathersMore)
    {
        AssertOutside();
        if (EventLoop.TryDefer(this))
        {
            return;
        }

        if (gathersMore)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
        else
        {
            Send();
        }
    }

    private void Send()
    {
        // Story: a hundred callers added frames as fast as one of them sent, and that one never came back to its own request.
        for (int sends = 0; sends < Http2Limits.SendsInARow; sends++)
        {
            lock (_gate)
            {
                _flushIsDue = false;
                if (_sending || _stopped || _gathering.Count == 0)
                {
                    return;
                }

                _sending = true;
                HandedOver_NeedsLock += _gathering.Count;
                _acknowledgements = 0;
                _controlBytes = 0;
                (_gathering, _leaving) = (_leaving, _gathering);
            }

            ValueTask sending;
            try
            {
                sending = _stream.WriteAsync(_leaving.Written);
                if (!sending.IsCompleted)
                {
                    _ = FinishAsync(sending);
                    return;
                }

                sending.GetAwaiter().GetResult();
            }
            catch (Exception e)
            {
                _connection.Lifetime.WriteFailed(e);
                return;
            }

            if (!Sent())
            {
                return;
            }
        }

        lock (_gate)
        {
            if (_flushIsDue || _sending || _stopped)
            {
                return;
            }

            _flushIsDue = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private async Task FinishAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _connection.Lifetime.WriteFailed(e);
            return;
        }

        if (Sent())
        {
            Send();
        }
    }

    /// <summary>Returns whether more has gathered.</summary>
    private bool Sent()
    {
        bool uncongested;
        bool more;
        lock (_gate)
        {
            _sending = false;
            if (_connection.Streams.Count_NeedsLock == 0)
            {
                ReleaseBuffers_NeedsLock();
            }
            else
            {
                _leaving.Clear();
            }

            bool hasRoom = _gathering.Count < Http2Limits.PendingOutputBytes;
            if (hasRoom)
            {
                WakeWriters_NeedsLock();
            }

            uncongested = hasRoom && _congested;
            _congested &= !hasRoom;
            more = _gathering.Count > 0 && !_stopped && !_flushIsDue;
        }

        if (uncongested)
        {
            _connection.Lifetime.TellUncongested();
        }

        return more;
    }

    private void WakeWriters_NeedsLock()
    {
        foreach (Http2Stream stream in _waitForRoom)
        {
            stream.WriteSignal.Set_NeedsLock();
        }

        _waitForRoom.Clear();
    }

    /// <summary>Nor one that sends data for ever, and reads none of the window updates that allow it to.</summary>
    private void CountControl_NeedsLock()
    {
        _controlBytes += FrameHeader.Size + 4;
        _controlOverflows |= _controlBytes > Http2Limits.PendingControlBytes;
    }

    /// <summary>A peer that makes us owe it answers and does not read them must not make us keep them all.</summary>
    private void CountAcknowledgement_NeedsLock()
    {
        if (++_acknowledgements > Http2Limits.PendingAcknowledgements)
        {
            throw new Http2ConnectionException(
                Http2ErrorCode.EnhanceYourCalm,
                $"the server does not read, and more than {Http2Limits.PendingAcknowledgements} acknowledgements wait for it");
        }
    }

    /// <summary>
    /// The gate held, and the one way to append frames. Its end leaves the gate and then flushes what nobody else is about to send: what
    /// comes behind it may block, wait or send another request.
    /// </summary>
    internal readonly ref struct FrameScope
    {
        private readonly Http2Output _output;

        public FrameScope(Http2Output output)
        {
            output._gate.Enter();
            _output = output;
        }

        /// <summary>Where the next frame will be in all that is sent.</summary>
        public long Position => _output.HandedOver_NeedsLock + _output._gathering.Count;

        /// <summary>Whether so much waits to be sent that the content of a request has to wait.</summary>
        public bool IsFull => _output._gathering.Count >= Http2Limits.PendingOutputBytes;

        /// <summary>Whether so much waits to be sent that no request can be begun.</summary>
        public bool IsFullForRequests => _output._gathering.Count >= Http2Limits.PendingRequestBytes;

        /// <summary>
        /// Whether others are likely to add frames at once, so that sending is put off for a moment. It always is when the stream is not
        /// ours.
        /// </summary>
        public void ExpectMore(bool more) => _output._gathersMore = more;

        /// <summary>What a client says first (RFC 9113 §3.4).</summary>
        public void Preface() => _output._gathering.Write(FrameWriter.Preface);

        public void Settings(params ReadOnlySpan<(SettingId Id, uint Value)> settings) =>
            FrameWriter.Settings(_output._gathering, settings);

        /// <exception cref="Http2ConnectionException">The peer does not read them.</exception>
        public void SettingsAck()
        {
            FrameWriter.SettingsAck(_output._gathering);
            _output.CountAcknowledgement_NeedsLock();
        }

        public void Ping(ulong data) => FrameWriter.Ping(_output._gathering, data, ack: false);

        /// <exception cref="Http2ConnectionException">The peer does not read them.</exception>
        public void PingAck(ulong data)
        {
            FrameWriter.Ping(_output._gathering, data, ack: true);
            _output.CountAcknowledgement_NeedsLock();
        }

        /// <summary>No request can be begun until what gathers has been sent.</summary>
        public void Congest() => _output._congested = true;

        public void WindowUpdate(int streamId, int increment)
        {
            FrameWriter.WindowUpdate(_output._gathering, streamId, increment);
            _output.CountControl_NeedsLock();
        }

        public void RstStream(int streamId, Http2ErrorCode code)
        {
            FrameWriter.RstStream(_output._gathering, streamId, code);
            _output.CountControl_NeedsLock();
        }

        public void Data(int streamId, ReadOnlySpan<byte> data, bool endStream) =>
            FrameWriter.Data(_output._gathering, streamId, data, endStream);

        public void Headers(RequestFields fields, HpackEncoder encoder, int streamId, bool endStream)
        {
            int start = HeaderBlockWriter.Begin(_output._gathering);
            fields.EncodeTo(_output._gathering, encoder);
            HeaderBlockWriter.End(_output._gathering, start, streamId, endStream);
        }

        /// <summary>The writer of a body waits until what gathers has been sent.</summary>
        public void WaitForRoom(Http2Stream stream) => _output._waitForRoom.Add(stream);

        /// <summary>What has gathered is not sent.</summary>
        public void Drop() => _output._gathering.Clear();

        public void Dispose() => _output.Leave();
    }

    /// <summary>Requests wait for a server that does not read.</summary>
    private sealed class CongestionWatch(Http2Output output) : Deadline
    {
        private long _since;

        public void Begin()
        {
            lock (output._gate)
            {
                _since = output.HandedOver_NeedsLock;
            }
        }

        protected override void OnExpired()
        {
            bool stuck;
            lock (output._gate)
            {
                if (!output._congested || output._stopped)
                {
                    return;
                }

                stuck = _since == output.HandedOver_NeedsLock;
            }

            if (stuck)
            {
                output.Leave($"{Http2Limits.PendingRequestBytes} bytes have waited for {Http2Limits.UnreadOutput.TotalSeconds:0} s");
            }
            else
            {
                output.WatchCongestion();
            }
        }
    }
}
