using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Warmwire.Buffers;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http2.Hpack;
using Warmwire.Runtime;
using Warmwire.Sockets;

namespace Warmwire.Http2;

/// <summary>The flow that reads a connection: bytes into frames, frames to what they concern (RFC 9113 §4, §6). It ends with the connection.</summary>
internal sealed class Http2Reader
{
#if DEBUG
    // So that every test meets frames in pieces.
    private const int FirstBufferBytes = 16;
#else
    private const int FirstBufferBytes = Http2Limits.ReceiveBufferBytes;
#endif

    private readonly Http2Connection _connection;
    private readonly Stream _stream;
    private readonly bool _zeroByteReads;
    private readonly HpackDecoder _decoder = new();
    private readonly ResponseFields _fields;
    private readonly FieldBlock _block;

    private readonly List<Http2Stream> _answered = [];
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _bufferSize = FirstBufferBytes;
    private bool _settingsCame;

    public Http2Reader(Http2Connection connection, DialedStream dialed)
    {
        _connection = connection;
        _stream = dialed.Stream;
        _zeroByteReads = dialed.SupportsZeroByteReads;
        _fields = new ResponseFields(connection.Services.Settings);
        _block = new FieldBlock(connection.Services.Settings.MaxResponseHeadersBytes);
    }

    public void Start() => _ = Detached.Run(this, 0, static (reader, _) => reader.RunAsync());

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                if (_start == _end && _zeroByteReads && _connection.TryRest())
                {
                    // At rest it holds no buffer.
                    ReleaseBuffer();
                    await _stream.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                }

                MakeRoom();
                int room = _buffer.Length - _end;
                int read = await _stream.ReadAsync(_buffer.AsMemory(_end)).ConfigureAwait(false);
                if (read == 0)
                {
                    _connection.ServerClosed();
                    return;
                }

                _end += read;
                if (read == room && _bufferSize < Http2Limits.MaxReceiveBufferBytes)
                {
                    _bufferSize = Math.Min(_bufferSize * 2, Http2Limits.MaxReceiveBufferBytes);
                }

                _connection.Health.Heard();
                while (TryTakeFrame())
                {
                }

                HandOver();
                if (_connection.IsClosed)
                {
                    return;
                }
            }
        }
        catch (Http2ConnectionException e)
        {
            _connection.Broken(e);
        }
        catch (HpackException e)
        {
            _connection.Broken(new Http2ConnectionException(Http2ErrorCode.CompressionError, e.Message));
        }
        catch (Exception e)
        {
            _connection.ReadFailed(e);
        }
        finally
        {
            // Nothing reads into it any more.
            ReleaseBuffer();
            HandOver();
        }
    }

    /// <summary>Responses are handed over behind all that came in one read, because that most often has their bodies.</summary>
    private void HandOver()
    {
        foreach (Http2Stream stream in _answered)
        {
            DeferredWork.Run(stream);
        }

        _answered.Clear();
    }

    // ---- The buffer -------------------------------------------------------------------------------------------------

    /// <summary>Room for the rest of a frame that has begun, or for whatever comes.</summary>
    private void MakeRoom()
    {
        int unread = _end - _start;
        int needed = Math.Max(_bufferSize, unread + 1);
        if (unread >= FrameHeader.Size)
        {
            needed = Math.Max(needed, FrameHeader.Size + new FrameHeader(_buffer.AsSpan(_start)).Length);
        }

        if (_buffer.Length < needed)
        {
            byte[] larger = BufferPool.Shared.Rent(needed);
            _buffer.AsSpan(_start, unread).CopyTo(larger);
            ReleaseBuffer();
            _buffer = larger;
        }
        else if (unread > 0 && _start > 0)
        {
            _buffer.AsSpan(_start, unread).CopyTo(_buffer);
        }

        _start = 0;
        _end = unread;
    }

    private void ReleaseBuffer()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _start = _end = 0;
        if (buffer.Length > 0)
        {
            BufferPool.Shared.Return(buffer);
        }
    }

    // ---- Frames -----------------------------------------------------------------------------------------------------

    private bool TryTakeFrame()
    {
        ReadOnlySpan<byte> unread = _buffer.AsSpan(_start, _end - _start);
        if (unread.Length < FrameHeader.Size)
        {
            return false;
        }

        var header = new FrameHeader(unread);
        if (header.Length > Http2Limits.FrameBytes)
        {
            // Before it is read: the length is all there is to know (RFC 9113 §4.2). A server that speaks HTTP/1.1 is found out here too.
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"a frame of {header.Length} bytes, more than {Http2Limits.FrameBytes}");
        }

        if (!_settingsCame && (header.Type != FrameType.Settings || header.Has(FrameFlags.EndStreamOrAck)))
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"the server's first frame is {header.Type} and not SETTINGS (RFC 9113 §3.4)");
        }

        if (unread.Length < FrameHeader.Size + header.Length)
        {
            return false;
        }

        _start += FrameHeader.Size + header.Length;
        Take(header, unread.Slice(FrameHeader.Size, header.Length));
        return true;
    }

    private void Take(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (_block.StreamId != 0 && (header.Type != FrameType.Continuation || header.StreamId != _block.StreamId))
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"{header.Type} in the middle of a header block (RFC 9113 §6.10)");
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
                RequireLength(header, 4);
                _connection.WindowUpdate(header.StreamId, BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue);
                break;
            case FrameType.RstStream:
                RequireStream(header);
                RequireLength(header, 4);
                _connection.PeerReset(header.StreamId, (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload));
                break;
            case FrameType.Ping:
                Ping(header, payload);
                break;
            case FrameType.GoAway:
                GoAway(header, payload);
                break;
            case FrameType.Priority:
                // RFC 9113 §5.3.2: priorities have no meaning any more, but a form.
                RequireStream(header);
                RequireLength(header, 5);
                _connection.Floods.Count(FloodKind.Ignored);
                break;
            case FrameType.PushPromise:
                throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "PUSH_PROMISE, although pushes are disabled (RFC 9113 §6.6)");
            default:
                // RFC 9113 §5.5: unknown types are ignored.
                _connection.Floods.Count(FloodKind.Ignored);
                break;
        }
    }

    private void Data(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        RequireStream(header);
        ReadOnlySpan<byte> data = WithoutPadding(header, payload);
        bool endStream = header.Has(FrameFlags.EndStreamOrAck);
        if (data.IsEmpty && !endStream)
        {
            _connection.Floods.Count(FloodKind.EmptyData);
        }

        if (_connection.TakeData(header.StreamId, header.Length, out bool passed) is not { } stream)
        {
            return;
        }

        _connection.Health.HeardOfExchange();
        if (passed)
        {
            _connection.FailStream(stream, HttpRequestError.HttpProtocolError, Http2ErrorCode.FlowControlError, Http2ErrorTexts.StreamWindowPassed);
            return;
        }

        // Padding is read by nobody, so its credit goes back from here.
        _connection.Consumed(stream, header.Length - data.Length);
        string? wrong = stream.State is Http2StreamState.HalfClosedRemote ? Http2ErrorTexts.FrameAfterEnd
            : !stream.HasHead ? Http2ErrorTexts.DataBeforeHead
            : stream.TakeData(data, endStream);
        if (wrong is not null)
        {
            _connection.FailStream(stream, HttpRequestError.InvalidResponse, Http2ErrorCode.ProtocolError, wrong);
        }
        else if (endStream)
        {
            End(stream);
        }
    }

    private void Headers(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        RequireStream(header);
        ReadOnlySpan<byte> fragment = WithoutPadding(header, payload);
        if (header.Has(FrameFlags.Priority))
        {
            if (fragment.Length < 5)
            {
                throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, "HEADERS is too short for its priority (RFC 9113 §6.2)");
            }

            fragment = fragment[5..];
        }

        _connection.Find(header.StreamId, header.Type);
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
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "CONTINUATION without a header block that goes on (RFC 9113 §6.10)");
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
        Http2Stream? stream = _connection.Find(streamId, FrameType.Headers);
        Attempt? attempt = stream?.Attempt;
        if (stream is null || (attempt is null && !stream.HasHead))
        {
            // Nobody waits for it, but the tables go on with it.
            _connection.Floods.Count(FloodKind.GoneStream);
            _fields.Skip(_decoder, block);
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
            UserCode.Tell(attempt.Settings.Trace?.GotFirstResponseByte);
        }

        _fields.ReadHead(_decoder, block, _connection, attempt, stream.FieldBytesLeft);
        string? wrong = _fields.Error ?? stream.TakeHead(_fields, endStream);
        bool final = _fields.Status >= 200;
        string? setting = _fields.ErrorSetting;
        HttpRequestException? failure = _fields.Failure;
        _fields.Clear();
        if (failure is not null)
        {
            _connection.FailStream(stream, failure);
        }
        else if (wrong is not null)
        {
            _connection.FailStream(stream, HttpRequestError.InvalidResponse, setting is null ? Http2ErrorCode.ProtocolError : Http2ErrorCode.Cancel, wrong, setting);
        }
        else if (final)
        {
            _connection.Floods.Earn(FloodKind.Reset, Http2Limits.ResetsPerResponse);
            if (endStream)
            {
                End(stream);
            }

            _answered.Add(stream);
        }
    }

    private void Trailers(Http2Stream stream, bool endStream, ReadOnlySpan<byte> block)
    {
        _fields.ReadTrailers(_decoder, block, stream.Request, stream.FieldBytesLeft);
        string? wrong = _fields.Error
            ?? (stream.State is Http2StreamState.HalfClosedRemote ? Http2ErrorTexts.FrameAfterEnd
            : !endStream ? Http2ErrorTexts.TrailersWithoutEnd
            : stream.TakeTrailers(_fields));
        string? setting = _fields.ErrorSetting;
        HttpRequestException? failure = _fields.Failure;
        _fields.Clear();
        if (failure is not null)
        {
            _connection.FailStream(stream, failure);
        }
        else if (wrong is not null)
        {
            _connection.FailStream(stream, HttpRequestError.InvalidResponse, setting is null ? Http2ErrorCode.ProtocolError : Http2ErrorCode.Cancel, wrong, setting);
        }
        else
        {
            End(stream);
        }
    }

    /// <summary>The response is complete. Its place is free before the caller sees the end.</summary>
    private void End(Http2Stream stream)
    {
        _connection.RemoteEnded(stream);
        stream.Inbox.End();
    }

    private void Settings(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.StreamId != 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "SETTINGS on a stream (RFC 9113 §6.5)");
        }

        if (header.Has(FrameFlags.EndStreamOrAck) ? header.Length != 0 : header.Length % 6 != 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"SETTINGS of {header.Length} bytes (RFC 9113 §6.5)");
        }

        if (header.Has(FrameFlags.EndStreamOrAck))
        {
            _connection.Health.SettingsAcknowledged();
            return;
        }

        _settingsCame = true;
        _connection.Floods.Count(FloodKind.Settings);
        _connection.Settings(payload);
    }

    private void Ping(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        RequireConnection(header);
        RequireLength(header, 8);
        ulong data = BinaryPrimitives.ReadUInt64BigEndian(payload);
        _connection.Floods.Count(FloodKind.Ping);
        if (header.Has(FrameFlags.EndStreamOrAck))
        {
            _connection.Health.PingAnswered(data);
        }
        else
        {
            _connection.AnswerPing(data);
        }
    }

    private void GoAway(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        RequireConnection(header);
        if (payload.Length < 8)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"GOAWAY of {payload.Length} bytes (RFC 9113 §6.8)");
        }

        _connection.Floods.Count(FloodKind.Settings);
        _connection.GoAway(
            (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue),
            (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]),
            payload.Length == 8 ? "" : WireText.Show(payload[8..]));
    }

    /// <summary>RFC 9113 §6.1: a byte with the length of what stands behind, if the flag says so.</summary>
    private static ReadOnlySpan<byte> WithoutPadding(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!header.Has(FrameFlags.Padded))
        {
            return payload;
        }

        if (payload.IsEmpty)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"{header.Type} is too short for its padding");
        }

        int padding = payload[0];
        return padding < payload.Length
            ? payload[1..^padding]
            : throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"{header.Type} has more padding than payload (RFC 9113 §6.1)");
    }

    private static void RequireStream(in FrameHeader header)
    {
        if (header.StreamId == 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"{header.Type} without a stream");
        }
    }

    private static void RequireConnection(in FrameHeader header)
    {
        if (header.StreamId != 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"{header.Type} on a stream");
        }
    }

    private static void RequireLength(in FrameHeader header, int length)
    {
        if (header.Length != length)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"{header.Type} of {header.Length} bytes and not {length}");
        }
    }
}
