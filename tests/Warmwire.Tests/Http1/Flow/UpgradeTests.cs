using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Connections that become the application's own: 101 Switching Protocols and CONNECT.</summary>
public sealed class UpgradeTests
{
    private const string Switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public async Task After_101_the_stream_is_raw_in_both_directions_and_the_bytes_behind_the_head_are_first(int bytesPerRead)
    {
        using var rig = new Rig(transport: new MemoryTransportOptions { MaxBytesPerRead = bytesPerRead });
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Switching + "first", Upgrade());
        Assert.Equal(HttpStatusCode.SwitchingProtocols, response.StatusCode);
        Assert.Equal("echo", response.Headers.Upgrade.Single().Name);
        Stream stream = await response.Content.ReadAsStreamAsync();
        Assert.Equal((true, true, false), (stream.CanRead, stream.CanWrite, stream.CanSeek));
        byte[] five = new byte[5];
        await stream.ReadExactlyAsync(five);
        Assert.Equal("first", Encoding.ASCII.GetString(five));

        await stream.WriteAsync("ping\n"u8.ToArray());
        await stream.FlushAsync();
        Assert.Equal("ping\n", Encoding.ASCII.GetString(await peer.ReadExactlyAsync(5)));
        Task<int> read = stream.ReadAsync(five, 0, 5);
        await peer.SendAsync("p");
        Assert.Equal(1, await read);
        Assert.Equal("Upgraded", Assert.Single(rig.Origin.Connections).State);

        await stream.DisposeAsync();
        rig.AssertClosedFor(CloseReason.Upgraded);
        await peer.ExpectClosedAsync();
        Assert.False(stream.CanRead);
        await RigReading.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(five).AsTask());
        await RigReading.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync(five).AsTask());
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task On_a_reused_connection_too()
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        Task<HttpResponseMessage> sending = rig.SendAsync(Upgrade());
        await peer.ReadRequestAsync();
        await peer.SendAsync(Switching);
        using HttpResponseMessage response = await sending;
        Stream stream = await response.Content.ReadAsStreamAsync();
        Task<string> read = stream.ReadTextAsync();
        await peer.SendAsync("hello");
        Assert.Equal("hello", await read);
        peer.Close();
        Assert.Equal("", await stream.ReadTextAsync());
        response.Dispose();
        rig.AssertClosedFor(CloseReason.Upgraded);
    }

    [Fact]
    public async Task Disposing_the_response_alone_closes_it()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Switching, Upgrade());
        response.Dispose();
        rig.AssertClosedFor(CloseReason.Upgraded);
        await peer.ExpectClosedAsync();
    }

    [Fact]
    public async Task The_applications_first_write_waits_for_the_end_of_the_request()
    {
        GatedStream? transport = null;
        using var rig = new Rig(GatedStream.In(made => transport = made));
        ScriptedPeer peer = await rig.WarmUpAsync();
        transport!.HoldWrites();
        Task<HttpResponseMessage> sending = rig.SendAsync(Upgrade());
        await peer.ReadRequestAsync();
        await peer.SendAsync(Switching);
        using HttpResponseMessage response = await sending;
        Stream stream = await response.Content.ReadAsStreamAsync();
        Task write = stream.WriteAsync("raw"u8.ToArray()).AsTask();
        await peer.ExpectNoBytesAsync();
        Assert.False(write.IsCompleted);
        transport.ReleaseWrites();
        await Guard.Within(write, () => "the write");
        Assert.Equal("raw", Encoding.ASCII.GetString(await peer.ReadExactlyAsync(3)));
    }

    [Fact]
    public async Task A_server_that_refuses_the_upgrade_sends_an_ordinary_response()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok("no"), Upgrade());
        Assert.Equal("no", await response.Content.ReadAsStringAsync());
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task Connect_gives_a_raw_stream_whatever_framing_the_answer_claims()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Method = HttpMethod.Connect;
        request.Headers.Host = "target.test:443";
        (HttpResponseMessage response, ScriptedPeer peer) =
            await rig.StartAsync("HTTP/1.1 200 Connected\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nraw bytes", request);
        Assert.StartsWith("CONNECT target.test:443 HTTP/1.1\r\nHost: target.test:443\r\n", peer.Seen, StringComparison.Ordinal);
        Stream stream = await response.Content.ReadAsStreamAsync();
        byte[] nine = new byte[9];
        await stream.ReadExactlyAsync(nine);
        Assert.Equal("raw bytes", Encoding.ASCII.GetString(nine));
        await stream.WriteAsync("up"u8.ToArray());
        Assert.Equal("up", Encoding.ASCII.GetString(await peer.ReadExactlyAsync(2)));
        response.Dispose();
        rig.AssertClosedFor(CloseReason.Upgraded);
    }

    [Fact]
    public async Task A_refused_connect_is_an_ordinary_response()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Method = HttpMethod.Connect;
        request.Headers.Host = "target.test:443";
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", request);
        Assert.Equal("no", await response.Content.ReadAsStringAsync());
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task Cancelling_just_before_101_closes_the_connection()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Upgrade(), cancel.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await Eventually.IsTrue(() => peer.End.IsClientReading, "the client waits for the answer");
        await cancel.CancelAsync();
        await RigReading.ThrowsAsync<TaskCanceledException>(() => sending);
        await peer.SendAsync(Switching);
        await rig.ExpectClosedForAsync(CloseReason.Cancelled);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_web_socket_of_dotnet_works_over_it(bool tls)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static async context =>
        {
            var upgrade = context.Features.GetRequiredFeature<IHttpUpgradeFeature>();
            string key = context.Request.Headers["Sec-WebSocket-Key"].ToString();
#pragma warning disable CA5350 // RFC 6455 §4.2.2 wants SHA-1
            byte[] accept =
                System.Security.Cryptography.SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
#pragma warning restore CA5350
            context.Response.Headers.Upgrade = "websocket";
            context.Response.Headers["Sec-WebSocket-Accept"] = Convert.ToBase64String(accept);
            await using Stream stream = await upgrade.UpgradeAsync();
            using WebSocket socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
            byte[] buffer = new byte[4096];
            while (true)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                await socket.SendAsync(
                    buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
            }
        });
        using var handler = new PooledHttpHandler { UseProxy = false, SslOptions = TestCertificates.Trusting() };
        using var invoker = new HttpMessageInvoker(handler);
        using var client = new ClientWebSocket();
        var uri = new UriBuilder(tls ? server.HttpsUri : server.HttpUri) { Scheme = tls ? "wss" : "ws" };
        await Guard.Within(client.ConnectAsync(uri.Uri, invoker, CancellationToken.None), () => "the web socket");
        byte[] answer = new byte[100];
        foreach (string text in new[] { "one", "two", "three" })
        {
            await client.SendAsync(Encoding.ASCII.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            WebSocketReceiveResult received = await Guard.Within(client.ReceiveAsync(answer, CancellationToken.None), () => "the echo");
            Assert.Equal(text, Encoding.ASCII.GetString(answer, 0, received.Count));
        }

        await Guard.Within(client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None), () => "the close");
        client.Dispose();
        await Eventually.IsTrue(
            () => Assert.Single(handler.GetSnapshot().Origins).ClosedBy.ContainsKey(CloseReason.Upgraded), "the connection closes");
    }

    private static HttpRequestMessage Upgrade()
    {
        HttpRequestMessage request = Rig.Get();
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.ParseAdd("echo");
        return request;
    }
}
