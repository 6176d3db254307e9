using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>Peers that send what costs the client more than it costs them. Memory is measured, so these tests run alone.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FloodTests
{
    private const string Name = "HTTP/2 floods";
    private const string PaddingAlone = "DATA of padding alone"; // each takes a byte of the windows
    private const int Frames = 100_000;
    private const int Batch = 1000;
    private const int Megabyte = 1 << 20;

    /// <summary>One frame of each flood, by its name. The request on stream 1 is open; the one on stream 3 has its head.</summary>
    private static readonly Dictionary<string, Func<int, byte[]>> s_floods = new(StringComparer.Ordinal)
    {
        ["PING"] = i => PeerFrame.Ping((ulong)i).ToBytes(),
        ["SETTINGS"] = _ => PeerFrame.Settings((PeerSetting.MaxHeaderListSize, 1000)).ToBytes(),
        ["empty SETTINGS"] = _ => PeerFrame.Settings().ToBytes(),
        ["empty DATA"] = _ => new PeerFrame(FrameType.Data, 0, 3, []).ToBytes(),
        [PaddingAlone] = _ => new PeerFrame(FrameType.Data, FrameFlags.Padded, 3, [0]).ToBytes(),
        ["empty CONTINUATION"] = i => new PeerFrame(i == 0 ? FrameType.Headers : FrameType.Continuation, 0, 1, []).ToBytes(),
        ["interim responses"] =
            _ => new PeerFrame(FrameType.Headers, FrameFlags.EndHeaders, 1, HpackWriter.Literal(":status", "103")).ToBytes(),
        ["WINDOW_UPDATE"] = _ => PeerFrame.WindowUpdate(0, 1).ToBytes(),
        ["WINDOW_UPDATE on a stream"] = _ => PeerFrame.WindowUpdate(1, 1).ToBytes(),
        ["PRIORITY"] = _ => new PeerFrame(FrameType.Priority, 0, 1, [0, 0, 0, 0, 15]).ToBytes(),
        ["unknown frames"] = _ => new PeerFrame((FrameType)0xbe, 0, 0, [1]).ToBytes(),
        ["RST_STREAM on a stream that is over"] = _ => PeerFrame.Rst(3, Http2ErrorCode.Cancel).ToBytes(),
    };

    public static TheoryData<string> Floods => [.. s_floods.Keys];

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task A_flood_closes_the_connection_and_costs_little_memory(string what)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        OpenRequest second = await rig.OpenAsync(open.Peer);
        HttpResponseMessage response = await second.AnswerHeadAsync();
        Task<string> reading = response.ReadTextAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await FloodAsync(open.Peer, s_floods[what], what == PaddingAlone ? PeerWindows.Default / Batch * Batch : Frames);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 16 * Megabyte);
        // Too many interim responses end that exchange before the connection ends.
        await AssertLeftAsync(
            rig, open, what == "interim responses" ? HttpRequestError.InvalidResponse : HttpRequestError.HttpProtocolError);
        await Assert.ThrowsAnyAsync<IOException>(() => reading);
    }

    [Fact]
    public async Task Requests_that_are_reset_over_and_over_by_the_server_close_the_connection()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        for (int i = 0; i < 20_000 && !open.Peer.ClientClosed.IsCompleted; i++)
        {
            // Each request costs the server nothing but a frame; a client that goes on is kept busy for nothing.
            Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
            if (rig.Network.DialCount > 1)
            {
                return;
            }

            try
            {
                await open.Peer.SendRstAsync((await open.Peer.ReadRequestAsync()).StreamId, Http2ErrorCode.InternalError);
            }
            catch (EndOfStreamException)
            {
                // The connection has closed, and the dial of the next was not counted yet.
                break;
            }

            await rig.FailsAsync(sending);
        }

        Assert.True(open.Peer.ClientClosed.IsCompleted || rig.IsReference, "20,000 requests reset, and the connection is still in use");
    }

    [Theory]
    [InlineData(16_384)]
    [InlineData(100)]
    public async Task A_header_block_without_end_closes_the_connection(int piece)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        byte[] field = HpackWriter.Literal("x-field", new string('v', piece - 20));
        int frames = 16 * Megabyte / piece;
        await FloodAsync(
            open.Peer,
            i => new PeerFrame(i == 0 ? FrameType.Headers : FrameType.Continuation, 0, 1, i == 0 ? [0x88, .. field] : field).ToBytes(),
            frames,
            batch: Megabyte / piece);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 8 * Megabyte);
        await AssertLeftAsync(rig, open);
    }

    [Fact]
    public async Task A_small_block_that_unpacks_to_much_fails_its_request()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest other = await rig.StartAsync();
        OpenRequest open = await rig.OpenAsync(other.Peer);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        byte[] bomb = [0x88, .. HpackWriter.Indexing("x-bomb", new string('v', 3900)), .. Enumerable.Repeat((byte)0xbe, 16_000)]; // 62 MB
        for (int at = 0; at < bomb.Length; at += 16_000)
        {
            byte[] piece = bomb[at..Math.Min(at + 16_000, bomb.Length)];
            await open.Peer.SendFrameAsync(
                at == 0 ? FrameType.Headers : FrameType.Continuation,
                at + 16_000 >= bomb.Length ? FrameFlags.EndHeaders : (byte)0,
                open.StreamId,
                piece);
        }

        await rig.FailsAsync(open.Sending);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 8 * Megabyte);
    }

    [Theory]
    [InlineData("PING")]
    [InlineData("SETTINGS")]
    public async Task A_peer_that_asks_and_does_not_read_the_answers_is_left(string what)
    {
        using Http2Rig rig = CreateRig(new MemoryTransportOptions { WriteCapacity = 4096 });
        OpenRequest open = await rig.StartAsync();
        await open.Peer.RoundTripAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await FloodAsync(open.Peer, s_floods[what]);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 16 * Megabyte);
        await Guard.Within(open.Peer.ClientClosed, () => "the client to close, although its GOAWAY cannot be written");
        await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError);
        await rig.ExpectClosedForAsync(CloseReason.PeerFlood);
    }

    [Fact]
    public async Task What_a_busy_honest_server_sends_is_no_flood()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        Task<string> reading = response.ReadTextAsync();
        for (int i = 0; i < 5000; i++)
        {
            // One byte in each frame, and now and then a ping and a window.
            await open.Peer.PumpUntilAsync(() => open.Peer.SendWindows[0] > 0 && open.Peer.SendWindows[open.StreamId] > 0, "a window");
            await open.Peer.SendDataAsync(open.StreamId, "x");
            if (i % 500 == 0)
            {
                await open.Peer.SendWindowUpdateAsync(0, 1);
                await open.Peer.RoundTripAsync();
            }
        }

        await open.Peer.SendDataAsync(open.StreamId, "", endStream: true);
        Assert.Equal(5000, (await reading).Length);
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    private static Http2Rig CreateRig(MemoryTransportOptions? transport = null) =>
        new(handler => handler.ReplayPolicy = ReplayPolicy.Never, transport);

    /// <summary>Sends until the client has had enough, and never far ahead of it.</summary>
    private static async Task FloodAsync(Http2Peer peer, Func<int, byte[]> frame, int frames = Frames, int batch = Batch)
    {
        peer.MatchesAcknowledgements = false;
        for (int sent = 0; sent < frames && !peer.ClientClosed.IsCompleted; sent += batch)
        {
            await peer.SendRawAsync(Enumerable.Range(sent, batch).SelectMany(frame).ToArray());
            await Eventually.IsTrue(
                () => peer.End.UnreadByClient == 0 || peer.ClientClosed.IsCompleted, $"the client takes {batch} frames");
        }
    }

    private static async Task AssertLeftAsync(Http2Rig rig, OpenRequest open, HttpRequestError error = HttpRequestError.HttpProtocolError)
    {
        Http2ErrorCode code = (await open.Peer.ExpectGoAwayAsync()).Code;
        Assert.Contains(code, new[] { Http2ErrorCode.EnhanceYourCalm, Http2ErrorCode.ProtocolError });
        await open.Peer.ExpectClosedAsync();
        await rig.FailsAsync(open.Sending, error, error == HttpRequestError.HttpProtocolError ? code : Http2ErrorCode.ProtocolError);
        await rig.ExpectClosedForAsync(code == Http2ErrorCode.EnhanceYourCalm ? CloseReason.PeerFlood : CloseReason.ProtocolError);
    }
}
