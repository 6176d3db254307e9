using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Quick.Verdicts;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class QuickRunTests
{
    [Fact]
    public async Task Requests_share_connections_and_every_figure_adds_up()
    {
        await using LoadTarget target = await LoadTarget.StartAsync("hello");
        QuickResult result = await RunAsync(new QuickSettings { Url = target.Url, Rate = 100, Arrivals = 100, RequestsPerArrival = 2 });

        Assert.Equal((100, 200, 200, 0), (result.Arrivals, result.Requests, result.Responses, result.DroppedArrivals));
        Assert.Equal(new KeyValuePair<string, long>("200", 200), Assert.Single(result.Codes));
        Assert.Empty(result.Errors);
        Assert.Equal(1000, result.DownloadedBytes);

        ConnectionsResult connections = result.Connections;
        Assert.Equal(target.Connections, connections.Opened);
        Assert.InRange(connections.PeakOpen, 1, connections.Opened);
        Assert.Equal(200, connections.RequestsPerConnection.Counts.Sum(static pair => pair.Key * pair.Value));
        Assert.Equal((200, (200 - UsedConnections(connections)) / 200.0), (connections.Exchanges, connections.ReuseRatio));
        Assert.Equal(connections.Opened, connections.DialedBy.Values.Sum());
        Assert.Equal(connections.Opened, result.PhasesMs.Connect.Count);
        Assert.Equal(0, connections.TlsHandshakes);

        Assert.Equal(200, result.LatencyMs.Corrected.Count);
        Assert.True(result.LatencyMs.Corrected.Max >= result.LatencyMs.Uncorrected.Max);
        Assert.Equal(
            (100, 100, 200, connections.Opened),
            (
                Sum(result, static p => p.Due),
                Sum(result, static p => p.Started),
                Sum(result, static p => p.Responses),
                Sum(result, static p => p.Opened)));
        Assert.Equal(connections.PeakOpen, result.Series.Points.Max(static point => point.PeakOpen));
        Assert.Equal(result.LatencyMs.Corrected.Total, Summaries.Restore(result.Histogram.Corrected, result.LatencyMs.Corrected).Sum / 1e6);
    }

    [Fact]
    public async Task A_new_connection_for_each_request_is_just_that()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        QuickResult result = await RunAsync(
            new QuickSettings { Url = target.Url, Rate = 100, Arrivals = 40, NewConnectionPerRequest = true });
        Assert.Equal((40, 40), (target.Connections, (int)result.Connections.Opened));
        Assert.Equal(
            (0.0, 1, 1),
            (
                result.Connections.ReuseRatio,
                (int)result.Connections.RequestsPerConnection.Min,
                (int)result.Connections.RequestsPerConnection.Max));
        Assert.Equal(("Lifetime", 40L), (Assert.Single(result.Connections.ClosedBy).Key, result.Connections.ClosedByClient));
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(result.Connections.TimeWait!.Value, 1, 40);
        }
    }

    [Fact]
    public async Task A_server_that_closes_after_each_answer_is_told_from_this_side()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            context.Response.Headers.Connection = "close";
            return context.Response.WriteAsync("bye");
        });
        QuickResult result = await RunAsync(new QuickSettings { Url = target.Url, Rate = 100, Arrivals = 20 });
        Assert.Equal(("ConnectionCloseHeader", 20L), (Assert.Single(result.Connections.ClosedBy).Key, result.Connections.ClosedByServer));
        Assert.Equal(0, result.Connections.ClosedByClient);
    }

    [Fact]
    public async Task Connections_are_limited_and_the_wait_for_them_is_in_the_latency()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(static async context =>
        {
            await Task.Delay(50);
            await context.Response.WriteAsync("ok");
        });
        QuickResult result = await RunAsync(new QuickSettings { Url = target.Url, Rate = 100, Arrivals = 20, MaxConnections = 1 });
        Assert.Equal((1, 20), (target.Connections, (int)result.Responses));

        // One at a time takes a second for what is due within 0.2 s.
        Assert.True(result.LatencyMs.Corrected.Max > 700, $"{result.LatencyMs.Corrected.Max} ms");
        Assert.True(result.PhasesMs.Queue.Max > 600, $"{result.PhasesMs.Queue.Max} ms");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HTTP_2_needs_one_connection(bool tls)
    {
        await using LoadTarget target = await LoadTarget.StartAsync(
            static context => context.Response.WriteAsync(context.Request.Protocol), HttpProtocols.Http2, tls);
        QuickResult result = await RunAsync(
            new QuickSettings { Url = target.Url, Rate = 200, Arrivals = 60, Http2 = true, Insecure = true });
        Assert.Equal((60, 60 * "HTTP/2".Length, 1), (result.Responses, result.DownloadedBytes, result.Connections.Opened));
        Assert.Equal((tls ? 1 : 0, tls ? 1 : 0), (result.Connections.TlsHandshakes, result.PhasesMs.Tls.Count));
    }

    [Fact]
    public async Task A_new_connection_for_each_request_works_with_HTTP_2_too()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(
            static context => context.Response.WriteAsync("ok"), HttpProtocols.Http2);
        QuickResult result = await RunAsync(
            new QuickSettings { Url = target.Url, Rate = 100, Arrivals = 20, Http2 = true, NewConnectionPerRequest = true });
        Assert.Equal((20, 20, 0.0), (result.Responses, result.Connections.Opened, result.Connections.ReuseRatio));
    }

    [Fact]
    public async Task What_is_sent_is_what_was_asked_for()
    {
        string? seen = null;
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.ContentType} "
                + $"{context.Request.Headers["X-Test"]} {context.Request.Host} {await reader.ReadToEndAsync()}";
        });
        await RunAsync(new QuickSettings
        {
            Url = new Uri(target.Url, "/a?b=c"),
            Rate = 1000,
            Arrivals = 1,
            Method = HttpMethod.Put,
            Payload = "{}"u8.ToArray(),
            ContentType = "application/json",
            Headers = [KeyValuePair.Create("X-Test", "1"), KeyValuePair.Create("Host", "other.example")],
        });
        Assert.Equal("PUT /a?b=c application/json 1 other.example {}", seen);
    }

    [Fact]
    public async Task Timeouts_and_bad_statuses_are_counted_for_what_they_are()
    {
        int request = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            switch (Interlocked.Increment(ref request) % 3)
            {
                case 0:
                    await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                    break;
                case 1:
                    context.Response.StatusCode = 503;
                    break;
                default:
                    context.Abort();
                    break;
            }
        });
        QuickResult result = await RunAsync(
            new QuickSettings
            {
                Url = target.Url,
                Method = HttpMethod.Post,
                Rate = 50,
                Arrivals = 30,
                Timeout = TimeSpan.FromSeconds(0.5),
            });
        Assert.Equal((30, 10, 10), (result.Requests, result.Responses, result.Codes["503"]));
        Assert.Equal(10, result.Errors["Timeout.ReadHeaders"]);
        Assert.Equal(20, result.Errors.Values.Sum());
        Assert.Equal(result.Errors.Keys, result.ErrorExamples.Keys);
        Assert.Contains(
            QuickVerdict.Sentences(result),
            static sentence => sentence.StartsWith("20 of 30 requests got no complete response", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stall_is_charged_to_all_who_had_to_wait()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int request = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            // The 20th request and all after it wait for the end of the stall.
            if (Interlocked.Increment(ref request) >= 20)
            {
                await released.Task;
            }
        });
        using var run = new QuickRun(
            new QuickSettings { Url = target.Url, Rate = 40, Arrivals = 60, MaxConnections = 1 }, TimeProvider.System);
        Task<QuickResult> running = run.RunAsync(CancellationToken.None);
        while (run.SecondsSinceStart < 1.5)
        {
            await Task.Delay(10);
        }

        released.SetResult();
        QuickResult result = await running;

        // Due from 0.475 s on, each 25 ms, none answered before 1.5 s: two thirds of all, evenly from a second down.
        Assert.Equal((60, 60), (result.Arrivals, result.Responses));
        Assert.InRange(result.LatencyMs.Corrected.Max, 1000, 5000);
        Assert.InRange(result.LatencyMs.Corrected.P50, 200, 4000);
    }

    [Fact]
    public async Task Connections_that_a_burst_has_opened_are_kept()
    {
        // The first 150 requests wait for each other, so each opens a connection; then one would do, for longer than a surplus is kept.
        const int Burst = 150;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int requests = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(_ =>
        {
            if (Interlocked.Increment(ref requests) == Burst)
            {
                all.SetResult();
            }

            return all.Task;
        });
        QuickResult result = await RunAsync(new QuickSettings { Url = target.Url, Rate = 100, Arrivals = Burst + 700 });
        Assert.InRange(result.Connections.Opened, Burst, 2 * Burst);
        Assert.Empty(result.Connections.ClosedBy);
    }

    [Fact]
    public async Task Until_its_start_it_is_before_it()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        using var run = new QuickRun(
            new QuickSettings { Url = target.Url, Rate = 100, Arrivals = 1, StartAt = DateTimeOffset.UtcNow.AddSeconds(3) },
            TimeProvider.System);
        Assert.InRange(run.SecondsSinceStart, -3, 0);
        Task<QuickResult> running = run.RunAsync(TestContext.Current.CancellationToken);
        Assert.InRange(run.GetProgress().ElapsedSeconds, -3, 0);
        Assert.Equal(0, run.StartsAt);
        await run.Started;
        Assert.True(run.GetProgress().ElapsedSeconds >= 0);
        Assert.Equal(1, (await running).Responses);
        Assert.True(run.SecondsSinceStart >= 0);
    }

    [Fact]
    public async Task Interrupted_it_tells_what_ran()
    {
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int requests = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            // By then 20 responses have been read: a request is answered at once.
            if (Interlocked.Increment(ref requests) == 40)
            {
                enough.TrySetResult();
            }

            return context.Response.WriteAsync("ok");
        });
        using var interrupt = new CancellationTokenSource();
        using var run = new QuickRun(new QuickSettings { Url = target.Url, Rate = 50, Arrivals = 100_000 }, TimeProvider.System);
        Task<QuickResult> running = run.RunAsync(interrupt.Token);
        await enough.Task;
        await interrupt.CancelAsync();
        QuickResult result = await running;
        Assert.True(result.Interrupted);
        Assert.InRange(result.Responses, 20, 5000);
        Assert.Equal(result.Requests, result.Responses);
        Assert.InRange(result.AchievedRate, 30, 55);
    }

    [Fact]
    public async Task What_cannot_be_reached_is_told_in_one_line()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        int port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(
            () => RunAsync(new QuickSettings { Url = new Uri($"http://127.0.0.1:{port}/"), Rate = 50, Arrivals = 10 }));
        Assert.Equal(ExitCodes.CouldNotRun, failure.ExitCode);
        Assert.StartsWith($"could not connect to http://127.0.0.1:{port}/: ", failure.Message);
        Assert.Contains("refused", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shard_sends_its_part()
    {
        QuickResult[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(static async i =>
        {
            // One each, because connections of one process are told apart by where they lead to.
            await using LoadTarget target = await LoadTarget.StartAsync();
            return await RunAsync(new QuickSettings { Url = target.Url, Rate = 100, Arrivals = 100, Shard = new Shard(i, 3) });
        }));
        Assert.Equal([34, 33, 33], results.Select(static result => (int)result.Requests));
        Assert.All(results, static result => Assert.Equal(100.0 / 3, result.Target.Rate));
        Assert.All(results, static result => Assert.Equal(1.0, result.Target.DurationSeconds));
    }

    private static async Task<QuickResult> RunAsync(QuickSettings settings)
    {
        using var run = new QuickRun(settings, TimeProvider.System);
        return await run.RunAsync(TestContext.Current.CancellationToken);
    }

    private static long UsedConnections(ConnectionsResult connections) =>
        connections.RequestsPerConnection.Counts.Where(static pair => pair.Key > 0).Sum(static pair => pair.Value);

    private static long Sum(QuickResult result, Func<SeriesPoint, long> part) => result.Series.Points.Sum(part);
}
