using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>Against a real server in the same process.</summary>
public sealed class KestrelTests
{
    [Fact]
    public async Task A_second_request_reuses_the_connection_of_the_first()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static context => context.Response.WriteAsync("hello"));
        using var client = new HttpClient(new PooledHttpHandler());

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("hello", await client.GetStringAsync(server.HttpUri));
        }

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task Two_bursts_of_200_open_200_connections_at_most_and_the_second_opens_none()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static async context =>
        {
            await Task.Delay(20);
            await context.Response.WriteAsync("hello");
        });
        using var handler = new PooledHttpHandler { MaxIdleConnectionsPerServer = 200 };
        using var client = new HttpClient(handler);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.GetStringAsync(server.HttpUri)));

        // Requests that took a freed connection leave their dials under way; those belong to the first burst.
        await Eventually.IsTrue(() => handler.GetSnapshot() is { Dialing: 0, Active: 0 } rested && rested.Open == server.Connections, "the dials of the first burst end");
        int first = server.Connections;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.GetStringAsync(server.HttpUri)));

        Assert.InRange(first, 1, 200);
        Assert.Equal(first, server.Connections);
        Assert.Equal(0, handler.GetSnapshot().Active);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5_000)]
    [InlineData(1_000_000)]
    public async Task Uploads_come_back_as_they_were_sent_sized_and_chunked_over_http_and_https(int length)
    {
        byte[] body = new byte[length];
        Random.Shared.NextBytes(body);
        await using KestrelServer server = await KestrelServer.StartAsync(static async context =>
        {
            using var copy = new MemoryStream();
            await context.Request.Body.CopyToAsync(copy);
            await context.Response.Body.WriteAsync(copy.ToArray());
        });
        using var handler = new PooledHttpHandler { SslOptions = TestCertificates.Trusting() };
        using var client = new HttpClient(handler);
        foreach (Uri uri in new[] { server.HttpUri, server.HttpsUri })
        {
            foreach (bool chunked in new[] { false, true })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = new ByteArrayContent(body) };
                request.Headers.TransferEncodingChunked = chunked ? true : null;
                using HttpResponseMessage response = await client.SendAsync(request);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
            }
        }

        Assert.Equal(2, server.Connections);
    }
}
