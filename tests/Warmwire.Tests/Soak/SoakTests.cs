using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>Tests that measure the process: nothing runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
[Trait("Category", "Soak")]
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int Workers = 48;

    // What one request may leave behind on average. The smallest thing that could leak with every request, an empty object, has 24 bytes.
    private const int BytesPerRequest = 16;

    // What buffer pools of both sides, thread-local caches and lists at their high-water mark may differ by between two quiet moments.
    private const long Slack = 3 * 1024 * 1024;

    [Fact]
    public async Task A_mixed_load_mixes_no_responses_up_and_leaves_nothing_behind()
    {
        double seconds = double.Parse(Environment.GetEnvironmentVariable("WARMWIRE_SOAK_SECONDS") ?? "30", CultureInfo.InvariantCulture);
        using var unobserved = new UnobservedFailures();
        await using KestrelServer kestrel = await SoakServer.StartAsync();
        await using var chaos = new ChaosServer(tls: false);
        await using var chaosTls = new ChaosServer(tls: true);
        using var handler = new PooledHttpHandler { UseProxy = false, UseCookies = false, SslOptions = TestCertificates.Trusting(), Expect100ContinueTimeout = TimeSpan.FromMilliseconds(100) };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var workers = new SoakWorkers(client, [kestrel.HttpUri, kestrel.HttpsUri], [chaos.Uri, chaosTls.Uri]);
        var sockets = new SocketWatch(kestrel.HttpUri, kestrel.HttpsUri, chaos.Uri, chaosTls.Uri);
        Func<int> serverOpen = () => kestrel.OpenConnections + chaos.Open + chaosTls.Open;

        await workers.RunAsync(Workers, TimeSpan.FromSeconds(seconds / 3));
        Quiet first = await ComeToRestAsync(handler, workers, serverOpen, sockets);
        await workers.RunAsync(Workers, TimeSpan.FromSeconds(seconds * 2 / 3));
        Quiet last = await ComeToRestAsync(handler, workers, serverOpen, sockets);

        PoolSnapshot end = handler.GetSnapshot();
        output.WriteLine(
            $"{seconds:0} s: {workers.Sent:N0} requests, {workers.Whole:N0} read whole and checked, {workers.Cancelled:N0} cancelled, {workers.Failed:N0} failed, {workers.Leaked} leaked on purpose, {workers.Blocked} blocked; " +
            $"{end.ConnectionsOpened:N0} connections, {end.Reused * 100.0 / end.Requests:0.0} % reused, {end.Replays:N0} replays; " +
            $"heap {first.Memory / 1024:N0} KB at a third, {last.Memory / 1024:N0} KB at the end");
        output.WriteLine(end.ToString());

        Assert.Empty(workers.Wrong.Take(5));
        Assert.True(workers.Whole > workers.Sent / 4, "most of the requests must come to something");
        Assert.Equal(workers.Leaked, end.Origins.Sum(static o => o.LeakedResponses));
        Assert.InRange(last.Memory - first.Memory, long.MinValue, Slack + ((last.Requests - first.Requests) * BytesPerRequest));
        Assert.Empty(unobserved.Collect());
    }

    /// <summary>Everything has ended by itself; then no connection is left on either side, and the rest is what the process keeps.</summary>
    private static async Task<Quiet> ComeToRestAsync(PooledHttpHandler handler, SoakWorkers workers, Func<int> serverOpen, SocketWatch sockets)
    {
        try
        {
            await Eventually.IsTrue(IsQuiet, "every connection came to rest and every leaked response was found");
        }
        catch (TimeoutException e)
        {
            PoolSnapshot stuck = handler.GetSnapshot();
            throw new TimeoutException($"{e.Message}: {workers.Leaked} leaked on purpose, {stuck.Origins.Sum(static o => o.LeakedResponses)} found\n{stuck}\n"
                + string.Join('\n', stuck.Origins.SelectMany(static o => o.Connections).Where(static c => c.State != "Idle")), e);
        }

        PoolSnapshot rest = handler.GetSnapshot();
        Assert.Equal(rest.ConnectionsOpened, rest.Open + rest.Origins.Sum(static o => o.ClosedBy.Values.Sum()));
        Assert.Equal(rest.Open, handler.CloseIdleConnections());
        await Eventually.IsTrue(() => serverOpen() == 0, "the servers saw every connection end");

        // Not one: every dial ended, and every connection is closed.
        try
        {
            await Eventually.IsTrue(() => sockets.LeftOpen().Count == 0, "every socket of the client was closed");
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{string.Join('\n', sockets.LeftOpen().Take(20))}", e);
        }

        // Memory that pools trim with the garbage collections of the oldest generation.
        for (int i = 0; i < 4; i++)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        bool IsQuiet()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            PoolSnapshot now = handler.GetSnapshot();
            return now is { Active: 0, Pending: 0, Dialing: 0 } && now.Origins.Sum(static o => o.LeakedResponses) == workers.Leaked;
        }

        return new Quiet(GC.GetTotalMemory(forceFullCollection: true), workers.Sent);
    }

    private sealed record Quiet(long Memory, long Requests);
}

/// <summary>Failures of tasks that nobody looked at, from its making on.</summary>
internal sealed class UnobservedFailures : IDisposable
{
    private readonly ConcurrentQueue<string> _seen = new();

    public UnobservedFailures()
    {
        // What others left behind is not ours.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException += OnUnobserved;
    }

    public IReadOnlyCollection<string> Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return [.. _seen.Take(3)];
    }

    public void Dispose() => TaskScheduler.UnobservedTaskException -= OnUnobserved;

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e) => _seen.Enqueue(e.Exception.ToString());
}
