using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Connections;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Pooling;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Soak;

/// <summary>
/// Very much of one thing, in a process of its own, which holds no more at the end than near the beginning. The environment says how much;
/// the suite has a small part.
/// </summary>
[Collection(nameof(Alone))]
[Trait("Category", "Soak")]
public sealed class FlatRunTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(30);

    private static ITestOutputHelper Output => TestContext.Current.TestOutputHelper!;

    // ---- Handlers ---------------------------------------------------------------------------------------------------

    /// <summary>WARMWIRE_FLAT_HANDLERS: 10,000 at full length.</summary>
    [Fact]
    public Task Handlers_made_and_disposed() => OwnProcess.RunAsync(typeof(FlatRunTests), HandlersAsync, output, limit: s_limit);

    private static async Task HandlersAsync()
    {
        int all = (int)ProcessState.Length("WARMWIRE_FLAT_HANDLERS", 1_000);
        await using RawServer server = LoopbackServers.Answering();
        await using KestrelServer http2 = await KestrelServer.StartAsync(
            static context => context.Response.WriteAsync("ok"), new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
        await UseAsync(all / 5);
        await AllEndedAsync();
        ProcessState first = ProcessState.Now();
        long start = Stopwatch.GetTimestamp();
        await UseAsync(all);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        await AllEndedAsync();
        ProcessState last = ProcessState.Now();
        Output.WriteLine($"{all:N0} handlers in {time.TotalSeconds:0.0} s: {first}; then {last}");
        last.AssertFlatSince(first, heap: 512 * 1024);

        Task AllEndedAsync() => Eventually.IsTrue(
            () =>
            {
                // Those that were left to the collector too.
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return server.Open == 0 && http2.OpenConnections == 0;
            },
            "the servers see the ends");

        async Task UseAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                // One of ten is left to the garbage collector.
                var handler = new PooledHttpHandler { UseProxy = false };
                var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
                foreach (Uri uri in new[] { server.Uri, http2.HttpUri })
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, uri);
                    if (uri == http2.HttpUri)
                    {
                        request.Version = HttpVersion.Version20;
                        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
                    }

                    using HttpResponseMessage response = await invoker.SendAsync(request, CancellationToken.None);
                    await response.Content.ReadAsByteArrayAsync();
                }

                if (i % 10 != 0)
                {
                    handler.Dispose();
                }
                else if (i % 200 == 0)
                {
                    GC.Collect();
                }
            }
        }
    }

    // ---- Waiters ----------------------------------------------------------------------------------------------------

    /// <summary>WARMWIRE_FLAT_WAITERS: 100,000 at full length.</summary>
    [Fact]
    public Task Waiters_that_are_served_cancelled_and_timed_out() =>
        OwnProcess.RunAsync(typeof(FlatRunTests), WaitersAsync, output, limit: s_limit);

    private static async Task WaitersAsync()
    {
        const int Rounds = 3;
        int all = (int)ProcessState.Length("WARMWIRE_FLAT_WAITERS", 20_000);
        using var rig = new StubRig(settings =>
        {
            settings.MaxConnectionsPerServer = 1;
            settings.PendingRequestTimeout = TimeSpan.FromMinutes(1);
        });

        // Twice: the queues of the thread pool's threads, which each thread keeps, are then as long as they become.
        await RoundAsync(all);
        await RoundAsync(all);
        ProcessState first = ProcessState.Now();
        int timers = rig.Time.PendingTimers;
        long waiting = 0;
        for (int i = 0; i < Rounds; i++)
        {
            waiting = await RoundAsync(all);
        }

        ProcessState last = ProcessState.Now();
        Output.WriteLine(
            $"{Rounds} times {all:N0} waiters in each of three ways, {(waiting - first.Heap) / all:N0} bytes each: {first}; then {last}");
        last.AssertFlatSince(first, heap: 3 * 1024 * 1024);
        Assert.Equal(timers, rig.Time.PendingTimers);
        Assert.Equal((1, 1, 0, 0), (rig.Origin.Open, rig.Origin.Idle, rig.Origin.Pending, rig.Origin.Dialing));

        async Task<long> RoundAsync(int count)
        {
            StubConnection busy = await rig.Lease();
            using var cancel = new CancellationTokenSource();
            Task<HttpConnection>[] cancelled = Ask(count, cancel.Token);
            long held = ProcessState.Now().Heap;
            Assert.Equal(count, rig.Origin.Pending);
            await cancel.CancelAsync();
            Assert.All(await Outcomes(cancelled), static outcome => Assert.IsAssignableFrom<OperationCanceledException>(outcome));

            Task<HttpConnection>[] late = Ask(count, CancellationToken.None);
            rig.Time.Advance(TimeSpan.FromMinutes(2));
            Assert.All(await Outcomes(late), static outcome => Assert.True(((TransportException)outcome!).IsTimeout));

            Task<HttpConnection>[] served = Ask(count, CancellationToken.None);
            busy.Release();
            foreach (Task<HttpConnection> one in served)
            {
                (await one).Release();
            }

            return held;
        }

        Task<HttpConnection>[] Ask(int count, CancellationToken token)
        {
            var asked = new Task<HttpConnection>[count];
            for (int i = 0; i < count; i++)
            {
                asked[i] = rig.Pool.LeaseAsync(StubRig.RouteTo(), rig.Attempt(token: token), replacementFor: null).AsTask();
            }

            return asked;
        }

        static async Task<Exception?[]> Outcomes(Task<HttpConnection>[] tasks)
        {
            var outcomes = new Exception?[tasks.Length];
            for (int i = 0; i < tasks.Length; i++)
            {
                outcomes[i] = await Record.ExceptionAsync(() => tasks[i]);
            }

            return outcomes;
        }
    }

    // ---- One connection ---------------------------------------------------------------------------------------------

    /// <summary>WARMWIRE_FLAT_GIGABYTES: 64 at full length.</summary>
    [Fact]
    public Task Bytes_down_one_connection_of_HTTP_1() => OwnProcess.RunAsync(
        typeof(FlatRunTests), static () => BytesAsync(HttpProtocols.Http1, isUpload: false), output, limit: s_limit);

    [Fact]
    public Task Bytes_down_one_connection_of_HTTP_2() => OwnProcess.RunAsync(
        typeof(FlatRunTests), static () => BytesAsync(HttpProtocols.Http2, isUpload: false), output, limit: s_limit);

    [Fact]
    public Task Bytes_up_one_connection_of_HTTP_1() => OwnProcess.RunAsync(
        typeof(FlatRunTests), static () => BytesAsync(HttpProtocols.Http1, isUpload: true), output, limit: s_limit);

    [Fact]
    public Task Bytes_up_one_connection_of_HTTP_2() => OwnProcess.RunAsync(
        typeof(FlatRunTests), static () => BytesAsync(HttpProtocols.Http2, isUpload: true), output, limit: s_limit);

    private static async Task BytesAsync(HttpProtocols protocols, bool isUpload)
    {
        // Several bodies, so that windows and buffers begin again; the states are measured between them.
        const int Bodies = 16;
        long all = (long)(ProcessState.Length("WARMWIRE_FLAT_GIGABYTES", 0.5) * 1024 * 1024 * 1024);
        var content = new byte[256 * 1024];
        await using KestrelServer server = await KestrelServer.StartAsync(
            context => ServeAsync(context, content, all / Bodies),
            new KestrelServerSettings
            {
                Protocols = protocols,
                Configure = static kestrel => kestrel.Limits.MaxRequestBodySize = null,
            });
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler);
        var states = new List<ProcessState>();
        long moved = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Bodies; i++)
        {
            using var request = new HttpRequestMessage(isUpload ? HttpMethod.Post : HttpMethod.Get, server.HttpUri)
            {
                Version = protocols == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = isUpload ? new Much(content, all / Bodies) : null,
            };
            using HttpResponseMessage response = await invoker.SendAsync(request, CancellationToken.None);
            Stream body = await response.Content.ReadAsStreamAsync();
            if (isUpload)
            {
                using var reader = new StreamReader(body);
                moved += long.Parse(await reader.ReadToEndAsync(), System.Globalization.CultureInfo.InvariantCulture);
            }
            else
            {
                var buffer = new byte[256 * 1024];
                for (int read; (read = await body.ReadAsync(buffer)) > 0;)
                {
                    moved += read;
                }
            }

            states.Add(ProcessState.Now());
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        PoolSnapshot end = handler.GetSnapshot();
        Output.WriteLine(
            $"{moved / 1e9:0.0} GB {(isUpload ? "up" : "down")} {protocols} in {time.TotalSeconds:0} s, "
            + $"{moved / 1e6 / time.TotalSeconds:0} MB/s: {states[2]}; then {states[^1]}");
        Assert.Equal(all / Bodies * Bodies, moved);
        Assert.Equal((1L, 1, (long)Bodies), (end.ConnectionsOpened, end.Open, end.Requests));

        // The server, which is in this process, has pools too.
        states[^1].AssertFlatSince(states[2], heap: 6 * 1024 * 1024);
    }

    private static async Task ServeAsync(HttpContext context, byte[] content, long length)
    {
        if (context.Request.Method == "POST")
        {
            var buffer = new byte[256 * 1024];
            long got = 0;
            for (int read; (read = await context.Request.Body.ReadAsync(buffer)) > 0;)
            {
                got += read;
            }

            await context.Response.WriteAsync(got.ToString(System.Globalization.CultureInfo.InvariantCulture));
            return;
        }

        context.Response.ContentLength = length;
        for (long left = length; left > 0;)
        {
            int part = (int)Math.Min(left, content.Length);
            await context.Response.Body.WriteAsync(content.AsMemory(0, part));
            left -= part;
        }
    }

    /// <summary>A content that is as long as it is said to be.</summary>
    private sealed class Much(byte[] part, long length) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (long left = length; left > 0;)
            {
                int next = (int)Math.Min(left, part.Length);
                await stream.WriteAsync(part.AsMemory(0, next));
                left -= next;
            }
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return true;
        }
    }
}
