using System.Reflection;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Tests.PublicSurface;

public sealed class WarmHttpTests
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

    private static void AssertProductionSettings(PooledHttpHandler handler)
    {
        Assert.Equal(TimeSpan.FromSeconds(30), handler.RequestTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), handler.ResponseHeadersTimeout);
        Assert.Equal(100, handler.MaxIdleConnectionsPerServer);
        Assert.Equal(1000, handler.MaxIdleConnections);
    }
}
