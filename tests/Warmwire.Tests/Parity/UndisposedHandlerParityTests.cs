using System.Runtime.CompilerServices;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Handlers that nobody disposes: they become unreachable, and their connections close.</summary>
public sealed class UndisposedHandlerParityTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Issue10", "G1-undisposed-handlers")]
    public Task Connections_of_handlers_that_nobody_disposed_close_when_the_handlers_are_collected(bool infiniteIdleTimeout) =>
        ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            for (int i = 0; i < 50; i++)
            {
                await UseAndForgetAsync(stage, server.Uri, infiniteIdleTimeout);
            }

            await ParityStage.CollectUntilAsync(() => server.Open == 0);
            stage.Outcome.Tell("open connections after collection", server.Open);
        },
        ("open connections after collection", 0));

    [Fact]
    [Trait("Issue10", "G2-undisposed-handlers-h2")]
    public Task Connections_of_HTTP_2_of_handlers_that_nobody_disposed_close_too() => ParityScenario.AssertDifferenceAsync(
        async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(_ => Task.CompletedTask, new KestrelServerSettings
            {
                Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2,
            });
            for (int i = 0; i < 20; i++)
            {
                await UseHttp2AndForgetAsync(stage, server.HttpUri);
            }

            await ParityStage.CollectUntilAsync(() => server.OpenConnections == 0);
            stage.Outcome.Tell("open connections after collection", server.OpenConnections);
        },
        ("open connections after collection", 20, 0));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task UseAndForgetAsync(ParityStage stage, Uri uri, bool infiniteIdleTimeout)
    {
        HttpMessageHandler handler = infiniteIdleTimeout
            ? stage.Create(new { PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan }) : stage.Create();
        stage.Forget(handler);
        await new HttpClient(handler).GetStringAsync(uri);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task UseHttp2AndForgetAsync(ParityStage stage, Uri uri)
    {
        HttpMessageHandler handler = stage.Create();
        stage.Forget(handler);
        using HttpRequestMessage request = ParityStage.Http2(HttpMethod.Get, uri: uri.AbsoluteUri);
        using HttpResponseMessage response = await new HttpClient(handler).SendAsync(request);
    }
}
