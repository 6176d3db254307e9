using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>Windows in both directions (RFC 9113 §5.2 and §6.9). That no upload passes a window is what the peer itself sees to.</summary>
public sealed class FlowControlTests
{
    private const int Megabyte = 1 << 20;

    [Fact]
    public async Task An_upload_stops_at_the_streams_window_and_goes_on_when_it_opens()
    {
        using var rig = new Http2Rig();
        byte[] body = Bytes(5000);
        OpenRequest open = await rig.StartSettledAsync(Http2Rig.Post(new ByteArrayContent(body)), (PeerSetting.InitialWindowSize, 1000));
        open.Peer.GivesCredit = false;
        var received = new List<byte>();
        await ReceiveAsync(open, received, 1000);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 1);
        await ReceiveAsync(open, received, 1001);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 3998);
        await ReceiveAsync(open, received, 4999);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 100);
        received.AddRange(await open.Peer.ReadBodyAsync(open.StreamId));
        Assert.Equal(body, received);
        await open.AnswerAsync();
    }

    [Fact]
    public async Task An_upload_stops_at_the_connections_window_and_goes_on_when_it_opens()
    {
        using var rig = new Http2Rig();
        byte[] body = Bytes(100_000);
        OpenRequest open =
            await rig.StartSettledAsync(Http2Rig.Post(new ByteArrayContent(body)), (PeerSetting.InitialWindowSize, Megabyte));
        open.Peer.GivesCredit = false;
        var received = new List<byte>();
        await ReceiveAsync(open, received, PeerWindows.Default);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 1000);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(0, 10);
        await ReceiveAsync(open, received, PeerWindows.Default + 10);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(0, 100_000);
        received.AddRange(await open.Peer.ReadBodyAsync(open.StreamId));
        Assert.Equal(body, received);
        await open.AnswerAsync();
    }

    [Fact]
    public async Task The_windows_of_open_streams_follow_the_settings_also_below_zero()
    {
        using var rig = new Http2Rig();
        OpenRequest open =
            await rig.StartSettledAsync(Http2Rig.Post(new ByteArrayContent(new byte[5000])), (PeerSetting.InitialWindowSize, 1000));
        open.Peer.GivesCredit = false;
        var received = new List<byte>();
        await ReceiveAsync(open, received, 1000);
        await open.Peer.SendSettingsAsync((PeerSetting.InitialWindowSize, 1500));
        await ReceiveAsync(open, received, 1500);
        await open.Peer.SendSettingsAsync((PeerSetting.InitialWindowSize, 500)); // the window is -1000 now
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 1000);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 7);
        await ReceiveAsync(open, received, 1507);
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendSettingsAsync((PeerSetting.InitialWindowSize, Megabyte));
        received.AddRange(await open.Peer.ReadBodyAsync(open.StreamId));
        Assert.Equal(5000, received.Count);
        await open.AnswerAsync();
    }

    [Fact]
    public async Task A_window_of_zero_holds_a_body_but_not_its_end()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartSettledAsync(Http2Rig.Post(""), (PeerSetting.InitialWindowSize, 0));
        Assert.True(open.Request.EndStream || (await open.Peer.ReadBodyAsync(open.StreamId)).Length == 0);
        await open.AnswerAsync();
        open = await rig.OpenAsync(open.Peer, Http2Rig.Post("x"));
        await open.Peer.ExpectNoneAsync(IsData);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 1);
        Assert.Equal("x"u8.ToArray(), await open.Peer.ReadBodyAsync(open.StreamId));
        await open.AnswerAsync();
    }

    [Fact]
    public async Task Frames_are_no_longer_than_the_peer_allows_and_may_grow_with_it()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartSettledAsync(
            Http2Rig.Post(new ByteArrayContent(new byte[Megabyte])),
            (PeerSetting.InitialWindowSize, 10 * Megabyte),
            (PeerSetting.MaxFrameSize, 100_000));
        Assert.Equal(Megabyte, (await open.Peer.ReadBodyAsync(open.StreamId)).Length); // the peer itself refuses longer ones
        await open.AnswerAsync();
    }

    [Fact]
    public async Task Two_uploads_share_the_connections_window()
    {
        using var rig = new Http2Rig();
        OpenRequest first = await rig.StartSettledAsync(
            Http2Rig.Post(new ByteArrayContent(new byte[Megabyte])), (PeerSetting.InitialWindowSize, 10 * Megabyte));
        Http2Peer peer = first.Peer;
        peer.GivesCredit = false;
        await ReceiveAsync(first, [], PeerWindows.Default);
        OpenRequest second = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[Megabyte])));
        await peer.RoundTripAsync();
        var received = new Dictionary<int, int> { [first.StreamId] = 0, [second.StreamId] = 0 };
        const int Rounds = 64;
        const int Step = 8192;
        for (int round = 1; round <= Rounds; round++)
        {
            await peer.SendWindowUpdateAsync(0, Step);
            while (received.Values.Sum() < round * Step)
            {
                PeerFrame data = await peer.NextAsync(frame => frame.Type == FrameType.Data, "DATA of either upload");
                received[data.StreamId] += data.Payload.Length;
            }
        }

        Assert.All(received.Values, bytes => Assert.InRange(bytes, Rounds * Step / 4, Rounds * Step * 3 / 4));
        peer.GivesCredit = true;
        await peer.SendWindowUpdateAsync(0, Megabyte);
        await peer.ReadBodyAsync(first.StreamId);
        await peer.ReadBodyAsync(second.StreamId);
        await first.AnswerAsync();
        await second.AnswerAsync();
    }

    [Fact]
    public async Task An_upload_without_a_window_does_not_hold_another()
    {
        using var rig = new Http2Rig();
        OpenRequest held =
            await rig.StartSettledAsync(Http2Rig.Post(new ByteArrayContent(new byte[1000])), (PeerSetting.InitialWindowSize, 100));
        held.Peer.GivesCredit = false;
        await ReceiveAsync(held, [], 100);
        held.Peer.GivesCredit = true;
        OpenRequest other = await rig.OpenAsync(held.Peer, Http2Rig.Post(new ByteArrayContent(new byte[50_000])));
        Assert.Equal(50_000, (await other.Peer.ReadBodyAsync(other.StreamId)).Length);
        await other.AnswerAsync();
        await held.Peer.SendWindowUpdateAsync(held.StreamId, 900);
        Assert.Equal(900, (await held.Peer.ReadBodyAsync(held.StreamId)).Length);
        await held.AnswerAsync();
    }

    [Fact]
    public async Task Who_does_not_read_stalls_the_own_stream_only()
    {
        using var rig = new Http2Rig();
        OpenRequest stalled = await rig.StartAsync();
        OpenRequest other = await rig.OpenAsync(stalled.Peer);
        using HttpResponseMessage unread = await stalled.AnswerHeadAsync();
        await stalled.Peer.RoundTripAsync();
        while (await stalled.Peer.SendDataUpToWindowAsync(stalled.StreamId, Bytes(20 * Megabyte)) > 0)
        {
            await stalled.Peer.RoundTripAsync();
        }

        Assert.Equal(0, stalled.Peer.SendWindows[stalled.StreamId]);
        byte[] body = Bytes(Megabyte);
        using HttpResponseMessage response = await other.AnswerHeadAsync();
        Task<byte[]> reading = response.ReadBytesAsync();
        await other.Peer.SendBodyAsync(other.StreamId, body);
        Assert.Equal(body, await reading);
        await rig.AssertServesAsync(other.Peer);
    }

    [Fact]
    public async Task The_window_of_a_client_that_reads_grows()
    {
        using var rig = new Http2Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        Http2Peer peer = await rig.AcceptSilentAsync();

        // The way there and back is long: that is what a larger window is for.
        rig.Time.Advance(TimeSpan.FromMilliseconds(50));
        await peer.HandshakeAsync([]);
        var open = new OpenRequest(peer, await peer.ReadRequestAsync(), sending);
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        await open.Peer.RoundTripAsync();
        long first = open.Peer.SendWindows[open.StreamId];
        long largest = first;
        byte[] body = Bytes(16 * Megabyte);
        Task<byte[]> reading = response.ReadBytesAsync();
        for (int at = 0; at < body.Length;)
        {
            // The peer uses whatever it gets, and time goes by until it hears of more.
            await open.Peer.PumpUntilAsync(() => open.Peer.SendWindows[open.StreamId] > 0 && open.Peer.SendWindows[0] > 0, "a window");
            largest = Math.Max(largest, open.Peer.SendWindows[open.StreamId]);
            at += await open.Peer.SendDataUpToWindowAsync(open.StreamId, body.AsMemory(at));
            rig.Time.Advance(TimeSpan.FromMilliseconds(5));
        }

        await open.Peer.SendDataAsync(open.StreamId, "", endStream: true);
        Assert.Equal(body, await reading);
        Assert.True(first >= Megabyte || largest > first, $"from {first} to {largest}");
    }

    [Fact]
    public async Task Windows_stop_growing_at_their_limits_one_by_one_and_together()
    {
        const int Streams = 6;
        const int Largest = Warmwire.Http2.Wire.Http2Limits.MaxStreamWindow;
        const long Together = Warmwire.Http2.Wire.Http2Limits.MaxStreamWindowGrowth;
        using var rig = new Http2Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        Http2Peer peer = await rig.AcceptSilentAsync();
        rig.Time.Advance(TimeSpan.FromMilliseconds(50));
        await peer.HandshakeAsync([]);
        var open = new List<OpenRequest> { new(peer, await peer.ReadRequestAsync(), sending) };
        while (open.Count < Streams)
        {
            open.Add(await rig.OpenAsync(peer));
        }

        // One after the other uses half of what it has, which is what the client answers with more, until it gets no more than before. Time
        // stands still, so each round trip is too long for the window.
        byte[] data = new byte[Largest];
        long grown = 0;
        var reading = new List<Task>();
        foreach (OpenRequest request in open)
        {
            reading.Add(ReadAsync(await request.AnswerHeadAsync()));
            long window = 0;
            for (int same = 0; same < 3 && window < Largest;)
            {
                await SendHalfAsync(request.StreamId);
                same = peer.SendWindows[request.StreamId] > window ? 0 : same + 1;
                window = Math.Max(window, peer.SendWindows[request.StreamId]);
                Assert.InRange(peer.SendWindows[0], 0, Warmwire.Http2.Wire.Http2Limits.ConnectionWindow);
            }

            Assert.InRange(window, PeerWindows.Default, Largest);
            grown += window - PeerWindows.Default;
        }

        Assert.InRange(grown, Together * 3 / 4, Together);
        foreach (OpenRequest request in open)
        {
            await peer.SendDataAsync(request.StreamId, "", endStream: true);
        }

        await Guard.Within(Task.WhenAll(reading), () => "the ends of the bodies");

        // What those had is there again for others.
        OpenRequest last = await rig.OpenAsync(peer);
        reading.Add(ReadAsync(await last.AnswerHeadAsync()));
        long largest = 0;
        for (int round = 0; round < 4; round++)
        {
            await SendHalfAsync(last.StreamId);
            largest = Math.Max(largest, peer.SendWindows[last.StreamId]);
        }

        Assert.InRange(largest, 4 * PeerWindows.Default, Largest);
        await peer.SendDataAsync(last.StreamId, "", endStream: true);
        await Guard.Within(Task.WhenAll(reading), () => "the end of the body");

        async Task SendHalfAsync(int streamId)
        {
            int before = peer.WindowUpdates.Count(update => update.StreamId == streamId);
            int half = (int)(peer.SendWindows[streamId] / 2);
            for (int sent = 0; sent < half;)
            {
                await peer.PumpUntilAsync(() => peer.SendWindows[0] > 0, "a window of the connection");
                sent += await peer.SendDataUpToWindowAsync(streamId, data.AsMemory(sent, half - sent));
            }

            await peer.PumpUntilAsync(() => peer.WindowUpdates.Count(update => update.StreamId == streamId) > before, "more of a window");
            await peer.RoundTripAsync();
        }

        static async Task ReadAsync(HttpResponseMessage response)
        {
            using HttpResponseMessage held = response;
            await response.Content.CopyToAsync(Stream.Null);
        }
    }

    [Fact]
    public async Task The_initial_window_is_the_one_of_the_handler()
    {
        using var rig = new Http2Rig(handler => handler.InitialHttp2StreamWindowSize = 200_000);
        OpenRequest open = await rig.StartAsync();
        Assert.Equal(200_000u, open.Peer.ClientSettings[PeerSetting.InitialWindowSize]);
        await open.AnswerAsync();
    }

    private static bool IsData(PeerFrame frame) => frame.Type == FrameType.Data && frame.Payload.Length > 0;

    /// <summary>Reads DATA until the body has come so far.</summary>
    private static async Task ReceiveAsync(OpenRequest open, List<byte> received, int upTo)
    {
        while (received.Count < upTo)
        {
            received.AddRange((await open.Peer.ReadDataAsync(open.StreamId)).Content);
        }

        Assert.Equal(upTo, received.Count);
    }

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
