using System.Net.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Warmwire.Clients.Tests.Kit;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>The client of SignalR over both handlers, with each of its transports.</summary>
public sealed class SignalRTests
{
    [Theory]
    [InlineData(HttpTransportType.WebSockets)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.LongPolling)]
    [Trait("Issue10", "Q4-signalr")]
    public Task Calls_and_messages_go_both_ways(HttpTransportType transport) => ClientScenario.AssertAsync(
        async stage =>
        {
            await using AppServer server =
                await AppServer.StartAsync(app => app.MapHub<EchoHub>("/hub"), services => services.AddSignalR());
            await using HubConnection connection = new HubConnectionBuilder().WithUrl(new Uri(server.Uri, "hub"), transport, options =>
            {
                options.HttpMessageHandlerFactory = _ => stage.CreateForLibrary();
            }).Build();
            int messages = 0;
            connection.On<string>("message", _ => Interlocked.Increment(ref messages));
            await connection.StartAsync();
            int echoes = 0;
            for (int i = 0; i < 20; i++)
            {
                echoes += await connection.InvokeAsync<string>("Echo", $"{i}") == $"{i}" ? 1 : 0;
            }

            int streamed = 0;
            await foreach (int item in connection.StreamAsync<int>("Count", 50))
            {
                streamed += item >= 0 ? 1 : 0;
            }

            await Warmwire.Tests.Kit.Eventually.IsTrue(() => messages == 20, "every message comes");
            await connection.StopAsync();
            stage.Outcome.Tell("echoes", echoes);
            stage.Outcome.Tell("streamed", streamed);
            stage.Outcome.Tell("state", connection.State);
        },
        ("echoes", 20), ("streamed", 50), ("state", HubConnectionState.Disconnected));

    private sealed class EchoHub : Hub
    {
        public async Task<string> Echo(string text)
        {
            await Clients.Caller.SendAsync("message", text);
            return text;
        }

        public async IAsyncEnumerable<int> Count(int to)
        {
            for (int i = 0; i < to; i++)
            {
                await Task.Yield();
                Context.ConnectionAborted.ThrowIfCancellationRequested();
                yield return i;
            }
        }
    }
}
