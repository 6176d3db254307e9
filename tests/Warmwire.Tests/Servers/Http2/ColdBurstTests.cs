using System.Net;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>
/// Many requests at once to a server that takes few streams on a connection (SETTINGS_MAX_CONCURRENT_STREAMS): all are answered, none is
/// refused to its caller, and no more connections are dialed than they need.
/// </summary>
public sealed class ColdBurstTests
{
    public static MatrixTheoryData<int, int, bool> Bursts => new([1, 2, 4, 10, 20], [20, 100, 200], [false, true]);

    [Theory]
    [MemberData(nameof(Bursts))]
    public async Task All_are_answered_whatever_the_limit_and_the_burst(int limit, int burst, bool multiple)
    {
        await using KestrelServer server = await StartAsync(limit);
        using PooledHttpHandler handler = NewHandler(multiple);
        using var client = new HttpMessageInvoker(handler);

        // The second time the limit is known, and the connections are new.
        for (int round = 1; round <= 2; round++)
        {
            long before = handler.GetSnapshot().Origins.Sum(static origin => origin.ConnectionsOpened);
            await BurstAsync(client, server.HttpUri, burst);
            OriginSnapshot origin = Assert.Single(handler.GetSnapshot().Origins);
            Assert.Equal(0, origin.Replays);
            long opened = origin.ConnectionsOpened - before;
            int needed = multiple ? (burst + limit - 1) / limit : 1;
            Assert.InRange(opened, 1, needed + 1);
            handler.CloseIdleConnections();
            await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connections close");
        }
    }

    [Fact]
    public async Task What_a_goaway_leaves_out_goes_before_what_is_new()
    {
        const int Parallel = 32;
        await using ChildServer nginx = await ChildServer.StartNginxAsync(tls: false, perConnection: 20);
        using PooledHttpHandler handler = NewHandler(multiple: true);
        using var client = new HttpMessageInvoker(handler);
        int left = 400;
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await GetAsync(client, new Uri(nginx.Uri, "discard"));
            }
        })));
        Assert.True(handler.GetSnapshot().Origins[0].ConnectionsOpened >= 20, "connections went away, or this tests nothing");
    }

    private static Task BurstAsync(HttpMessageInvoker client, Uri uri, int burst) =>
        Task.WhenAll(Enumerable.Range(0, burst).Select(_ => Task.Run(() => GetAsync(client, uri))));

    private static async Task GetAsync(HttpMessageInvoker client, Uri uri)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await response.Content.ReadAsByteArrayAsync();
    }

    private static Task<KestrelServer> StartAsync(int limit) => KestrelServer.StartAsync(
        static async context =>
        {
            // Real time: the server's work, so that the burst is under way all at once.
            await Task.Delay(20);
            await context.Response.WriteAsync("ok");
        },
        new KestrelServerSettings
        {
            Protocols = HttpProtocols.Http2,
            Configure = kestrel => kestrel.Limits.Http2.MaxStreamsPerConnection = limit,
        });

    private static PooledHttpHandler NewHandler(bool multiple) =>
        new() { UseProxy = false, EnableMultipleHttp2Connections = multiple, MaxIdleConnectionsPerServer = 1000 };
}
