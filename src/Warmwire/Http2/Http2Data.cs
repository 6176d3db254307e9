using Warmwire.Diagnostics;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>The DATA of a connection, both ways, and the windows that hold it up (RFC 9113 §5.2, §6.1, §6.9).</summary>
internal sealed class Http2Data
{
    // Immutable.
    private readonly Http2Connection _connection;

    // Guarded by the gate.
    private readonly Http2SendWindows _sendWindows = new();
    private readonly Http2ReceiveWindows _receiveWindows;

    // Written under the gate, read without.
    private long _windowStalls;

    public Http2Data(Http2Connection connection)
    {
        _connection = connection;
        _receiveWindows = new Http2ReceiveWindows(connection.Services.Settings.InitialHttp2StreamWindowSize, connection.OpenedAt);
    }

    /// <summary>How often a request's body had to wait for a window.</summary>
    public long WindowStalls => Interlocked.Read(ref _windowStalls);

    private Http2Output Output => _connection.Output;

    private Http2Streams Streams => _connection.Streams;

    private TimeProvider Time => _connection.Services.Time;

    // ---- Sending ----------------------------------------------------------------------------------------------------

    /// <summary>Takes as much of the data as the windows and the output allow.</summary>
    /// <returns>What to wait for before the rest is tried.</returns>
    /// <exception cref="OperationCanceledException">The exchange was cancelled or answered: the rest is not wanted.</exception>
    /// <exception cref="IOException">The exchange has failed.</exception>
    public ValueTask Send(Http2Upload upload, ref ReadOnlyMemory<byte> data)
    {
        Http2Stream stream = upload.Stream;
        ValueTask room = default;
        bool over = false;
        int count = 0;
        using (Http2Output.FrameScope frames = Output.Enter())
        {
            if (upload.IsStopped || !stream.MaySend)
            {
                throw upload.StoppedError();
            }

            while (!data.IsEmpty)
            {
                if (frames.IsFull)
                {
                    frames.WaitForRoom(stream);
                    break;
                }

                int credit = _sendWindows.Take(stream, Math.Min(data.Length, Http2Limits.FrameBytes));
                if (credit == 0)
                {
                    _windowStalls++;
                    break;
                }

                bool last = upload.Advance_NeedsLock(credit);
                frames.Data(stream.Id, data.Span[..credit], last);
                count++;
                data = data[credit..];
                if (last)
                {
                    upload.Ended_NeedsLock();
                    over |= Streams.LocalEnded_NeedsLock(stream);
                }
            }

            if (data.IsEmpty)
            {
                // Nobody knows when the content goes on: what it was given in turn must not stay with it while others wait.
                _sendWindows.Return(stream);
            }
            else
            {
                room = stream.WriteSignal.Arm_NeedsLock();
            }

            frames.ExpectMore(Streams.Count_NeedsLock > 1);
        }

        _connection.Floods.Earn(FloodKind.WindowUpdate, count * Http2Limits.WindowUpdatesPerData);
        _connection.Floods.Earn(FloodKind.Ping, count * Http2Limits.PingsPerFrame);
        if (over)
        {
            Streams.EndSlot(stream);
        }

        return room;
    }

    /// <summary>The content has written all it has.</summary>
    public void EndRequest(Http2Upload upload)
    {
        Http2Stream stream = upload.Stream;
        bool over;
        using (Http2Output.FrameScope frames = Output.Enter())
        {
            if (!stream.MaySend)
            {
                return;
            }

            frames.Data(stream.Id, [], endStream: true);
            upload.Ended_NeedsLock();
            over = Streams.LocalEnded_NeedsLock(stream);
            frames.ExpectMore(Streams.Count_NeedsLock > 1);
        }

        if (over)
        {
            Streams.EndSlot(stream);
        }
    }

    /// <summary>The stream sends no more: what it was given of the connection's window is for others.</summary>
    public void SendsNoMore_NeedsLock(Http2Stream stream) => _sendWindows.Leave(stream);

    /// <summary>WINDOW_UPDATE for the connection.</summary>
    /// <exception cref="Http2ConnectionException">The increment is 0, or makes the window too large.</exception>
    public void GrowSendWindow_NeedsLock(int increment)
    {
        if (increment == 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "WINDOW_UPDATE of 0 for the connection");
        }

        _sendWindows.Grow(increment);
    }

    /// <summary>RFC 9113 §6.9.2: a changed initial window holds for the streams that are open as well.</summary>
    /// <exception cref="Http2ConnectionException">It makes the window of one of them too large.</exception>
    public void InitialWindowChanged_NeedsLock(long change)
    {
        if (change == 0)
        {
            return;
        }

        foreach (Http2Stream stream in Streams.All_NeedsLock)
        {
            if (!Http2SendWindows.Grow(stream, change))
            {
                throw new Http2ConnectionException(
                    Http2ErrorCode.FlowControlError,
                    "SETTINGS_INITIAL_WINDOW_SIZE makes the window of a stream larger than 2^31-1");
            }
        }
    }

    // ---- Receiving --------------------------------------------------------------------------------------------------

    public ReceiveWindow NewReceiveWindow(long now) => _receiveWindows.NewStream(now);

    /// <summary>DATA has come: takes it from the windows.</summary>
    /// <param name="streamId">Its stream.</param>
    /// <param name="length">What counts against the windows: the payload with its padding.</param>
    /// <param name="window">What that leaves of the stream's window.</param>
    /// <returns>The stream, if it is not gone.</returns>
    /// <exception cref="Http2ConnectionException">It was more than the connection's window allows, or those of gone streams.</exception>
    public Http2Stream? Came(int streamId, int length, out ReceiveWindowUse window)
    {
        using Http2Output.FrameScope frames = Output.Enter();
        Http2Stream? stream = Streams.Find_NeedsLock(streamId, FrameType.Data);
        int credit = _receiveWindows.Came(length);
        if (credit > 0)
        {
            frames.WindowUpdate(0, credit);
        }

        if (stream is null)
        {
            _receiveWindows.CameLate(length);
        }

        window = stream is null ? ReceiveWindowUse.Open : stream.Window.Take(length);
        return stream;
    }

    /// <summary>The caller has read so much, or it was padding: the server may send as much again.</summary>
    public void Consumed(Http2Stream stream, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        using Http2Output.FrameScope frames = Output.Enter();
        if (!stream.MayReceive)
        {
            return; // it sends no more
        }

        int credit = _receiveWindows.Read(stream, bytes, Time, _connection.Health.RoundTripStamps);
        if (credit > 0)
        {
            frames.WindowUpdate(stream.Id, credit);
        }
    }

    /// <summary>The stream receives no more: what its window has grown by is for others.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="isCut">Whether more may be on its way.</param>
    public void ReceivesNoMore_NeedsLock(Http2Stream stream, bool isCut) => _receiveWindows.Closed(stream, isCut);
}
