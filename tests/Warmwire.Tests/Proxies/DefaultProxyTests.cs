using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Soak;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>
/// <see cref="HttpClient.DefaultProxy"/> is the process's, so it is set in a process of its own.
/// </summary>
public sealed class DefaultProxyTests(ITestOutputHelper output)
{
    [Fact]
    public Task The_proxy_of_the_process_is_used_by_a_handler_that_has_none() => OwnProcess.RunAsync(
        typeof(DefaultProxyTests),
        static async () =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(static _ => Task.CompletedTask);
            await using var proxy = new TestProxy("http");
            await using var own = new TestProxy("http");
            HttpClient.DefaultProxy = new WebProxy(proxy.Uri);
            Uri uri = new UriBuilder(server.HttpUri) { Host = "server.test", Path = "/a" }.Uri;

            await AssertServedAsync(new PooledHttpHandler(), uri);
            Assert.Equal([$"GET {uri} HTTP/1.1"], proxy.Asked);

            await AssertServedAsync(new PooledHttpHandler { Proxy = new WebProxy(own.Uri) }, uri);
            await AssertServedAsync(new PooledHttpHandler { UseProxy = false }, server.HttpUri);
            Assert.Equal((1, 1), (proxy.Asked.Count, own.Asked.Count));
        },
        output);

    private static async Task AssertServedAsync(PooledHttpHandler handler, Uri uri)
    {
        using var client = new HttpClient(handler);
        using HttpResponseMessage response = await client.GetAsync(uri);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
