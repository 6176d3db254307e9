using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit.Http2;

namespace Warmwire.Tests.Soak;

/// <summary>
/// One connection of the <see cref="Http2ChaosServer"/>. How bad its manners are is drawn once, and what it does with each request then.
/// </summary>
internal sealed class Http2ChaosConnection : IDisposable
{
    private const int PrefaceBytes = 24;

    private readonly Http2ChaosServer _server;
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly Random _random;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly HpackReader _hpack = new();
    private readonly CancellationTokenSource _end = new();
    private readonly int _badness;
    private int _credit = PeerWindows.Default;
    private int _lastStreamId;
    private int _requestsLeft;

    public Http2ChaosConnection(Http2ChaosServer server, Socket socket, int seed)
    {
        _server = server;
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _random = new Random(seed);
        _badness = _random.Next(4) switch { 0 => 0, 1 => 5, 2 => 20, _ => 60 };
        _requestsLeft = _random.Next(4) == 0 ? _random.Next(1, 8) : _random.Next(8, 300);
        _hpack.Table.Allowed = int.MaxValue;
    }

    public void Dispose()
    {
        _end.Cancel();
        _stream.Dispose();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using CancellationTokenRegistration registration =
            stop.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), _end);
        if (Chance(40) && _badness > 0)
        {
            await WriteAsync(_random.Next(3) switch
            {
                0 => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray(),
                1 => RandomBytes(100),
                _ => [],
            });
            End();
            return;
        }

        await ReadAsync(PrefaceBytes);
        await WriteAsync(RandomSettings(onlyValid: _badness < 20).ToBytes());
        var block = new List<byte>();
        int blockStream = 0;
        while (true)
        {
            byte[] header = await ReadAsync(PeerFrame.HeaderSize);
            byte[] payload = await ReadAsync((int)(BinaryPrimitives.ReadUInt32BigEndian(header) >> 8));
            var frame = new PeerFrame((FrameType)header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
            switch (frame.Type)
            {
                case FrameType.Settings when !frame.IsAck:
                    await WriteAsync(new PeerFrame(FrameType.Settings, FrameFlags.Ack, 0, []).ToBytes());
                    break;
                case FrameType.Ping when !frame.IsAck && !Chance(20 * (_badness + 1), 1000):
                    await WriteAsync(PeerFrame.Ping(BinaryPrimitives.ReadUInt64BigEndian(payload), FrameFlags.Ack).ToBytes());
                    break;
                case FrameType.WindowUpdate when frame.StreamId == 0:
                    Interlocked.Add(ref _credit, frame.Number);
                    break;
                case FrameType.Data when payload.Length > 0 && !Chance(_badness, 400):
                    await WriteAsync(
                        [.. PeerFrame.WindowUpdate(0, (uint)payload.Length).ToBytes(), .. frame.EndStream ? []
                        : PeerFrame.WindowUpdate(frame.StreamId, (uint)payload.Length).ToBytes()]);
                    break;
                case FrameType.Headers or FrameType.Continuation:
                    block.AddRange(frame.Content);
                    blockStream = frame.StreamId;
                    if (frame.Has(FrameFlags.EndHeaders))
                    {
                        string id = _hpack.Read(block.ToArray()).Find(static field => field.Name == ":path").Value?.TrimStart('/')
                            ?? "trailers";
                        block.Clear();
                        if (blockStream > _lastStreamId)
                        {
                            _lastStreamId = blockStream;
                            _ = AnswerSafelyAsync(blockStream, id, new Random(Next(0, int.MaxValue)));
                            if (--_requestsLeft == 0)
                            {
                                await LeaveAsync();
                            }
                        }
                    }

                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>With a GOAWAY, which some of its own requests do not outlive, or without.</summary>
    private async Task LeaveAsync()
    {
        if (Chance(2))
        {
            await WriteAsync(PeerFrame.GoAway(Math.Max(1, _lastStreamId - (2 * Next(0, 8))), Http2ErrorCode.NoError, []).ToBytes());
            await Task.Delay(Next(1, 100), _end.Token);
        }

        End();
    }

    private async Task AnswerSafelyAsync(int streamId, string id, Random random)
    {
        try
        {
            await AnswerAsync(streamId, id, random);
        }
        catch (Exception)
        {
            // Either side has ended.
        }
    }

    private async Task AnswerAsync(int streamId, string id, Random random)
    {
        if (random.Next(3) == 0)
        {
            await Task.Delay(random.Next(1, 30), _end.Token);
        }

        if (random.Next(100) < _badness)
        {
            await MisbehaveAsync(streamId, id, random);
            if (random.Next(2) == 0)
            {
                return;
            }
        }

        string body = SoakBody.Of(id, random.Next(4) == 0 ? random.Next(1, 30_000) : random.Next(1, 300));
        for (int interim = random.Next(8) == 0 ? random.Next(3) : 0; interim > 0; interim--)
        {
            await WriteBlockAsync(streamId, [(":status", random.Next(2) == 0 ? "103" : "100")], endStream: false, random);
        }

        List<(string Name, string Value)> head = [(":status", "200"), ("x-id", id)];
        if (random.Next(2) == 0)
        {
            head.Add(("content-length", body.Length.ToString(CultureInfo.InvariantCulture)));
        }

        if (random.Next(8) == 0)
        {
            head.Add(("x-large", new string('x', random.Next(1, 5000))));
        }

        await WriteBlockAsync(streamId, head, endStream: false, random);
        bool trailers = random.Next(5) == 0;
        byte[] bytes = Encoding.ASCII.GetBytes(body);
        for (int at = 0; at < bytes.Length;)
        {
            int count = Math.Min(bytes.Length - at, random.Next(1, 16_000));
            byte padding = random.Next(5) == 0 ? (byte)random.Next(256) : (byte)0;
            while (Volatile.Read(ref _credit) < count + padding + 1)
            {
                await Task.Delay(1, _end.Token);
            }

            Interlocked.Add(ref _credit, -(count + padding + 1));
            byte[] payload = bytes[at..(at + count)];
            at += count;
            byte flags = at == bytes.Length && !trailers ? FrameFlags.EndStream : FrameFlags.None;
            if (padding > 0)
            {
                payload = [padding, .. payload, .. new byte[padding]];
                flags |= FrameFlags.Padded;
            }

            await WriteAsync(new PeerFrame(FrameType.Data, flags, streamId, payload).ToBytes());
            if (random.Next(200) < _badness)
            {
                await MisbehaveAsync(streamId, id, random);
            }
        }

        if (trailers)
        {
            await WriteBlockAsync(streamId, [("x-trailer", id)], endStream: true, random);
        }

        if (random.Next(20) == 0)
        {
            await WriteAsync(RandomSettings(onlyValid: true).ToBytes());
        }
    }

    private Task WriteBlockAsync(int streamId, List<(string Name, string Value)> fields, bool endStream, Random random)
    {
        byte[] block = random.Next(3) == 0
            ? [.. fields.SelectMany(
                static field =>
                field.Name[0] == ':' ? HpackWriter.Literal(field.Name, field.Value) : HpackWriter.Indexing(field.Name, field.Value))]
            : HpackWriter.Block(fields);
        var framing = new HeaderFraming
        {
            PiecesOf = random.Next(4) == 0 ? random.Next(20, 400) : 16_000,
            Padding = random.Next(4) == 0 ? (byte)random.Next(256) : null,
            Priority = random.Next(6) == 0,
        };
        return WriteAsync([.. framing.Cut(streamId, block, endStream).SelectMany(static frame => frame.ToBytes())]);
    }

    /// <summary>Something that is allowed but rude, something that is not, or the end.</summary>
    private async Task MisbehaveAsync(int streamId, string id, Random random)
    {
        switch (random.Next(20))
        {
            case 0 or 1 or 2:
                await WriteAsync(PeerFrame.Rst(streamId, (Http2ErrorCode)random.Next(15)).ToBytes());
                break;
            case 3:
                await WriteAsync(
                    PeerFrame.GoAway(
                    random.Next(2) == 0 ? random.Next(_lastStreamId + 2) : int.MaxValue, (Http2ErrorCode)random.Next(15), RandomBytes(30))
                    .ToBytes());
                break;
            case 4:
                End();
                break;
            case 5: // the end, in the middle of a frame
                byte[] cut = new PeerFrame(FrameType.Data, 0, streamId, RandomBytes(2000)).ToBytes();
                _server.Soil(id);
                await WriteAsync(cut[..random.Next(cut.Length)]);
                End();
                break;
            case 6:
                await WriteAsync(RandomSettings(onlyValid: false).ToBytes());
                break;
            case 7:
                for (int i = random.Next(1, 200); i > 0; i--)
                {
                    await WriteAsync(PeerFrame.Ping((ulong)random.NextInt64(), random.Next(10) == 0 ? FrameFlags.Ack : (byte)0).ToBytes());
                }

                break;
            case 8:
                await WriteAsync(
                    PeerFrame.WindowUpdate(
                    random.Next(2) == 0 ? 0 : streamId, random.Next(3) switch { 0 => 0u, 1 => int.MaxValue, _ => (uint)random.Next() })
                    .ToBytes());
                break;
            case 9: // an answer before its time, without a head or with another's
                _server.Soil(id);
                await WriteAsync(new PeerFrame(FrameType.Data, (byte)random.Next(2), streamId, RandomBytes(100)).ToBytes());
                break;
            case 10:
                await WriteAsync(new PeerFrame(FrameType.Headers, 0, streamId, HpackWriter.Literal("x-begun", "and not ended")).ToBytes());
                await WriteAsync(PeerFrame.Ping(1).ToBytes());
                break;
            case 11:
                _server.Soil(id);
                await WriteBlockAsync(
                    streamId, [(":status", random.Next(2) == 0 ? "abc" : "200"), ("Upper", "case"), ("connection", "close")],
                    random.Next(2) == 0, random);
                break;
            case 12: // a block that is not one
                _server.Soil(id);
                await WriteAsync(new PeerFrame(FrameType.Headers, FrameFlags.EndHeaders, streamId, RandomBytes(60)).ToBytes());
                break;
            case 13: // nothing, for longer than anybody waits
                await Task.Delay(random.Next(100, 4000), _end.Token);
                break;
            case 14:
                for (int i = random.Next(1, 2000); i > 0; i--)
                {
                    await WriteAsync(new PeerFrame(FrameType.Data, 0, streamId, []).ToBytes());
                }

                break;
            case 15:
                byte[] longer = new PeerFrame(FrameType.Data, 0, streamId, new byte[random.Next(16_385, 70_000)]).ToBytes();
                _server.Soil(id);
                await WriteAsync(longer);
                break;
            case 16: // any frame at all, on no stream of anybody's
                await WriteAsync(
                    new PeerFrame(
                    (FrameType)random.Next(14), (byte)random.Next(256),
                    random.Next(3) switch { 0 => 0, 1 => random.Next(100) * 2, _ => int.MaxValue }, RandomBytes(40)).ToBytes());
                break;
            case 17: // any frame at all, here
                _server.Soil(id);
                await WriteAsync(new PeerFrame((FrameType)random.Next(14), (byte)random.Next(256), streamId, RandomBytes(40)).ToBytes());
                break;
            case 18: // bytes, and what follows is out of step with them; the other answers of the connection with it
                _server.Soil(id);
                await WriteAsync(RandomBytes(30));
                End();
                break;
            default: // unknown types
                for (int i = random.Next(1, 50); i > 0; i--)
                {
                    await WriteAsync(
                        new PeerFrame((FrameType)random.Next(10, 256), (byte)random.Next(256), random.Next(), RandomBytes(40)).ToBytes());
                }

                break;
        }
    }

    private PeerFrame RandomSettings(bool onlyValid)
    {
        lock (_random)
        {
            var settings = new List<(PeerSetting, uint)>();
            if (_random.Next(2) == 0)
            {
                settings.Add((PeerSetting.MaxConcurrentStreams, (uint)(_random.Next(10) == 0 ? 0 : _random.Next(1, 101))));
            }

            if (_random.Next(2) == 0)
            {
                settings.Add(
                    (PeerSetting.InitialWindowSize,
                    _random.Next(3) switch { 0 => int.MaxValue, 1 => (uint)_random.Next(100), _ => (uint)_random.Next(1 << 20) }));
            }

            if (_random.Next(2) == 0)
            {
                settings.Add(
                    (PeerSetting.HeaderTableSize, _random.Next(4) switch { 0 => 0, 1 => uint.MaxValue, _ => (uint)_random.Next(10_000) }));
            }

            if (_random.Next(4) == 0)
            {
                settings.Add((PeerSetting.MaxFrameSize, (uint)_random.Next(16_384, 1 << 24)));
            }

            if (_random.Next(8) == 0)
            {
                settings.Add(((PeerSetting)_random.Next(20, 1000), (uint)_random.Next()));
            }

            if (!onlyValid && _random.Next(2) == 0)
            {
                settings.Add(((PeerSetting)_random.Next(0, 10), (uint)_random.NextInt64(uint.MaxValue)));
            }

            return PeerFrame.Settings([.. settings]);
        }
    }

    // ---- The wire ---------------------------------------------------------------------------------------------------

    /// <summary>Whole, or in pieces with pauses; another's bytes never come in between.</summary>
    private async Task WriteAsync(byte[] bytes)
    {
        await _writing.WaitAsync(_end.Token);
        try
        {
            for (int at = 0; at < bytes.Length;)
            {
                int count = bytes.Length - at;
                if (Chance(6))
                {
                    count = Math.Min(count, Next(1, 40));
                }

                await _stream.WriteAsync(bytes.AsMemory(at, count), _end.Token);
                at += count;
                if (Chance(200))
                {
                    await Task.Delay(Next(1, 20), _end.Token);
                }
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, _end.Token);
        return bytes;
    }

    private void End()
    {
        if (Chance(2))
        {
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        _end.Cancel();
        _socket.Close();
    }

    private bool Chance(int oneIn) => Next(0, oneIn) == 0;

    private bool Chance(int of, int outOf) => Next(0, outOf) < of;

    private int Next(int from, int to)
    {
        lock (_random)
        {
            return _random.Next(from, to);
        }
    }

    private byte[] RandomBytes(int max)
    {
        byte[] bytes = new byte[Next(0, max)];
        lock (_random)
        {
            _random.NextBytes(bytes);
        }

        return bytes;
    }
}
