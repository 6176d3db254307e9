using System.Buffers.Binary;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http2.Hpack;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>
/// Takes whole frames to what they concern, each to its end (RFC 9113 §6), and keeps what is to be done for streams behind the read that
/// brought them. The reading flow's own.
/// </summary>
internal sealed class Http2FrameReceiver
{
    private readonly Http2Connection _connection;
    private readonly HpackDecoder _decoder = new();
    private readonly ResponseFields _fields;
    private readonly FieldBlock _block;

    // Streams with steps that were noted in this read.
    private readonly List<Http2Stream> _noted = [];
    private bool _settingsCame;

    public Http2FrameReceiver(Http2Connection connection)
    {
        _connection = connection;
        _fields = new ResponseFields(connection.Services.Settings);
        _block = new FieldBlock(connection.Services.Settings.MaxResponseHeadersBytes);
    }

    /// <summary>Judges a frame by what is known before it is read.</summary>
    /// <exception cref="Http2ConnectionException">It is too long, or not the first frame there must be.</exception>
    public void Judge(in FrameHeader header)
    {
        if (!_settingsCame && IsHttp1(header))
        {
            throw new Http2ConnectionException(Http2ErrorCode.Http11Required, Http2ErrorTexts.ServerSpeaksHttp1);
        }

        if (header.Length > Http2Limits.FrameBytes)
        {
            // The length is all there is to know (RFC 9113 §4.2).
            throw new Http2ConnectionException(
                Http2ErrorCode.FrameSizeError,
                $"a frame of {header.Length} bytes, more than {Http2Limits.FrameBytes}");
        }

        if (!_settingsCame && (header.Type != FrameType.Settings || header.Has(FrameFlags.EndStreamOrAck)))
        {
            throw new Http2ConnectionException(
                Http2ErrorCode.ProtocolError,
                $"the server's first frame is {header.Type} and not SETTINGS (RFC 9113 §3.4)");
        }
    }

    /// <summary>Whether what should be a frame begins with <c>HTTP/</c>, so the server has answered the preface with HTTP/1.x.</summary>
    private static bool IsHttp1(in FrameHeader header) =>
        header.Length == (('H' << 16) | ('T' << 8) | 'T') && (byte)header.Type == 'P' && (byte)header.Flags == '/';

    /// <exception cref="Http2ConnectionException">It breaks a rule after which the connection cannot go on.</exception>
    public void Take(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (_block.StreamId != 0 && (header.Type != FrameType.Continuation || header.StreamId != _block.StreamId))
        {
            throw new Http2ConnectionException(
                Http2ErrorCode.ProtocolError, $"{header.Type} in the middle of a header block (RFC 9113 §6.10)");
        }

        switch (header.Type)
        {
            case FrameType.Data:
                Data(header, payload);
                break;
            case FrameType.Headers:
                Headers(header, payload);
                break;
            case FrameType.Continuation:
                Continuation(header, payload);
                break;
            case FrameType.Settings:
                Settings(header, payload);
                break;
            case FrameType.WindowUpdate:
                WindowUpdate(header, payload);
                break;
            case FrameType.RstStream:
                RstStream(header, payload);
                break;
            case FrameType.Ping:
                Ping(header, payload);
                break;
            case FrameType.GoAway:
                GoAway(header, payload);
                break;
            case FrameType.Priority:
                Priority(header);
                break;
            case FrameType.PushPromise:
                throw new Http2ConnectionException(
                    Http2ErrorCode.ProtocolError, "PUSH_PROMISE, although pushes are disabled (RFC 9113 §6.6)");
            default:
                // RFC 9113 §5.5: unknown types are ignored.
                _connection.Floods.Count(FloodKind.Ignored);
                break;
        }
    }

    /// <summary>
    /// All frames of a read have been taken: now what was noted for their streams. A response is handed over behind all that came in one
    /// read, because that most often has its body.
    /// </summary>
    public void ReadIsOver()
    {
        foreach (Http2Stream stream in _noted)
        {
            stream.RunNoted();
        }

        _noted.Clear();
    }

    private void Note(Http2Stream stream, StreamSteps steps)
    {
        if (stream.Note(steps))
        {
            _noted.Add(stream);
        }
    }

    // ---- Responses --------------------------------------------------------------------------------------------------

    private void Data(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameRules.RequireStream(header);
        ReadOnlySpan<byte> data = FrameRules.WithoutPadding(header, payload);
        bool endStream = header.Has(FrameFlags.EndStreamOrAck);
        if (data.IsEmpty)
        {
            _connection.Floods.Count(FloodKind.EmptyData);
        }

        if (_connection.Data.Came(header.StreamId, header.Length, out ReceiveWindowUse window) is not { } stream)
        {
            if (header.Length < Http2Limits.SmallDataBytes)
            {
                _connection.Floods.Count(FloodKind.GoneStream);
            }

            _connection.Streams.AnswerLate(header.StreamId);
            return;
        }

        _connection.Health.HeardOfExchange();
        if (window == ReceiveWindowUse.Passed)
        {
            Fail(stream, HttpRequestError.HttpProtocolError, Http2ErrorCode.FlowControlError, Http2ErrorTexts.StreamWindowPassed);
            return;
        }

        // Padding is read by nobody, so its credit goes back from here.
        _connection.Data.Consumed(stream, header.Length - data.Length);
        if (FailBehindEnd(stream))
        {
            return;
        }

        string? wrong = !stream.HasHead ? Http2ErrorTexts.DataBeforeHead
            : stream.TakeData(data, endStream);
        if (wrong is not null)
        {
            Fail(stream, HttpRequestError.InvalidResponse, Http2ErrorCode.ProtocolError, wrong);
        }
        else if (endStream)
        {
            End(stream);
        }
        else if (window == ReceiveWindowUse.UsedUp)
        {
            stream.Upload?.LetResponseGo();
        }
    }

    private void Headers(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameRules.RequireStream(header);
        ReadOnlySpan<byte> fragment = FrameRules.HeaderFragment(header, payload);
        _connection.Streams.Find(header.StreamId, header.Type);
        bool endStream = header.Has(FrameFlags.EndStreamOrAck);
        if (header.Has(FrameFlags.EndHeaders))
        {
            Block(header.StreamId, endStream, fragment);
        }
        else
        {
            _block.Begin(header.StreamId, endStream, fragment);
        }
    }

    private void Continuation(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (_block.StreamId == 0)
        {
            throw new Http2ConnectionException(
                Http2ErrorCode.ProtocolError,
                "CONTINUATION without a header block that goes on (RFC 9113 §6.10)");
        }

        _block.Continue(payload);
        if (header.Has(FrameFlags.EndHeaders))
        {
            Block(header.StreamId, _block.EndStream, _block.Bytes);
            _block.End();
        }
    }

    /// <summary>A whole header block.</summary>
    private void Block(int streamId, bool endStream, ReadOnlySpan<byte> block)
    {
        Http2Stream? stream = _connection.Streams.Find(streamId, FrameType.Headers);
        Attempt? attempt = stream?.Attempt;
        if (stream is null || (attempt is null && !stream.HasHead))
        {
            // Nobody waits for it, but the tables go on with it.
            _connection.Floods.Count(FloodKind.GoneStream);
            _fields.Skip(_decoder, block);
            if (stream is null)
            {
                _connection.Streams.AnswerLate(streamId);
            }

            return;
        }

        _connection.Health.HeardOfExchange();
        if (stream.HasHead)
        {
            Trailers(stream, endStream, block);
            return;
        }

        if (!attempt!.Progress.ResponseStarted)
        {
            attempt.Progress.ResponseStarted = true;
            stream.Trace?.Tell(static (callbacks, _) => UserCode.Tell(callbacks.GotFirstResponseByte), 0);
        }

        _fields.ReadHead(_decoder, block, _connection, attempt, stream.FieldBytesLeft);
        string? wrong = _fields.Error ?? stream.TakeHead(_fields, endStream);
        bool final = _fields.Status >= 200;
        string? setting = _fields.ErrorSetting;
        _fields.Clear();
        if (wrong is not null)
        {
            FailFields(stream, wrong, setting);
        }
        else if (final)
        {
            _connection.Floods.Earn(FloodKind.Reset, Http2Limits.ResetsPerResponse);
            if (endStream)
            {
                End(stream);
            }

            Note(stream, StreamSteps.HandOver);
        }
    }

    private void Trailers(Http2Stream stream, bool endStream, ReadOnlySpan<byte> block)
    {
        _fields.ReadTrailers(_decoder, block, stream.Request, stream.FieldBytesLeft);
        if (FailBehindEnd(stream))
        {
            _fields.Clear();
            return;
        }

        string? wrong = _fields.Error
            ?? (!endStream ? Http2ErrorTexts.TrailersWithoutEnd
            : stream.TakeTrailers(_fields));
        string? setting = _fields.ErrorSetting;
        _fields.Clear();
        if (wrong is not null)
        {
            FailFields(stream, wrong, setting);
        }
        else
        {
            End(stream);
        }
    }

    /// <summary>The response is complete. Its slot is free before the caller sees the end.</summary>
    private void End(Http2Stream stream)
    {
        bool over = _connection.Streams.RemoteEnded(stream);
        Note(stream, over ? StreamSteps.EndSlot | StreamSteps.EndBody : StreamSteps.EndBody);
        if (!over)
        {
            stream.Upload?.ResponseEnded();
        }
    }

    /// <summary>RFC 9113 §5.1, §6.1: behind END_STREAM there is neither DATA nor HEADERS.</summary>
    private bool FailBehindEnd(Http2Stream stream)
    {
        bool isBehind = stream.State is Http2StreamState.HalfClosedRemote;
        if (isBehind)
        {
            Fail(stream, HttpRequestError.InvalidResponse, Http2ErrorCode.StreamClosed, Http2ErrorTexts.FrameAfterEnd);
        }

        return isBehind;
    }

    private void FailFields(Http2Stream stream, string wrong, string? setting) =>
        Fail(
            stream,
            HttpRequestError.InvalidResponse,
            setting is null ? Http2ErrorCode.ProtocolError : Http2ErrorCode.Cancel,
            wrong,
            setting);

    private void Fail(Http2Stream stream, HttpRequestError error, Http2ErrorCode code, string what, string? setting = null)
    {
        if (_connection.Streams.Fail(stream, error, code, what, setting))
        {
            Note(stream, StreamSteps.EndSlot);
        }
    }

    /// <summary>RFC 9113 §5.3.2: priorities have no meaning any more, but a form.</summary>
    private void Priority(in FrameHeader header)
    {
        FrameRules.RequireStream(header);
        _connection.Floods.Count(FloodKind.Ignored);

        // RFC 9113 §6.3: an error of its stream. One that is not open yet cannot be reset (§6.4).
        if (header.Length != 5 && _connection.Streams.Find(header.StreamId, header.Type) is { } stream)
        {
            string wrong = Http2ErrorTexts.PriorityOfWrongSize(header.Length);
            Fail(stream, HttpRequestError.HttpProtocolError, Http2ErrorCode.FrameSizeError, wrong);
        }
    }

    private void RstStream(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameRules.RequireStream(header);
        FrameRules.RequireLength(header, 4);
        var code = (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload);
        if (_connection.Streams.PeerReset(header.StreamId, code, out bool isFlood) is { } stream)
        {
            Note(stream, StreamSteps.EndSlot);
        }

        if (isFlood)
        {
            // Each costs the server one frame and us a whole request.
            _connection.Floods.Count(FloodKind.Reset);
        }
    }

    // ---- The connection ---------------------------------------------------------------------------------------------

    private void WindowUpdate(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameRules.RequireLength(header, 4);
        int increment = BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
        Http2Stream? wrong = _connection.Control.WindowUpdate(header.StreamId, increment);
        _connection.Floods.Count(FloodKind.WindowUpdate);
        if (wrong is not null)
        {
            Fail(
                wrong,
                HttpRequestError.HttpProtocolError,
                increment == 0 ? Http2ErrorCode.ProtocolError : Http2ErrorCode.FlowControlError,
                increment == 0 ? Http2ErrorTexts.WindowUpdateOfZero : Http2ErrorTexts.WindowTooLarge);
        }
    }

    private void Settings(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameRules.RequireSettings(header);
        if (header.Has(FrameFlags.EndStreamOrAck))
        {
            _connection.Health.SettingsAcknowledged();
            return;
        }

        _settingsCame = true;
        _connection.Floods.Count(FloodKind.Settings);
        _connection.Control.Settings(payload);
    }

    private void Ping(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameRules.RequireConnection(header);
        FrameRules.RequireLength(header, 8);
        ulong data = BinaryPrimitives.ReadUInt64BigEndian(payload);
        _connection.Floods.Count(FloodKind.Ping);
        if (header.Has(FrameFlags.EndStreamOrAck))
        {
            _connection.Health.PingAnswered(data);
        }
        else
        {
            _connection.Control.AnswerPing(data);
        }
    }

    private void GoAway(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameRules.RequireConnection(header);
        if (payload.Length < 8)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"GOAWAY of {payload.Length} bytes (RFC 9113 §6.8)");
        }

        _connection.Floods.Count(FloodKind.Settings);
        _connection.Lifetime.GoAway(
            (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue),
            (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]),
            payload.Length == 8 ? "" : WireText.Show(payload[8..]));
    }
}
