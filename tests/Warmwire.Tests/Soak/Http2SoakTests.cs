using System.Globalization;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>The soak over HTTP/2: all requests on few connections that send GOAWAY all the time.</summary>
[Collection(nameof(Alone))]
[Trait("Category", "Soak")]
public sealed class Http2SoakTests(ITestOutputHelper output)
{
    private const int Workers = 300;

    // The server keeps streams with each connection, and pools of its own.
    private const long Slack = 6 * 1024 * 1024;

    [Fact]
    public Task A_mixed_load_loses_and_mixes_up_nothing_while_connections_go_away() =>
        OwnProcess.RunAsync(typeof(Http2SoakTests), RunAsync, output);

    private static async Task RunAsync()
    {
        double seconds = double.Parse(Environment.GetEnvironmentVariable("WARMWIRE_SOAK_SECONDS") ?? "30", CultureInfo.InvariantCulture);
        using var unobserved = new UnobservedFailures();
        var server = new Http2SoakServer();
        await using KestrelServer kestrel = await server.StartAsync();
        using var handler = new PooledHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            EnableMultipleHttp2Connections = true,
            SslOptions = TestCertificates.Trusting(),
            Expect100ContinueTimeout = TimeSpan.FromMilliseconds(100),
        };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var workers = new Http2SoakWorkers(client, kestrel.HttpUri, kestrel.HttpsUri);
        var sockets = new SocketWatch(kestrel.HttpUri, kestrel.HttpsUri);

        QuietMoment first = await SoakAsync(seconds / 3);
        QuietMoment last = await SoakAsync(seconds * 2 / 3);

        PoolSnapshot end = handler.GetSnapshot();
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{seconds:0} s: {workers.Sent:N0} requests, {workers.Whole:N0} read whole and checked, {workers.Cancelled:N0} cancelled, " +
            $"{workers.Failed:N0} failed, {workers.Leaked} leaked on purpose, {workers.Blocked} blocked; " +
            $"{server.GoAways} connections told to go away, {server.Kills} killed; " +
            $"{end.ConnectionsOpened:N0} connections, {end.Replays:N0} replays; " +
            $"heap {first.Memory / 1024:N0} KB at a third, {last.Memory / 1024:N0} KB at the end\n{end}\n{workers.Failures}");

        Assert.True(workers.Wrong.Count == 0, string.Join('\n', workers.Wrong.Take(5)));
        Assert.True(workers.Whole > workers.Sent / 4, "most of the requests must come to something");
        Assert.True(server.GoAways > 0 && server.Kills > 0 && end.Replays > 0, "connections went away, or this tests nothing");
        Assert.DoesNotContain(
            end.Origins, static o =>
            o.ClosedBy.Keys.Any(static reason => reason is CloseReason.ProtocolError or CloseReason.PeerFlood or CloseReason.PingTimeout));
        Assert.Equal(workers.Leaked, end.Origins.Sum(static o => o.LeakedResponses));
        last.AssertNotGrownSince(first, Slack);
        Assert.Empty(unobserved.Collect());

        async Task<QuietMoment> SoakAsync(double time)
        {
            await workers.RunAsync(Workers, TimeSpan.FromSeconds(time));

            // Its last requests may still be on their way to a server that nobody waits for.
            await Eventually.IsTrue(
                () => handler.GetSnapshot().Origins.Sum(static o => o.StreamsActive) <= workers.Leaked, "the streams end");
            IReadOnlyCollection<string> answered = workers.TakeAnsweredPosts();
            Dictionary<string, int> executed = server.TakePosts();
            Assert.Empty(executed.Where(static post => post.Value != 1).Take(5));
            Assert.Empty(answered.Where(id => !executed.ContainsKey(id)).Take(5));
            return await QuietMoment.ComeAsync(handler, workers.Sent, workers.Leaked, () => kestrel.OpenConnections, sockets);
        }
    }
}
