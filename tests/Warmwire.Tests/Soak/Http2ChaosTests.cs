using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>Servers that keep to HTTP/2 as long as they like: each request ends in its time, and nothing stays behind.</summary>
[Collection(nameof(Alone))]
[Trait("Category", "Soak")]
public sealed class Http2ChaosTests(ITestOutputHelper output)
{
    private const int Workers = 64;
    private const long Slack = 4 * 1024 * 1024;

    // Behind the total time of a request. The machine may have other things to do.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(5);

    [Fact]
    public Task Every_request_ends_in_its_time_whatever_the_server_says() => OwnProcess.RunAsync(typeof(Http2ChaosTests), RunAsync, output);

    private static async Task RunAsync()
    {
        double seconds =
            double.Parse(Environment.GetEnvironmentVariable("WARMWIRE_SOAK_SECONDS") ?? "30", CultureInfo.InvariantCulture) / 3;
        int seed = int.Parse(
            Environment.GetEnvironmentVariable("WARMWIRE_CHAOS_SEED") ?? Random.Shared.Next(1000)
            .ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        try
        {
            await RunAsync(seed, TimeSpan.FromSeconds(seconds));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"WARMWIRE_CHAOS_SEED={seed}: {e.Message}", e);
        }
    }

    private static async Task RunAsync(int seed, TimeSpan time)
    {
        using var unobserved = new UnobservedFailures();
        await using var one = new Http2ChaosServer(seed);
        await using var other = new Http2ChaosServer(seed + 1);
        using var handler = new PooledHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            EnableMultipleHttp2Connections = true,
            Expect100ContinueTimeout = TimeSpan.FromMilliseconds(50),
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
        };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var sockets = new SocketWatch(one.Uri, other.Uri);
        var callers = new Callers(client, one, other);
        await callers.RunAsync(seed, time / 3);
        QuietMoment first = await QuietAsync();
        await callers.RunAsync(seed + 1, time * 2 / 3);
        QuietMoment last = await QuietAsync();

        PoolSnapshot end = handler.GetSnapshot();
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{callers.Sent:N0} requests, {callers.Whole:N0} answered, {callers.Failed:N0} failed, {callers.Cancelled:N0} cancelled, " +
            $"slowest {callers.Slowest}; {one.Accepted + other.Accepted:N0} connections, {end.Replays:N0} replays; " +
            $"heap {first.Memory / 1024:N0} KB at a third, {last.Memory / 1024:N0} KB at the end\n{end}");
        Assert.True(callers.Wrong.IsEmpty, string.Join('\n', callers.Wrong.Take(5)));
        Assert.True(callers.Whole > callers.Sent / 20 && callers.Failed > callers.Sent / 20, "both must happen, or this tests nothing");
        last.AssertNotGrownSince(first, Slack);
        Assert.Empty(unobserved.Collect());

        Task<QuietMoment> QuietAsync() => QuietMoment.ComeAsync(handler, callers.Sent, leaked: 0, () => one.Open + other.Open, sockets);
    }

    private sealed class Callers(HttpClient client, params Http2ChaosServer[] servers)
    {
        private readonly ConcurrentDictionary<string, TimeSpan> _underWay = new();
        private long _sent;
        private long _whole;
        private long _failed;
        private long _cancelled;
        private long _slowest;

        public ConcurrentQueue<string> Wrong { get; } = new();

        public long Sent => Volatile.Read(ref _sent);

        public long Whole => Volatile.Read(ref _whole);

        public long Failed => Volatile.Read(ref _failed);

        public long Cancelled => Volatile.Read(ref _cancelled);

        /// <summary>How much longer than its time a request took, at most.</summary>
        public TimeSpan Slowest => TimeSpan.FromTicks(Volatile.Read(ref _slowest));

        public async Task RunAsync(int seed, TimeSpan time)
        {
            using var stop = new CancellationTokenSource(time);
            Task all = Task.WhenAll(
                Enumerable.Range(0, Workers).Select(worker => Task.Run(() => CallAsync(new Random((seed * 7_919) + worker), stop.Token))));
            try
            {
                await all.WaitAsync(time + TimeSpan.FromSeconds(20));
            }
            catch (TimeoutException e)
            {
                IEnumerable<string> some = _underWay.Take(20).Select(static pair => $"{pair.Key} with {pair.Value}");
                throw new TimeoutException($"{_underWay.Count} requests never end: {string.Join(", ", some)}", e);
            }
        }

        private async Task CallAsync(Random random, CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                string id = $"r{Interlocked.Increment(ref _sent)}";
                var limit = TimeSpan.FromMilliseconds(random.Next(20, 1000));
                Http2ChaosServer server = servers[random.Next(servers.Length)];
                using var cancel = new CancellationTokenSource();
                if (random.Next(6) == 0)
                {
                    cancel.CancelAfter(random.Next(0, 100));
                }

                _underWay[id] = limit;
                long start = Stopwatch.GetTimestamp();
                try
                {
                    await ExchangeAsync(server, id, limit, random, cancel.Token);
                }
                catch (OperationCanceledException) when (cancel.IsCancellationRequested)
                {
                    Interlocked.Increment(ref _cancelled);
                }
                catch (Exception e) when (e is TransportException or HttpIOException or HttpProtocolException)
                {
                    Interlocked.Increment(ref _failed);
                }
                catch (Exception e)
                {
                    Wrong.Enqueue($"{id}: {e}");
                }

                TimeSpan over = Stopwatch.GetElapsedTime(start) - limit;
                if (over.Ticks > Volatile.Read(ref _slowest))
                {
                    Volatile.Write(ref _slowest, over.Ticks);
                }

                if (over > s_margin)
                {
                    Wrong.Enqueue($"{id}: took {over} longer than its {limit}");
                }

                _underWay.TryRemove(id, out _);
            }
        }

        private async Task ExchangeAsync(
            Http2ChaosServer server, string id, TimeSpan limit, Random random, CancellationToken cancellationToken)
        {
            using var request =
                new HttpRequestMessage(
                HttpMethod.Get, new Uri(server.Uri, id)) { Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Options.Set(TransportOptions.Timeout, limit);
            if (random.Next(4) == 0)
            {
                request.Method = HttpMethod.Post;
                byte[] upload = new byte[random.Next(4) == 0 ? random.Next(200_000) : random.Next(500)];
                request.Content = random.Next(2) == 0 ? new ByteArrayContent(upload)
                    : new StreamContent(new MemoryStream(upload), 1 + random.Next(20_000));
                request.Headers.ExpectContinue = random.Next(4) == 0 ? true : null;
            }

            if (random.Next(5) == 0)
            {
                request.Options.Set(TransportOptions.ResponseHeadersTimeout, limit / 2);
                request.Options.Set(TransportOptions.ResponseBodyIdleTimeout, limit / 2);
            }

            using HttpResponseMessage response =
                await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
            byte[] buffer = new byte[random.Next(1, 20_000)];
            using var whole = new MemoryStream();
            while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                whole.Write(buffer, 0, read);
                if (random.Next(40) == 0)
                {
                    break;
                }
            }

            bool own = response.StatusCode == HttpStatusCode.OK && response.Headers.TryGetValues("x-id", out IEnumerable<string>? ids)
                && ids.Single() == id
                && SoakBody.IsOf(id, whole.GetBuffer().AsSpan(0, (int)whole.Length));
            if (!own && !server.IsSoiled(id))
            {
                Wrong.Enqueue(
                    $"{id}: got {response} {Encoding.ASCII.GetString(whole.GetBuffer().AsSpan(0, (int)Math.Min(whole.Length, 60)))}");
            }

            Interlocked.Increment(ref _whole);
        }
    }
}
