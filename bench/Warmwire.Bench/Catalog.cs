using Warmwire.Bench.Contestants;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench;

/// <summary>What there is to measure, and with what.</summary>
internal static class Catalog
{
    public static IReadOnlyList<Scenario> Scenarios { get; } =
    [
        new GetScenario(1),
        new GetScenario(16),
        new GetScenario(64),
        new GetScenario(256),
        new PostScenario(),
        new HttpsScenario(),
        new HeadersScenario(),
        new ChunkedScenario(),
        new DownloadScenario("download-1m", "/1m", "Downloads of 1 MiB, one at a time", connections: 1),
        new DownloadScenario("download-1m-4", "/1m", "Downloads of 1 MiB, four at a time", connections: 4),
        new DownloadScenario("download-1g", "/1g", "Downloads of 1 GiB", connections: 1),
        new BurstScenario(),
        new FirstResponseScenario(),
        new IdleScenario(),
        new CancelScenario(),
        new BlockScenario(Placement.OneCoreEach),
        new BlockScenario(Placement.ClientOnBoth),
        new UnpinnedScenario(),
    ];

    public static IEnumerable<Scenario> Chosen(BenchOptions options) => Scenarios.Where(scenario =>
        options.Only.Count > 0
            ? options.Only.Any(name => scenario.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            : !options.Quick || scenario.IsQuick);

    public static IEnumerable<Contestant> Contestants(BenchOptions options)
    {
        yield return new DotnetContestant("SocketsHttpHandler", "sockets", isClient: true);
        yield return new DotnetContestant("SocketsHttpHandler", "sockets", isClient: false);
        yield return new DotnetContestant("PooledHttpHandler", "warmwire", isClient: true);
        yield return new DotnetContestant("PooledHttpHandler", "warmwire", isClient: false);
        if (options.BothBackEnds)
        {
            yield return new DotnetContestant("PooledHttpHandler, managed sockets", "warmwire", isClient: true, sockets: "managed");
            yield return new DotnetContestant("PooledHttpHandler, managed sockets", "warmwire", isClient: false, sockets: "managed");
        }

        if (options.Floor)
        {
            yield return new DotnetContestant("answers from memory", "memory", isClient: true);
            yield return new DotnetContestant("answers from memory", "memory", isClient: false);
        }

        if (options.Peers)
        {
            yield return new PeerContestant("Go net/http", [Path.Combine(Layout.Peers, "go", "client")]);
            yield return new PeerContestant("undici", ["node", Path.Combine(Layout.Peers, "undici", "client.mjs")]);

            // On one core its library would start a thread for each request.
            yield return new PeerContestant("java.net.http", ["java", "-Djava.util.concurrent.ForkJoinPool.common.parallelism=2", "-cp", Path.Combine(Layout.Peers, "java"), "Client"]);
            yield return new WrkContestant();
            yield return new H2loadContestant();
        }
    }
}
