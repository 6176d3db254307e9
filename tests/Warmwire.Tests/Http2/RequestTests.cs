using System.Net;
using System.Net.WebSockets;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>What a request looks like on the wire (RFC 9113 §8.2 and §8.3), and what the client says first.</summary>
public sealed class RequestTests
{
    [Fact]
    public async Task The_client_turns_push_off_and_acknowledges_every_settings_frame()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync((PeerSetting.MaxConcurrentStreams, 100));
        Assert.Equal(0u, open.Peer.ClientSettings[PeerSetting.EnablePush]);
        Assert.InRange(open.Peer.ClientSettings.GetValueOrDefault(PeerSetting.MaxFrameSize, 16_384u), 16_384u, (1u << 24) - 1);
        for (int i = 0; i < 3; i++)
        {
            await open.Peer.SendSettingsAsync((PeerSetting.MaxConcurrentStreams, (uint)(10 + i)));
        }

        await open.Peer.RoundTripAsync();
        Assert.Equal(4, open.Peer.SettingsAcknowledged);
        await open.AnswerAsync();
    }

    [Fact]
    public async Task Fields_of_the_connection_are_left_out()
    {
        using var rig = new Http2Rig();
        HttpRequestMessage message = Http2Rig.Post("body");
        message.Headers.Connection.Add("x-hop");
        message.Headers.ConnectionClose = true;
        message.Headers.TransferEncodingChunked = true;
        message.Headers.TryAddWithoutValidation("Keep-Alive", "timeout=5");
        message.Headers.TryAddWithoutValidation("Proxy-Connection", "keep-alive");
        message.Headers.Upgrade.ParseAdd("h2c");
        OpenRequest open = await rig.StartAsync(message);
        Assert.DoesNotContain(
            open.Request.Fields,
            field => field.Name is "connection" or "keep-alive" or "proxy-connection" or "transfer-encoding" or "upgrade" or "host");
        Assert.Equal("body"u8.ToArray(), await open.Peer.ReadBodyAsync(open.StreamId));
        await open.AnswerAsync();
    }

    [Fact]
    public async Task The_host_field_is_the_authority()
    {
        using var rig = new Http2Rig();
        HttpRequestMessage message = Http2Rig.Get();
        message.Headers.Host = "other.test:81";
        OpenRequest open = await rig.StartAsync(message);
        Assert.Equal(("other.test:81", null), (open.Request.Authority, open.Request["host"]));
        await open.AnswerAsync();
    }

    [Fact]
    public async Task Long_fields_are_continued_and_read_again_from_the_table()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        for (int i = 0; i < 3; i++)
        {
            HttpRequestMessage message = Http2Rig.Get($"{i}");
            message.Headers.Add("x-long", new string((char)('a' + i), 40_000));
            message.Headers.Add("x-same", "the same each time");
            message.Headers.Add("cookie", "a=1; b=2");
            OpenRequest open = await rig.OpenAsync(peer, message);
            Assert.Equal((40_000, "the same each time"), (open.Request["x-long"]!.Length, open.Request["x-same"]));
            await open.AnswerAsync();
        }
    }

    [Fact]
    public async Task Latin_and_empty_values_arrive_as_they_are()
    {
        using var rig = new Http2Rig();
        HttpRequestMessage message = Http2Rig.Get("a%20b?c=%C3%A9");
        message.Headers.TryAddWithoutValidation("x-empty", "");
        message.Headers.TryAddWithoutValidation("x-marks", "\"!#$%&'()*+,-./:;<=>?@[]^_`{|}~\\");
        OpenRequest open = await rig.StartAsync(message);
        Assert.Equal("/a%20b?c=%C3%A9", open.Request.Path);
        Assert.Equal(("", "\"!#$%&'()*+,-./:;<=>?@[]^_`{|}~\\"), (open.Request["x-empty"], open.Request["x-marks"]));
        await open.AnswerAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task A_smaller_table_is_confirmed_by_the_next_header_block(int size)
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        await peer.SendSettingsAsync((PeerSetting.HeaderTableSize, (uint)size));
        await peer.RoundTripAsync();
        await rig.AssertServesAsync(peer);
        Assert.InRange(peer.HeaderTableSize, 0, size); // RFC 9113 §4.3.1
        await rig.AssertServesAsync(peer);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_has_a_length_or_none(bool sized)
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync(
            Http2Rig.Post(new PushContent(stream => stream.WriteAsync("body"u8.ToArray()).AsTask(), sized ? 4 : null)));
        Assert.Equal(sized ? "4" : null, open.Request["content-length"]);
        Assert.Equal("body"u8.ToArray(), await open.Peer.ReadBodyAsync(open.StreamId));
        await open.AnswerAsync();
    }

    [Fact]
    public async Task A_flush_sends_what_was_written_so_far()
    {
        using var rig = new Http2Rig();
        var more = new TaskCompletionSource();
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new PushContent(async stream =>
        {
            await stream.WriteAsync("first"u8.ToArray());
            await stream.FlushAsync();
            await more.Task;
        })));
        Assert.Equal("first"u8.ToArray(), (await open.Peer.ReadDataAsync(open.StreamId)).Payload);
        more.SetResult();
        Assert.Empty(await open.Peer.ReadBodyAsync(open.StreamId));
        await open.AnswerAsync();
    }

    [Fact]
    public async Task Extended_CONNECT_names_its_protocol_and_its_stream_goes_both_ways()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.EnableConnectProtocol, 1));
        using var socket = new ClientWebSocket
        {
            Options = { HttpVersion = HttpVersion.Version20, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact },
        };
        Task connecting = socket.ConnectAsync(new Uri("ws://server.test/chat"), rig.Invoker, CancellationToken.None);
        PeerRequest request = await peer.ReadRequestAsync();
        Assert.Equal(
            ("CONNECT", "websocket", "http", "/chat", false),
            (request.Method, request[":protocol"], request.Scheme, request.Path, request.EndStream));
        Assert.Equal("13", request["sec-websocket-version"]);
        await peer.SendHeadAsync(request.StreamId, 200);
        await Guard.Within(connecting, () => "the websocket");
        await peer.SendDataAsync(request.StreamId, [0x81, 2, (byte)'h', (byte)'i']);
        byte[] buffer = new byte[10];
        Assert.Equal(2, (await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).Count);
        await socket.SendAsync("yo"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        Assert.Equal(2 + 4 + 2, (await peer.ReadDataAsync(request.StreamId)).Payload.Length);
        socket.Abort();
        await peer.ExpectRstAsync(request.StreamId);
        await rig.AssertServesAsync(peer);
    }

    [Fact]
    public async Task Extended_CONNECT_is_not_sent_to_a_server_that_does_not_offer_it()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        using var socket = new ClientWebSocket
        {
            Options = { HttpVersion = HttpVersion.Version20, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact },
        };
        Task connecting = socket.ConnectAsync(new Uri("ws://server.test/chat"), rig.Invoker, CancellationToken.None);
        await Assert.ThrowsAnyAsync<WebSocketException>(() => Guard.Within(connecting, () => "the refusal"));
        await peer.ExpectNoRequestAsync();
        await rig.AssertServesAsync(peer);
    }
}
