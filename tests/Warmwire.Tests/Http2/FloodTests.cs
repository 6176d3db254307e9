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
            rig,
            open,
            what == "interim responses" ? HttpRequestError.InvalidResponse : HttpRequestError.HttpProtocolError,
            isAcknowledged: what is "PING" or "SETTINGS" or "empty SETTINGS");
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

    [Fact]
    public async Task A_server_that_has_no_room_for_requests_may_say_so_of_each()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        for (int i = 0; i < Warmwire.Http2.Wire.Http2Limits.ResetBurst + 500; i++)
        {
            Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
            await open.Peer.SendRstAsync((await open.Peer.ReadRequestAsync()).StreamId, Http2ErrorCode.EnhanceYourCalm);
            await rig.FailsAsync(sending);
        }

        Assert.False(open.Peer.ClientClosed.IsCompleted);
        Assert.Equal(1, rig.Network.DialCount);
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

    /// <summary>The server speaks, so it lives; what is sent to it gathers.</summary>
    [Fact]
    public async Task Requests_to_a_peer_that_does_not_read_do_not_gather()
    {
        using Http2Rig rig = CreateRig(new MemoryTransportOptions { WriteCapacity = 4096 });
        Http2Peer peer = await rig.WarmUpAsync();
        peer.MatchesAcknowledgements = false;
        string value = new('v', 4000);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 5000; i++)
        {
            using var source = new CancellationTokenSource();
            HttpRequestMessage large = Http2Rig.Get();
            large.Headers.TryAddWithoutValidation("x-large", value + i);
            Task<HttpResponseMessage> sending = rig.SendAsync(large, source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            if (i % 100 == 0)
            {
                await peer.SendPingAsync((ulong)i);
            }
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 4 * Megabyte);
        Assert.Equal(1, rig.Network.DialCount);
        Assert.Equal(0, Assert.Single(rig.Origin.Connections).StreamLimit);

        // It reads after all: requests go on.
        Task<HttpResponseMessage> last = rig.SendAsync(Http2Rig.Get("last"));
        PeerRequest request;
        do
        {
            request = await peer.ReadRequestAsync();
        }
        while (request.Path != "/last");

        await peer.AnswerAsync(request.StreamId, 200, "at last");

        using HttpResponseMessage response = await last;
        Assert.Equal("at last", await response.ReadTextAsync());
    }

    [Fact]
    public async Task Requests_beside_an_upload_that_is_faster_than_the_network_are_begun_at_once()
    {
        using Http2Rig rig = CreateRig(new MemoryTransportOptions { WriteCapacity = 4096 });
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 4 * Megabyte));
        await peer.SendWindowUpdateAsync(0, 4 * Megabyte);
        await peer.RoundTripAsync();
        bool waits = false;
        var content = new Pooling.ScriptedContent(async stream =>
        {
            await stream.WriteAsync(new byte[8192]);
            await Eventually.IsTrue(() => peer.End.UnreadFromClient == 4096, "a send is under way");
            Task writing = stream.WriteAsync(new byte[Megabyte - 8192]).AsTask();
            Volatile.Write(ref waits, !writing.IsCompleted);
            await writing;
        });
        Task<HttpResponseMessage> uploading = rig.SendAsync(Http2Rig.Post(content, "upload"));
        await Eventually.IsTrue(() => Volatile.Read(ref waits), "the content waits for room");
        Task<HttpResponseMessage>[] others = [.. Enumerable.Range(0, 20).Select(_ => rig.SendAsync(Http2Rig.Get("other")))];
        Assert.Equal((0, 21), (rig.Origin.Pending, rig.Origin.StreamsActive));
        PeerRequest upload = await peer.ReadRequestAsync();
        for (int i = 0; i < others.Length; i++)
        {
            await peer.AnswerAsync((await peer.ReadRequestAsync()).StreamId, 200, "");
        }

        Array.ForEach(await Task.WhenAll(others), static response => response.Dispose());
        Assert.Equal(Megabyte, (await peer.ReadBodyAsync(upload.StreamId)).Length);
        await peer.AnswerAsync(upload.StreamId, 200, "");
        (await uploading).Dispose();
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_while_requests_wait_is_left_in_time()
    {
        using Http2Rig rig = CreateRig(new MemoryTransportOptions { WriteCapacity = 4096 });
        Http2Peer peer = await rig.WarmUpAsync();
        string value = new('v', 4000);
        Task<HttpResponseMessage>[] sending = [.. Enumerable.Range(0, 300).Select(i =>
        {
            HttpRequestMessage request = Http2Rig.Get();
            request.Headers.TryAddWithoutValidation("x-large", value + i);
            return rig.SendAsync(request);
        })];
        await Eventually.IsTrue(() => rig.Origin.Pending > 0, "requests wait");
        await peer.SendPingAsync(1);

        // A send that begins meanwhile is a sign that it reads: then the time begins once more.
        await Eventually.IsTrue(
            () =>
            {
                rig.Time.Advance(Warmwire.Http2.Wire.Http2Limits.UnreadOutput);
                return rig.Origin.ClosedBy.ContainsKey(CloseReason.PeerFlood);
            },
            "the connection is closed");
        await rig.FailsAsync(sending[0], HttpRequestError.HttpProtocolError);
    }

    [Fact]
    public async Task Data_for_streams_that_were_given_up_ends_the_connection_when_it_is_more_than_their_windows()
    {
        using Http2Rig rig = CreateRig();
        using var source = new CancellationTokenSource();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Get(), source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
        byte[] data = new PeerFrame(FrameType.Data, 0, open.StreamId, new byte[16_384]).ToBytes();
        await FloodAsync(peer, _ => data, frames: 200, batch: 20);
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, (await peer.ExpectGoAwayAsync()).Code);
        await rig.ExpectClosedForAsync(CloseReason.PeerFlood);
    }

    /// <summary>What grpc-go does to measure the round trip: a ping for each flight of data, one at a time.</summary>
    [Fact]
    public async Task A_ping_for_each_frame_that_we_send_is_no_flood()
    {
        using Http2Rig rig = CreateRig();
        Http2Peer peer = await rig.WarmUpAsync();
        for (int i = 0; i < 3000; i++)
        {
            OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post("x"));
            await peer.SendPingAsync((ulong)i);
            await open.AnswerAsync();
        }

        rig.AssertOneOpen();
        Assert.InRange(Assert.Single(rig.Origin.Connections).Allowances.Values.DefaultIfEmpty().Max(), 0, 0.1);
    }

    /// <summary>What Go's server does that answers before it has read the request.</summary>
    [Fact]
    public async Task A_reset_without_error_behind_each_early_answer_is_no_flood()
    {
        using Http2Rig rig = CreateRig();
        Http2Peer peer = await rig.WarmUpAsync();
        for (int i = 0; i < 3000; i++)
        {
            OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post("some content"));
            await peer.AnswerAsync(open.StreamId, 429, "later");
            await peer.SendRstAsync(open.StreamId, Http2ErrorCode.NoError);
            await peer.SendWindowUpdateAsync(0, 12);
            Assert.Equal("later", await open.ReadResponseAsync());
        }

        rig.AssertOneOpen();
        Assert.InRange(Assert.Single(rig.Origin.Connections).Allowances.Values.DefaultIfEmpty().Max(), 0, 0.1);
    }

    /// <summary>An upload that stood in line for the connection's window is nobody's when it is cut.</summary>
    [Fact]
    public async Task Uploads_that_are_given_up_while_the_window_is_closed_are_not_kept()
    {
        using Http2Rig rig = CreateRig();
        Http2Peer peer = await rig.WarmUpAsync();
        peer.GivesCredit = false;
        using var held = new CancellationTokenSource();
        OpenRequest first = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[200_000])), held.Token);
        await first.TakeFirstWindowAsync();

        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 1000; i++)
        {
            using var source = new CancellationTokenSource();
            OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[16_000])), source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
            await peer.ExpectRstAsync(open.StreamId);
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 4 * Megabyte); // kept, they would be 16
        await held.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.Sending);
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

    /// <param name="rig">The client.</param>
    /// <param name="open">Its request.</param>
    /// <param name="error">What the request fails with.</param>
    /// <param name="isAcknowledged">
    /// Whether the client answers each frame: if it is sending when it closes, there is no GOAWAY, for that would wait.
    /// </param>
    private static async Task AssertLeftAsync(
        Http2Rig rig, OpenRequest open, HttpRequestError error = HttpRequestError.HttpProtocolError, bool isAcknowledged = false)
    {
        Http2ErrorCode code = Http2ErrorCode.EnhanceYourCalm;
        try
        {
            code = (await open.Peer.ExpectGoAwayAsync()).Code;
        }
        catch (EndOfStreamException) when (isAcknowledged)
        {
        }

        Assert.Contains(code, new[] { Http2ErrorCode.EnhanceYourCalm, Http2ErrorCode.ProtocolError });
        await open.Peer.ExpectClosedAsync();
        await rig.FailsAsync(open.Sending, error, error == HttpRequestError.HttpProtocolError ? code : Http2ErrorCode.ProtocolError);
        await rig.ExpectClosedForAsync(code == Http2ErrorCode.EnhanceYourCalm ? CloseReason.PeerFlood : CloseReason.ProtocolError);
    }
}
