using System.Collections.Concurrent;
using System.Globalization;
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

    private const long Slack = 3 * 1024 * 1024;

    [Fact]
    public async Task A_mixed_load_mixes_no_responses_up_and_leaves_nothing_behind()
    {
        double seconds = double.Parse(Environment.GetEnvironmentVariable("WARMWIRE_SOAK_SECONDS") ?? "30", CultureInfo.InvariantCulture);
        using var unobserved = new UnobservedFailures();
        await using KestrelServer kestrel = await SoakServer.StartAsync();
        await using var chaos = new ChaosServer(tls: false);
        await using var chaosTls = new ChaosServer(tls: true);
        using var handler =
            new PooledHttpHandler { UseProxy = false, UseCookies = false, SslOptions = TestCertificates.Trusting(),
            Expect100ContinueTimeout = TimeSpan.FromMilliseconds(100) };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var workers = new SoakWorkers(client, [kestrel.HttpUri, kestrel.HttpsUri], [chaos.Uri, chaosTls.Uri]);
        var sockets = new SocketWatch(kestrel.HttpUri, kestrel.HttpsUri, chaos.Uri, chaosTls.Uri);
        Func<int> serverOpen = () => kestrel.OpenConnections + chaos.Open + chaosTls.Open;

        await workers.RunAsync(Workers, TimeSpan.FromSeconds(seconds / 3));
        QuietMoment first = await QuietMoment.ComeAsync(handler, workers.Sent, workers.Leaked, serverOpen, sockets);
        await workers.RunAsync(Workers, TimeSpan.FromSeconds(seconds * 2 / 3));
        QuietMoment last = await QuietMoment.ComeAsync(handler, workers.Sent, workers.Leaked, serverOpen, sockets);

        PoolSnapshot end = handler.GetSnapshot();
        output.WriteLine(
            $"{seconds:0} s: {workers.Sent:N0} requests, {workers.Whole:N0} read whole and checked, {workers.Cancelled:N0} cancelled, " +
            $"{workers.Failed:N0} failed, {workers.Leaked} leaked on purpose, {workers.Blocked} blocked; " +
            $"{end.ConnectionsOpened:N0} connections, {end.Reused * 100.0 / end.Requests:0.0} % reused, {end.Replays:N0} replays; " +
            $"heap {first.Memory / 1024:N0} KB at a third, {last.Memory / 1024:N0} KB at the end");
        output.WriteLine(end.ToString());

        Assert.Empty(workers.Wrong.Take(5));
        Assert.True(workers.Whole > workers.Sent / 4, "most of the requests must come to something");
        Assert.Equal(workers.Leaked, end.Origins.Sum(static o => o.LeakedResponses));
        last.AssertNotGrownSince(first, Slack);
        Assert.True(unobserved.Collect() is { Count: 0 }, "unobserved: " + string.Join('\n', unobserved.Collect().Take(3)));
    }
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

    /// <remarks>
    /// Story: a rig of another test went on accepting in the background behind that test's end, and its guard ran out in the middle of this
    /// one. A guard is a test's, and nothing of the library.
    /// </remarks>
    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e)
    {
        string text = e.Exception.ToString();
        if (!text.Contains(typeof(Guard).FullName!, StringComparison.Ordinal))
        {
            _seen.Enqueue(text);
        }
    }
}
