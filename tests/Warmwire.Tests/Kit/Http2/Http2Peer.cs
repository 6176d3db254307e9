using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace Warmwire.Tests.Kit.Http2;

/// <summary>
/// The server of one HTTP/2 connection, played by the test frame by frame. It reads only while the test waits for something, then answers
/// SETTINGS and PING by itself and keeps for later what nobody has asked for yet. Whatever it reads it also judges: sizes, windows, stream
/// ids and header blocks of the client have to be right. Every wait is guarded and fails with the frames of both sides.
/// </summary>
/// <remarks>It uses nothing of the library's own HTTP/2 code, so that a misunderstanding there does not find its twin here.</remarks>
internal sealed class Http2Peer
{
    private const int LoggedFrames = 60;
    private const uint MinMaxFrameSize = 16384;

    private static readonly byte[] s_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private readonly Stream _stream;
    private readonly Lock _gate = new();
    private readonly Queue<string> _log = new();
    private readonly List<PeerFrame> _waiting = [];
    private readonly Queue<(PeerSetting Setting, uint Value)[]> _unacknowledged = new();
    private readonly HpackReader _hpack = new();
    private readonly List<byte> _block = [];
    private Task _lastWrite = Task.CompletedTask;
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private PeerFrame? _openBlock;
    private int _lastStreamId;
    private uint _maxFrameSize = MinMaxFrameSize;
    private ulong _roundTrips = 0x7e57_0000_0000;

    public Http2Peer(PeerEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        End = end;
        _stream = end.Stream;
    }

    /// <summary>The transport, for what is not in the script.</summary>
    public PeerEnd End { get; }

    public Task ClientClosed => End.ClientClosed;

    /// <summary>Whether PINGs are answered while the peer reads. If not, they wait for <see cref="ExpectPingAsync"/>.</summary>
    public bool AnswersPings { get; set; } = true;

    /// <summary>Whether the client's DATA is paid back at once, on its stream and the connection, when it is read.</summary>
    public bool GivesCredit { get; set; } = true;

    /// <summary>Whether each acknowledgement has to belong to SETTINGS of ours; not so when they were sent as raw bytes.</summary>
    public bool MatchesAcknowledgements { get; set; } = true;

    /// <summary>Every setting the client has sent, the latest value of each.</summary>
    public Dictionary<PeerSetting, uint> ClientSettings { get; } = [];

    /// <summary>How many SETTINGS of ours the client has acknowledged.</summary>
    public int SettingsAcknowledged { get; private set; }

    /// <summary>What the client has pinged with.</summary>
    public List<ulong> Pings { get; } = [];

    /// <summary>What the client has answered to our pings.</summary>
    public List<ulong> PingAnswers { get; } = [];

    /// <summary>The WINDOW_UPDATEs of the client, in order.</summary>
    public List<(int StreamId, int Increment)> WindowUpdates { get; } = [];

    /// <summary>What we may send.</summary>
    public PeerWindows SendWindows { get; } = new();

    /// <summary>What the client may send.</summary>
    public PeerWindows ReceiveWindows { get; } = new();

    /// <summary>How large a header table the client says that it uses.</summary>
    public int HeaderTableSize => _hpack.Table.Limit;

    /// <summary>The frames that were read and that nobody has asked for.</summary>
    public IReadOnlyList<PeerFrame> Waiting => _waiting;

    /// <summary>Reads the client's preface and first SETTINGS, sends these of ours, and acknowledges the client's.</summary>
    public async Task HandshakeAsync(params (PeerSetting Setting, uint Value)[] settings)
    {
        await ReadPrefaceAsync();
        await SendSettingsAsync(settings);
        await AcknowledgeSettingsAsync();
    }

    /// <summary>Reads the client's preface and its SETTINGS, which must come first (RFC 9113 §3.4).</summary>
    public async Task ReadPrefaceAsync()
    {
        await FillAsync(s_preface.Length, "the preface");
        Assert.Equal(s_preface, Take(s_preface.Length));
        PeerFrame first = await ReadFrameAsync();
        Assert.Equal((FrameType.Settings, false), (first.Type, first.IsAck));
    }

    /// <summary>The next frame, whatever it is, unanswered; those put aside come first.</summary>
    public async Task<PeerFrame> ReadFrameAsync()
    {
        if (_waiting.Count > 0)
        {
            PeerFrame frame = _waiting[0];
            _waiting.RemoveAt(0);
            return frame;
        }

        return await ArrivingFrameAsync("a frame") ?? throw Ended("a frame");
    }

    /// <summary>The next request's head. Its body stays for <see cref="ReadBodyAsync"/>.</summary>
    public async Task<PeerRequest> ReadRequestAsync()
    {
        PeerFrame head = await NextAsync(frame => frame.Type == FrameType.Headers && frame.StreamId > 0, "a request");
        return new PeerRequest(head.StreamId, head.Fields!, head.EndStream);
    }

    /// <summary>The body of a request to its end; trailers are in <see cref="ReadBodyAndTrailersAsync"/>.</summary>
    public async Task<byte[]> ReadBodyAsync(int streamId) => (await ReadBodyAndTrailersAsync(streamId)).Body;

    public async Task<(byte[] Body, IReadOnlyList<(string Name, string Value)> Trailers)> ReadBodyAndTrailersAsync(int streamId)
    {
        var body = new List<byte>();
        while (true)
        {
            PeerFrame frame = await NextAsync(
                frame => frame.StreamId == streamId && frame.Type is FrameType.Data or FrameType.Headers
                    or FrameType.RstStream, $"the body of stream {streamId}");
            Assert.True(frame.Type != FrameType.RstStream, $"The client gave up its upload: {frame}");
            if (frame.Type == FrameType.Data)
            {
                body.AddRange(frame.Content);
            }

            if (frame.EndStream)
            {
                return (body.ToArray(), frame.Fields ?? []);
            }
        }
    }

    /// <summary>The next piece of a body.</summary>
    public Task<PeerFrame> ReadDataAsync(int streamId) =>
        NextAsync(frame => frame.StreamId == streamId && frame.Type == FrameType.Data, $"DATA on stream {streamId}");

    public Task SendAsync(params PeerFrame[] frames)
    {
        foreach (PeerFrame frame in frames)
        {
            Log(">", frame);
        }

        return SendRawAsync(frames.Length == 1 ? frames[0].ToBytes() : [.. frames.SelectMany(frame => frame.ToBytes())]);
    }

    public Task SendFrameAsync(FrameType type, byte flags, int streamId, params byte[] payload) =>
        SendAsync(new PeerFrame(type, flags, streamId, payload));

    public Task SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            return _lastWrite = WriteAfterAsync(_lastWrite, bytes);
        }
    }

    public Task SendSettingsAsync(params (PeerSetting Setting, uint Value)[] settings)
    {
        // The client may use more at once, but has to keep to less only from its acknowledgement on.
        foreach ((PeerSetting setting, uint value) in settings)
        {
            Apply(setting, value, growingOnly: true);
        }

        _unacknowledged.Enqueue(settings);
        return SendAsync(PeerFrame.Settings(settings));
    }

    public Task AcknowledgeSettingsAsync() => SendFrameAsync(FrameType.Settings, FrameFlags.Ack, 0);

    public Task SendHeadersAsync(
        int streamId, IEnumerable<(string Name, string Value)> fields, bool endStream = false, HeaderFraming? framing = null) =>
        SendBlockAsync(streamId, HpackWriter.Block(fields), endStream, framing);

    /// <summary>A header block of the test's own making.</summary>
    public Task SendBlockAsync(int streamId, byte[] block, bool endStream = false, HeaderFraming? framing = null) =>
        SendAsync([.. (framing ?? new HeaderFraming()).Cut(streamId, block, endStream)]);

    /// <summary>A head with a status and perhaps more.</summary>
    public Task SendHeadAsync(int streamId, int status, params (string Name, string Value)[] fields) =>
        SendHeadersAsync(streamId, [(":status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)), .. fields]);

    public Task SendTrailersAsync(int streamId, params (string Name, string Value)[] fields) =>
        SendHeadersAsync(streamId, fields, endStream: true);

    public Task SendDataAsync(int streamId, string text, bool endStream = false, byte? padding = null) =>
        SendDataAsync(streamId, Encoding.Latin1.GetBytes(text), endStream, padding);

    /// <summary>One DATA frame, whether or not there is a window for it.</summary>
    public Task SendDataAsync(int streamId, byte[] data, bool endStream = false, byte? padding = null)
    {
        byte flags = endStream ? FrameFlags.EndStream : FrameFlags.None;
        if (padding is byte length)
        {
            flags |= FrameFlags.Padded;
            data = [length, .. data, .. new byte[length]];
        }

        SendWindows.Take(streamId, data.Length);
        return SendAsync(new PeerFrame(FrameType.Data, flags, streamId, data));
    }

    /// <summary>A body of any length, frame by frame, as the client's windows allow.</summary>
    public async Task SendBodyAsync(int streamId, ReadOnlyMemory<byte> body, bool endStream = true)
    {
        do
        {
            await PumpUntilAsync(() => Room() > 0 || body.IsEmpty, $"a window for the body of stream {streamId}");
            int count = (int)Math.Min(Math.Min(Room(), MinMaxFrameSize), body.Length);
            bool last = count == body.Length;
            await SendDataAsync(streamId, body[..count].ToArray(), endStream && last);
            body = body[count..];
        }
        while (!body.IsEmpty);

        long Room() => Math.Min(SendWindows[0], SendWindows[streamId]);
    }

    /// <summary>As much of a body as the windows take now; how much that was.</summary>
    public async Task<int> SendDataUpToWindowAsync(int streamId, ReadOnlyMemory<byte> body)
    {
        int room = (int)Math.Min(Math.Min(SendWindows[0], SendWindows[streamId]), body.Length);
        for (int at = 0; at < room; at += (int)MinMaxFrameSize)
        {
            await SendDataAsync(streamId, body[at..Math.Min(room, at + (int)MinMaxFrameSize)].ToArray());
        }

        return room;
    }

    public Task SendRstAsync(int streamId, Http2ErrorCode code) => SendAsync(PeerFrame.Rst(streamId, code));

    public Task SendGoAwayAsync(int lastStreamId, Http2ErrorCode code = Http2ErrorCode.NoError, string debug = "") =>
        SendAsync(PeerFrame.GoAway(lastStreamId, code, Encoding.Latin1.GetBytes(debug)));

    public Task SendPingAsync(ulong opaque = 1) => SendAsync(PeerFrame.Ping(opaque));

    public Task AnswerPingAsync(ulong opaque) => SendAsync(PeerFrame.Ping(opaque, FrameFlags.Ack));

    public Task SendWindowUpdateAsync(int streamId, int increment)
    {
        ReceiveWindows.Add(streamId, increment);
        return SendAsync(PeerFrame.WindowUpdate(streamId, (uint)increment));
    }

    /// <summary>A whole response.</summary>
    public async Task AnswerAsync(int streamId, int status = 200, string body = "", params (string Name, string Value)[] fields)
    {
        List<(string, string)> head = [(":status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)), .. fields];
        await SendHeadersAsync(streamId, head, endStream: body.Length == 0);
        if (body.Length > 0)
        {
            await SendBodyAsync(streamId, Encoding.UTF8.GetBytes(body));
        }
    }

    /// <summary>Reads a request without looking at its body, and answers it.</summary>
    public async Task<PeerRequest> AnswerNextAsync(int status = 200, string body = "", params (string Name, string Value)[] fields)
    {
        PeerRequest request = await ReadRequestAsync();
        if (!request.EndStream)
        {
            await ReadBodyAsync(request.StreamId);
        }

        await AnswerAsync(request.StreamId, status, body, fields);
        return request;
    }

    public async Task<Http2ErrorCode> ExpectRstAsync(int streamId) =>
        (await NextAsync(
            frame => frame.Type == FrameType.RstStream && frame.StreamId == streamId, $"RST_STREAM on stream {streamId}")).ErrorCode;

    public async Task<(int LastStreamId, Http2ErrorCode Code, string Debug)> ExpectGoAwayAsync()
    {
        PeerFrame frame = await NextAsync(frame => frame.Type == FrameType.GoAway, "GOAWAY");
        return (frame.Number, frame.ErrorCode, Encoding.Latin1.GetString(frame.Payload.AsSpan(8)));
    }

    /// <summary>The next PING of the client, if pings are not answered by themselves.</summary>
    public async Task<ulong> ExpectPingAsync() =>
        BinaryPrimitives.ReadUInt64BigEndian((await NextAsync(frame => frame is { Type: FrameType.Ping, IsAck: false }, "PING")).Payload);

    /// <summary>Waits for the client to close, whatever it still sends.</summary>
    public async Task ExpectClosedAsync()
    {
        await Guarded(End.ClientClosed, "the client to close");
        while (await ArrivingFrameAsync("the end") is { } frame)
        {
            _waiting.Add(frame);
        }
    }

    /// <summary>Reads until the client has answered a ping: what it had to say before is read then.</summary>
    public async Task RoundTripAsync()
    {
        ulong opaque = ++_roundTrips;
        await SendPingAsync(opaque);
        await PumpUntilAsync(() => PingAnswers.Contains(opaque), "the answer to a ping");
    }

    /// <summary>Fails if a frame like this comes, or came, by the time the client has answered a ping.</summary>
    public async Task ExpectNoneAsync(Func<PeerFrame, bool> match, [CallerArgumentExpression(nameof(match))] string? what = null)
    {
        await RoundTripAsync();
        Assert.False(_waiting.Any(match), Describe($"none such: {what}"));
    }

    /// <summary>Fails if the client opens another stream.</summary>
    public Task ExpectNoRequestAsync() => ExpectNoneAsync(frame => frame.Type == FrameType.Headers);

    /// <summary>Reads, and answers what wants an answer, until the condition holds.</summary>
    public async Task PumpUntilAsync(Func<bool> condition, string what)
    {
        while (!condition())
        {
            PeerFrame frame = await ArrivingFrameAsync(what) ?? throw Ended(what);
            if (!await AnswerControlAsync(frame))
            {
                _waiting.Add(frame);
            }
        }
    }

    /// <summary>The first frame like this, waiting or to come.</summary>
    public async Task<PeerFrame> NextAsync(Predicate<PeerFrame> match, string what)
    {
        int index = _waiting.FindIndex(match);
        if (index >= 0)
        {
            PeerFrame waiting = _waiting[index];
            _waiting.RemoveAt(index);
            return waiting;
        }

        while (true)
        {
            PeerFrame frame = await ArrivingFrameAsync(what) ?? throw Ended(what);
            if (await AnswerControlAsync(frame))
            {
                continue;
            }

            if (match(frame))
            {
                return frame;
            }

            _waiting.Add(frame);
        }
    }

    /// <summary>Says that no more comes, and goes on reading.</summary>
    public void CloseWriting() => End.CloseWriting();

    public void Close() => End.Close();

    public void Reset() => End.Reset();

    /// <summary>What went over the wire last, for the eye.</summary>
    public override string ToString()
    {
        lock (_gate)
        {
            return string.Join("\n  ", _log);
        }
    }

    /// <summary>One write at a time, for tests that send from several places.</summary>
    private async Task WriteAfterAsync(Task previous, ReadOnlyMemory<byte> bytes)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Guarded(_stream.WriteAsync(bytes).AsTask(), "a write to the client");
    }

    private async Task<bool> AnswerControlAsync(PeerFrame frame)
    {
        switch (frame.Type)
        {
            case FrameType.Settings when !frame.IsAck:
                await AcknowledgeSettingsAsync();
                return true;
            case FrameType.Ping when !frame.IsAck && AnswersPings:
                await SendFrameAsync(FrameType.Ping, FrameFlags.Ack, 0, frame.Payload);
                return true;
            case FrameType.Data when GivesCredit && frame.Payload.Length > 0:
                await SendWindowUpdateAsync(0, frame.Payload.Length);
                if (!frame.EndStream)
                {
                    await SendWindowUpdateAsync(frame.StreamId, frame.Payload.Length);
                }

                return false;
            default:
                return frame.IsAck || frame.Type is FrameType.WindowUpdate or FrameType.Priority;
        }
    }

    /// <summary>A frame from the wire; a header block in several frames comes as one. <see langword="null"/> at the end.</summary>
    private async Task<PeerFrame?> ArrivingFrameAsync(string what)
    {
        while (await FillAsync(PeerFrame.HeaderSize, what, mayEnd: true))
        {
            byte[] header = Take(PeerFrame.HeaderSize);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(header) >> 8;
            Assert.True(length <= _maxFrameSize, Describe($"frames of at most {_maxFrameSize} bytes, not {length}"));
            await FillAsync((int)length, what);
            var frame = new PeerFrame(
                (FrameType)header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), Take((int)length));
            if (frame.Type is FrameType.Headers or FrameType.Continuation)
            {
                if (TryEndBlock(frame) is not { } head)
                {
                    continue;
                }

                frame = head;
            }

            Assert.True(_openBlock is null, Describe($"CONTINUATION, not {frame}"));
            Log("<", frame);
            Note(frame);
            return frame;
        }

        return null;
    }

    private PeerFrame? TryEndBlock(PeerFrame frame)
    {
        Assert.True((_openBlock is null) == (frame.Type == FrameType.Headers), Describe($"a header block in order, not {frame}"));
        _openBlock ??= frame;
        Assert.Equal(_openBlock.StreamId, frame.StreamId);
        _block.AddRange(frame.Content);
        if (!frame.Has(FrameFlags.EndHeaders))
        {
            Log("<", frame);
            return null;
        }

        PeerFrame head = _openBlock with { Fields = _hpack.Read(_block.ToArray()) };
        _openBlock = null;
        _block.Clear();
        return head;
    }

    /// <summary>Judges a frame by RFC 9113 and keeps the books.</summary>
    private void Note(PeerFrame frame)
    {
        switch (frame.Type)
        {
            case FrameType.Data:
                Assert.InRange(frame.StreamId, 1, _lastStreamId);
                ReceiveWindows.Take(frame.StreamId, frame.Payload.Length);
                Assert.True(
                    frame.Payload.Length == 0 || (ReceiveWindows[0] >= 0 && ReceiveWindows[frame.StreamId] >= 0),
                    Describe($"DATA within the windows, {ReceiveWindows[0]} and {ReceiveWindows[frame.StreamId]} after {frame}"));
                break;
            case FrameType.Headers when frame.StreamId > _lastStreamId:
                Assert.True(frame.StreamId % 2 == 1, Describe($"odd stream ids, not {frame}"));
                _lastStreamId = frame.StreamId;
                break;
            case FrameType.Headers:
                Assert.True(frame.EndStream, Describe($"a new stream or trailers, not {frame}"));
                break;
            case FrameType.RstStream:
                Assert.InRange(frame.StreamId, 1, _lastStreamId);
                break;
            case FrameType.Settings when frame.IsAck:
                Assert.True(
                    _unacknowledged.TryDequeue(out (PeerSetting Setting, uint Value)[]? settings) || !MatchesAcknowledgements,
                    Describe("no acknowledgement of nothing"));
                SettingsAcknowledged++;
                foreach ((PeerSetting setting, uint value) in settings ?? [])
                {
                    Apply(setting, value, growingOnly: false);
                }

                break;
            case FrameType.Settings:
                foreach ((PeerSetting setting, uint value) in frame.ReadSettings())
                {
                    ClientSettings[setting] = value;
                    if (setting == PeerSetting.InitialWindowSize)
                    {
                        SendWindows.SetInitial(value);
                    }
                }

                break;
            case FrameType.Ping:
                (frame.IsAck ? PingAnswers : Pings).Add(BinaryPrimitives.ReadUInt64BigEndian(frame.Payload));
                break;
            case FrameType.WindowUpdate:
                Assert.True(frame.Number > 0, Describe($"an increment, not {frame}"));
                WindowUpdates.Add((frame.StreamId, frame.Number));
                SendWindows.Add(frame.StreamId, frame.Number);
                Assert.True(SendWindows[frame.StreamId] <= int.MaxValue, Describe($"a window that fits, not {frame}"));
                break;
            case FrameType.PushPromise:
                Assert.Fail(Describe("no PUSH_PROMISE from a client"));
                break;
        }
    }

    private void Apply(PeerSetting setting, uint value, bool growingOnly)
    {
        switch (setting)
        {
            case PeerSetting.InitialWindowSize when value <= int.MaxValue && (!growingOnly || value > ReceiveWindows.Initial):
                ReceiveWindows.SetInitial(value);
                break;
            case PeerSetting.MaxFrameSize when !growingOnly || value > _maxFrameSize:
                _maxFrameSize = value;
                break;
            case PeerSetting.HeaderTableSize when !growingOnly || value > _hpack.Table.Allowed:
                _hpack.Table.Allowed = (int)Math.Min(value, int.MaxValue);
                break;
        }
    }

    private async Task<bool> FillAsync(int count, string what, bool mayEnd = false)
    {
        while (_end - _start < count)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            if (count > _buffer.Length)
            {
                Array.Resize(ref _buffer, count);
            }

            int read;
            try
            {
                read = await Guarded(_stream.ReadAsync(_buffer.AsMemory(_end)).AsTask(), what);
            }
            catch (IOException) when (mayEnd)
            {
                // The script reset the connection; there is no more to read.
                return false;
            }

            if (read == 0)
            {
                return mayEnd && _end == _start ? false : throw Ended(what);
            }

            _end += read;
        }

        return true;
    }

    private byte[] Take(int count)
    {
        byte[] bytes = _buffer[_start..(_start + count)];
        _start += count;
        return bytes;
    }

    private void Log(string direction, PeerFrame frame)
    {
        lock (_gate)
        {
            _log.Enqueue($"{direction} {frame}");
            if (_log.Count > LoggedFrames)
            {
                _log.Dequeue();
            }
        }
    }

    private EndOfStreamException Ended(string what) => new(Describe(what) + "\nThe client closed.");

    private Task Guarded(Task task, string what) => Guard.Within(task, () => Describe(what));

    private Task<T> Guarded<T>(Task<T> task, string what) => Guard.Within(task, () => Describe(what));

    private string Describe(string what)
    {
        lock (_gate)
        {
            return $"Waited for {what}; client {(End.ClientClosed.IsCompleted ? "closed" : "open")}; frames:\n  {this}";
        }
    }
}
