using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Clients.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>ClientWebSocket over both handlers, with HTTP/1.1 and HTTP/2.</summary>
public sealed class WebSocketTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Trait("Issue10", "B7-dispose-websocket")]
    public Task A_WebSocket_lives_on_when_its_invoker_and_handler_are_disposed(int version) => ClientScenario.AssertAsync(
        async stage =>
        {
            await using AppServer server = await AppServer.StartAsync(
                app =>
                {
                    app.UseWebSockets();
                    app.Run(async context =>
                    {
                        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                        byte[] buffer = new byte[100];
                        try
                        {
                            while (await socket.ReceiveAsync(buffer, default) is { MessageType: not WebSocketMessageType.Close } received)
                            {
                                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage,
                                    default);
                            }
                        }
                        catch (WebSocketException)
                        {
                            // the client went away
                        }
                    });
                },
                protocols: version == 2 ? HttpProtocols.Http2 : HttpProtocols.Http1);
            var invoker = new HttpMessageInvoker(stage.CreateForLibrary(), disposeHandler: true);
            using var socket = new ClientWebSocket();
            socket.Options.HttpVersion = version == 2 ? HttpVersion.Version20 : HttpVersion.Version11;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            await socket.ConnectAsync(new UriBuilder(server.Uri) { Scheme = "ws" }.Uri, invoker, default);
            invoker.Dispose();
            byte[] echo = new byte[4];
            await stage.Outcome.TellAsync("send", socket.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Text, true, default));
            await stage.Outcome.TellAsync("receive", Guard.Within(socket.ReceiveAsync(echo, default), () => "the echo"));
        },
        ("send", "ok"), ("receive", "ok"));
}
