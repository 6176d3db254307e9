using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Warmwire.Clients.Tests.Kit;
using Xunit;
using Yarp.ReverseProxy.Forwarder;

namespace Warmwire.Clients.Tests;

/// <summary>A proxy of YARP in the same process whose way to the backend is one of the two handlers.</summary>
public sealed class YarpTests
{
    [Fact]
    [Trait("Issue10", "P1-yarp-idle-cap")]
    public Task A_proxy_under_256_concurrent_requests_opens_hardly_more_connections_than_requests() => AssertAsync(
        app => app.MapGet("/", () => "hello"),
        async (stage, proxy, backend) =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            int answers = 0;
            await Task.WhenAll(Enumerable.Range(0, 256).Select(_ => Task.Run(async () =>
            {
                for (int i = 0; i < 12; i++)
                {
                    Interlocked.Add(ref answers, await client.GetStringAsync(proxy.Uri) == "hello" ? 1 : 0);
                }
            })));
            stage.Outcome.Tell("answers", answers);
            stage.Outcome.TellAtMost("connections to the backend", backend.Connections, slack: 40);
        },
        ("answers", 256 * 12));

    [Fact]
    [Trait("Issue10", "P2-yarp-bursts")]
    public Task A_proxy_under_bursts_of_200_requests_uses_its_connections_again()
    {
        int waiting = 0;
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return AssertAsync(
            app => app.MapGet("/", async () =>
            {
                TaskCompletionSource mine = gate;
                if (Interlocked.Increment(ref waiting) == 200)
                {
                    waiting = 0;
                    gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    mine.SetResult();
                }

                await mine.Task; // all 200 are there at once
                return "hello";
            }),
            async (stage, proxy, backend) =>
            {
                using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
                for (int burst = 0; burst < 4; burst++)
                {
                    await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.GetStringAsync(proxy.Uri)));
                }

                stage.Outcome.TellAtMost("connections to the backend", backend.Connections, slack: 10);
            });
    }

    [Fact]
    [Trait("Issue10", "P4-yarp-streams")]
    public Task A_response_passes_the_proxy_while_it_is_being_written()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return AssertAsync(
            app => app.MapGet("/", async context =>
            {
                await context.Response.WriteAsync("first");
                await context.Response.Body.FlushAsync();
                await gate.Task;
                await context.Response.WriteAsync("last");
            }),
            async (stage, proxy, _) =>
            {
                gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
                using HttpResponseMessage response = await client.GetAsync(proxy.Uri, HttpCompletionOption.ResponseHeadersRead);
                Stream body = await response.Content.ReadAsStreamAsync();
                byte[] buffer = new byte[9];
                await body.ReadExactlyAsync(buffer, 0, 5);
                stage.Outcome.Tell("before the end", System.Text.Encoding.ASCII.GetString(buffer, 0, 5));
                gate.SetResult();
                await body.ReadExactlyAsync(buffer, 5, 4);
                stage.Outcome.Tell("whole", System.Text.Encoding.ASCII.GetString(buffer));
            },
            ("before the end", "first"), ("whole", "firstlast"));
    }

    [Fact]
    [Trait("Issue10", "P4-yarp-streams")]
    public Task An_upload_passes_the_proxy() => AssertAsync(
        app => app.MapPost("/", async context =>
        {
            using var copy = new MemoryStream();
            await context.Request.Body.CopyToAsync(copy);
            await context.Response.WriteAsync($"{copy.Length}");
        }),
        async (stage, proxy, _) =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            using HttpResponseMessage response = await client.PostAsync(proxy.Uri, new ByteArrayContent(new byte[3_000_000]));
            stage.Outcome.Tell("received", await response.Content.ReadAsStringAsync());
        },
        ("received", "3000000"));

    [Fact]
    [Trait("Issue10", "P5-yarp-websocket")]
    public Task A_WebSocket_passes_the_proxy() => AssertAsync(
        app =>
        {
            app.UseWebSockets();
            app.Run(async context =>
            {
                using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                byte[] buffer = new byte[1000];
                while (await socket.ReceiveAsync(buffer, default) is { MessageType: not WebSocketMessageType.Close } received)
                {
                    await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, default);
                }

                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
            });
        },
        async (stage, proxy, _) =>
        {
            using var socket = new ClientWebSocket();
            await socket.ConnectAsync(new UriBuilder(proxy.Uri) { Scheme = "ws" }.Uri, default);
            int echoes = 0;
            byte[] buffer = new byte[1000];
            for (int i = 0; i < 50; i++)
            {
                await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"{i}"), WebSocketMessageType.Text, true, default);
                WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, default);
                echoes += System.Text.Encoding.ASCII.GetString(buffer, 0, received.Count) == $"{i}" ? 1 : 0;
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
            stage.Outcome.Tell("echoes", echoes);
            stage.Outcome.Tell("state", socket.State);
        },
        ("echoes", 50), ("state", WebSocketState.Closed));

    private static Task AssertAsync(
        Action<WebApplication> backendEndpoints, Func<ClientStage, AppServer, AppServer, Task> scenario,
            params (string Fact, object? Value)[] right) =>
        ClientScenario.AssertAsync(
            async stage =>
            {
                await using AppServer backend = await AppServer.StartAsync(backendEndpoints);
                using var invoker = new HttpMessageInvoker(
                    stage.Create(new { UseCookies = false, AllowAutoRedirect = false,
                        AutomaticDecompression = DecompressionMethods.None }), disposeHandler: false);
                string destination = backend.Uri.AbsoluteUri;
                await using AppServer proxy = await AppServer.StartAsync(
                    app =>
                    {
                        IHttpForwarder forwarder = app.Services.GetRequiredService<IHttpForwarder>();
                        app.Run(async context => await forwarder.SendAsync(context, destination, invoker));
                    },
                    services => services.AddHttpForwarder());
                await scenario(stage, proxy, backend);
            },
            right);
}
