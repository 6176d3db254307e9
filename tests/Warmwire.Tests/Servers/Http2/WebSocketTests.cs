using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>WebSockets over HTTP/2: extended CONNECT (RFC 8441).</summary>
public sealed class WebSocketTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_websocket_is_a_stream_among_others(bool tls)
    {
        await using KestrelServer server = await StartAsync();
        using var invoker = new HttpMessageInvoker(Subject.Create());
        using ClientWebSocket socket = await ConnectAsync(server, invoker, tls);
        foreach (int length in new[] { 0, 1, 125, 70_000, 1_000_000 })
        {
            byte[] message = new byte[length];
            Random.Shared.NextBytes(message);
            Task sending = socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            Assert.Equal(message, await Guard.Within(ReadMessageAsync(socket), () => $"the echo of {length} bytes"));
            await sending;
        }

        using ClientWebSocket second = await ConnectAsync(server, invoker, tls);
        Assert.Equal(1, server.Connections);
        await Guard.Within(
            socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None), () => "the close handshake");
        Assert.Equal((WebSocketState.Closed, WebSocketCloseStatus.NormalClosure), (socket.State, socket.CloseStatus));
        await second.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        Assert.Equal("still here"u8.ToArray(), await ReadMessageAsync(second));
    }

    [Fact]
    public async Task A_websocket_that_is_dropped_leaves_the_connection_alone()
    {
        await using KestrelServer server = await StartAsync();
        using var invoker = new HttpMessageInvoker(Subject.Create());
        for (int i = 0; i < 20; i++)
        {
            using ClientWebSocket socket = await ConnectAsync(server, invoker, tls: false);
            await socket.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            Assert.Equal("x"u8.ToArray(), await ReadMessageAsync(socket));
            socket.Abort();
        }

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_refusal_is_a_failure_of_the_websocket_alone()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            static context =>
            {
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return Task.CompletedTask;
            },
            new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
        using var invoker = new HttpMessageInvoker(Subject.Create());
        for (int i = 0; i < 3; i++)
        {
            await Assert.ThrowsAnyAsync<WebSocketException>(() => ConnectAsync(server, invoker, tls: false));
        }

        Assert.Equal(1, server.Connections);
    }

    /// <summary>
    /// What speaks HTTP/1.1 only, and what speaks HTTP/2 but no extended CONNECT: the websocket goes over HTTP/1.1 then, where it may.
    /// </summary>
    [Theory]
    [InlineData(HttpProtocols.Http1, true)]
    [InlineData(HttpProtocols.Http1, false)]
    [InlineData(HttpProtocols.Http1AndHttp2, false)]
    public async Task A_websocket_goes_over_HTTP_1_where_it_must(HttpProtocols protocols, bool tls)
    {
        await using KestrelServer server = await StartAsync(protocols);
        using var invoker = new HttpMessageInvoker(Subject.Create());
        using ClientWebSocket socket = await ConnectAsync(server, invoker, tls, HttpVersionPolicy.RequestVersionOrLower);
        await socket.SendAsync("down"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        Assert.Equal("down"u8.ToArray(), await ReadMessageAsync(socket));
        if (tls)
        {
            await Assert.ThrowsAnyAsync<WebSocketException>(() => ConnectAsync(server, invoker, tls));
        }
    }

    private static async Task<ClientWebSocket> ConnectAsync(
        KestrelServer server, HttpMessageInvoker invoker, bool tls, HttpVersionPolicy policy = HttpVersionPolicy.RequestVersionExact)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = policy;
        Uri uri = new UriBuilder(tls ? server.HttpsUri : server.HttpUri) { Scheme = tls ? "wss" : "ws" }.Uri;
        await Guard.Within(socket.ConnectAsync(uri, invoker, CancellationToken.None), () => "the websocket");
        return socket;
    }

    private static async Task<byte[]> ReadMessageAsync(WebSocket socket)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult piece = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            message.Write(buffer, 0, piece.Count);
            if (piece.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }

    private static Task<KestrelServer> StartAsync(HttpProtocols protocols = HttpProtocols.Http2) =>
        KestrelServer.StartAsync(WebSocketEcho.Invoke, new KestrelServerSettings { Protocols = protocols });
}
