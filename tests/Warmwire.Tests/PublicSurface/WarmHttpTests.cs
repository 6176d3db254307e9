using System.Net;
using System.Reflection;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Warmwire.Tests.Soak;
using Xunit;

namespace Warmwire.Tests.PublicSurface;

public sealed class WarmHttpTests(ITestOutputHelper output)
{
    [Fact]
    public void A_client_has_the_settings_for_production()
    {
        PooledHttpHandler? handler = null;
        using HttpClient client = WarmHttp.CreateClient(configured => handler = configured);
        Assert.Equal(Timeout.InfiniteTimeSpan, client.Timeout);
        AssertProductionSettings(handler!);
    }

    [Fact]
    public async Task The_last_word_is_that_of_the_caller_and_disposing_the_client_disposes_the_handler()
    {
        PooledHttpHandler? handler = null;
        using (WarmHttp.CreateClient(configured =>
        {
            handler = configured;
            configured.MaxIdleConnections = 7;
        }))
        {
            Assert.Equal(7, handler!.MaxIdleConnections);
        }

        using var invoker = new HttpMessageInvoker(handler!);
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://server.test/"), CancellationToken.None));
    }

    [Fact]
    public void A_handler_that_could_not_be_configured_is_disposed()
    {
        PooledHttpHandler? handler = null;
        Assert.Throws<InvalidTimeZoneException>(() => WarmHttp.CreateClient(configured =>
        {
            handler = configured;
            throw new InvalidTimeZoneException();
        }));
        Assert.Throws<ObjectDisposedException>(() => handler!.MaxIdleConnections = 1);
    }

    [Fact]
    public async Task The_shared_client_is_one_and_disposing_it_breaks_nobody()
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        HttpClient shared = WarmHttp.Shared;
        Assert.Same(shared, WarmHttp.Shared);
        Assert.Equal(Timeout.InfiniteTimeSpan, shared.Timeout);
        Assert.Equal("ok", await shared.GetStringAsync(server.Uri));

        using (shared)
        {
            // what an analyzer or a habit puts around every client
        }

        ((IDisposable)WarmHttp.Shared).Dispose();
        Assert.Equal("ok", await WarmHttp.Shared.GetStringAsync(server.Uri));
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public void The_shared_client_has_the_settings_for_production()
    {
        FieldInfo handler = typeof(HttpMessageInvoker).GetField("_handler", BindingFlags.NonPublic | BindingFlags.Instance)!;
        AssertProductionSettings((PooledHttpHandler)handler.GetValue(WarmHttp.Shared)!);
    }

    [Fact]
    public async Task The_shared_client_shows_its_connections_opens_them_ahead_and_closes_the_idle_ones()
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        Assert.Equal(2, await WarmHttp.PrewarmAsync(server.Uri, 2));
        Assert.Equal("ok", await WarmHttp.Shared.GetStringAsync(server.Uri));
        OriginSnapshot origin = Assert.Single(
            WarmHttp.GetSnapshot().Origins, one => one.Origin == server.Uri.GetLeftPart(UriPartial.Authority));
        Assert.Equal((2, 2), (origin.Open, origin.Idle));
        Assert.Equal(1, await WarmHttp.PrewarmAsync(server.Uri, 3, HttpVersion.Version11));
        Assert.True(WarmHttp.CloseIdleConnections() >= 3);
    }

    [Fact]
    public Task A_snapshot_of_the_shared_client_does_not_make_it() => OwnProcess.RunAsync(
        typeof(WarmHttpTests),
        static () =>
        {
            object lazy = typeof(WarmHttp).GetField("s_shared", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;
            PropertyInfo isMade = lazy.GetType().GetProperty("IsValueCreated")!;
            Assert.Empty(WarmHttp.GetSnapshot().Origins);
            Assert.Equal(0, WarmHttp.CloseIdleConnections());
            Assert.Equal(false, isMade.GetValue(lazy));
            _ = WarmHttp.Shared;
            Assert.Equal(true, isMade.GetValue(lazy));
            return Task.CompletedTask;
        },
        output);

    // Real time: the timeout of HttpClient has the system's clock.
    [Fact]
    public async Task A_timeout_that_the_caller_sets_on_the_client_works_as_ever()
    {
        await using var server = new RawServer((stream, _, token) => RawPeer.CountAsync(stream, long.MaxValue, token));
        using HttpClient client = WarmHttp.CreateClient();
        client.Timeout = TimeSpan.FromMilliseconds(100);
        TaskCanceledException error = await Assert.ThrowsAsync<TaskCanceledException>(() => client.GetAsync(server.Uri));
        Assert.IsType<TimeoutException>(error.InnerException);
    }

    private static void AssertProductionSettings(PooledHttpHandler handler)
    {
        Assert.Equal(TimeSpan.FromSeconds(30), handler.RequestTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), handler.ResponseHeadersTimeout);
        Assert.Equal(100, handler.MaxIdleConnectionsPerServer);
        Assert.Equal(1000, handler.MaxIdleConnections);
    }
}
