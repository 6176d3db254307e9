using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>Many requests at a time against a real server: how many connections they take, and that nothing is mixed up.</summary>
public sealed class BurstTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_bursts_of_200_open_200_connections_and_the_second_opens_none(bool tls)
    {
        // Each burst is answered when all of it is there, so that all of it is under way at once.
        int arrived = 0;
        TaskCompletionSource[] bursts =
            [new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously)];
        await using KestrelServer server = await KestrelServer.StartAsync(async context =>
        {
            int number = Interlocked.Increment(ref arrived);
            TaskCompletionSource burst = bursts[(number - 1) / 200];
            if (number % 200 == 0)
            {
                burst.SetResult();
            }

            await burst.Task;
            await context.Response.WriteAsync(context.Request.Path);
        });
        using PooledHttpHandler handler = NewHandler();
        handler.MaxIdleConnectionsPerServer = 200;
        using var client = new HttpClient(handler);
        Uri root = tls ? server.HttpsUri : server.HttpUri;

        await BurstAsync(client, root);
        Assert.Equal(200, server.Connections);
        await BurstAsync(client, root);

        Assert.Equal(200, server.Connections);
        PoolSnapshot pool = handler.GetSnapshot();
        Assert.Equal((0, 0, 0, 200), (pool.Active, pool.Pending, pool.Dialing, pool.Open));
        Assert.Equal(400, pool.Requests);
        Assert.Empty(pool.Origins[0].ClosedBy);
    }

    [Fact]
    public async Task A_steady_rate_keeps_few_connections()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static context => context.Response.WriteAsync("hello"));
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        var sent = new List<Task>();
        int inFlight = 0;
        int peak = 0;
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (sent.Count < 600)
        {
            sent.Add(SendAsync());
            sent.Add(SendAsync());
            await tick.WaitForNextTickAsync();
        }

        await Task.WhenAll(sent);

        // On a machine that stood still for a moment more were under way at once than at this rate; they may have had a connection each.
        Assert.InRange(server.Connections, 1, Math.Max(30, peak));
        Assert.Equal(600, server.Requests);

        async Task SendAsync()
        {
            peak = Math.Max(peak, Interlocked.Increment(ref inFlight));
            await client.GetStringAsync(server.HttpUri);
            Interlocked.Decrement(ref inFlight);
        }
    }

    [Fact]
    public async Task Synchronous_sends_from_64_threads_get_their_own_answers()
    {
        await using KestrelServer server =
            await KestrelServer.StartAsync(static context => context.Response.WriteAsync(context.Request.Path));
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        var wrong = new ConcurrentQueue<string>();
        Thread[] threads = [.. Enumerable.Range(0, 64).Select(number => new Thread(() =>
        {
            try
            {
                for (int i = 0; i < 10; i++)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.HttpUri, $"{number}-{i}"));
                    using HttpResponseMessage response = client.Send(request);
                    using var reader = new StreamReader(response.Content.ReadAsStream());
                    if (reader.ReadToEnd() is var body && body != $"/{number}-{i}")
                    {
                        wrong.Enqueue(body);
                    }
                }
            }
            catch (Exception e)
            {
                wrong.Enqueue(e.ToString());
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        await Guard.Within(Task.Run(() => Array.ForEach(threads, static thread => thread.Join())), static () => "the threads did not end");

        Assert.Empty(wrong);
        Assert.InRange(server.Connections, 1, 64);
        Assert.Equal(640, server.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hundred_uploads_and_downloads_of_1_MB_side_by_side_arrive_unharmed(bool tls)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static async context =>
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            byte[] block = new byte[32 * 1024];
            int read;
            while ((read = await context.Request.Body.ReadAsync(block)) > 0)
            {
                hash.AppendData(block, 0, read);
                await context.Response.Body.WriteAsync(block.AsMemory(0, read));
            }

            if (context.Response.SupportsTrailers())
            {
                context.Response.AppendTrailer("hash", Convert.ToHexString(hash.GetHashAndReset()));
            }
        });
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
        {
            byte[] data = new byte[1024 * 1024];
            new Random(number).NextBytes(data);
            using var request = new HttpRequestMessage(HttpMethod.Post, tls ? server.HttpsUri : server.HttpUri)
            {
                Content = number % 2 == 0 ? new ByteArrayContent(data) : new StreamContent(new MemoryStream(data)),
            };
            request.Headers.TransferEncodingChunked = number % 3 == 0 ? true : null;
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            byte[] echo = SHA256.HashData(await response.Content.ReadAsStreamAsync());
            Assert.Equal(SHA256.HashData(data), echo);
            if (response.TrailingHeaders.TryGetValues("hash", out IEnumerable<string>? seen))
            {
                Assert.Equal(Convert.ToHexString(echo), seen.Single());
            }
        }));
        await Eventually.IsTrue(() => handler.GetSnapshot().Active == 0, "all are idle");
        Assert.InRange(server.Connections, 1, 100);
    }

    [Fact]
    public async Task A_server_that_says_close_at_random_loses_no_request()
    {
        var random = new Random(1);
        int closes = 0;
        await using KestrelServer server = await KestrelServer.StartAsync(context =>
        {
            lock (random)
            {
                if (random.Next(5) == 0)
                {
                    closes++;
                    context.Response.Headers.Connection = "close";
                }
            }

            return context.Response.WriteAsync(context.Request.Path);
        });
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        await Parallel.ForEachAsync(Enumerable.Range(0, 1000), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, token) =>
            Assert.Equal($"/{number}", await client.GetStringAsync(new Uri(server.HttpUri, $"{number}"), token)));

        PoolSnapshot pool = handler.GetSnapshot();
        Assert.Equal(closes, pool.Origins[0].ClosedBy[CloseReason.ConnectionCloseHeader]);
        Assert.Single(pool.Origins[0].ClosedBy);
        Assert.InRange(pool.ConnectionsOpened, closes, closes + 16);
    }

    private static PooledHttpHandler NewHandler() => new() { UseProxy = false, SslOptions = TestCertificates.Trusting() };

    private static async Task BurstAsync(HttpClient client, Uri root) =>
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
            Assert.Equal($"/{number}", await client.GetStringAsync(new Uri(root, $"{number}")))));
}
