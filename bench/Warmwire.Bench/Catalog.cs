using Warmwire.Bench.Contestants;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Scenarios;
using Warmwire.Bench.Servers;

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
        new OriginsScenario(keeps: true),
        new OriginsScenario(keeps: false),
        new CancelScenario(),
        new SaturatedScenario("saturated"),
        new SaturatedScenario("h2-saturated", http2: 1),
        new BlockScenario(Placement.OneCoreEach),
        new BlockScenario(Placement.ClientOnBoth),
        .. ShortBlocks,
        .. TailScenario.All,
        new ProxyScenario("yarp", new WrkContestant(), connections: 32),
        new ProxyScenario("yarp-h2load", new H2loadContestant(), connections: 32),
        new ProxyScenario("yarp-256", new WrkContestant(), connections: 256),
        new Http2GetScenario("h2-1", streams: 1),
        new Http2GetScenario("h2-64", streams: 64),
        new Http2GetScenario("h2-64-nginx", streams: 64, server: ServerNeed.Nginx),
        new Http2GetScenario("h2-256", streams: 256),
        new Http2GetScenario("h2-8x32", streams: 32, connections: 8),
        new Http2GetScenario("h2s-64", streams: 64, https: true),
        new Http2UploadScenario(),
        new DownloadScenario("h2-download-1g", "/1g", "Downloads of 1 GiB over HTTP/2", connections: 1, http2: true),
        new Http2StallScenario(),
    ];

    private static IEnumerable<Scenario> ShortBlocks =>
        from http2 in (bool[])[false, true]
        from placement in (Placement[])[Placement.OneCoreEach, Placement.ClientOnBoth]
        from microseconds in (int[])[100, 400, 900]
        select new ShortBlockScenario(microseconds, placement, http2);

    public static IEnumerable<Scenario> Chosen(BenchOptions options) => Scenarios.Where(scenario =>
        options.Only.Count > 0
            ? options.Only.Any(name => scenario.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            : !options.Quick || scenario.IsQuick);

    public static IEnumerable<Contestant> Contestants(BenchOptions options)
    {
        yield return new DotnetContestant("SocketsHttpHandler", "sockets", isClient: true);
        yield return new DotnetContestant("SocketsHttpHandler", "sockets", isClient: false);
        const string Now = "PooledHttpHandler", Before = "PooledHttpHandler before";
        foreach (bool isClient in (bool[])[true, false])
        {
            yield return new DotnetContestant(Now, "warmwire", isClient, comparedWith: options.Before is null ? null : Before);
            if (options.Before is { } root)
            {
                yield return new DotnetContestant(Before, "warmwire", isClient, root: root);
            }
        }

        yield return new DotnetContestant("PooledHttpHandler with ConcurrencyLimit", "warmwire", isClient: false, isAdaptive: true);
        yield return new ProxyContestant("SocketsHttpHandler", "sockets");
        yield return new ProxyContestant(Now, "warmwire", comparedWith: options.Before is null ? null : Before);
        if (options.Before is { } before)
        {
            yield return new ProxyContestant(Before, "warmwire", root: before);
        }

        if (options.BothBackEnds)
        {
            yield return new ProxyContestant("PooledHttpHandler, managed sockets", "warmwire", sockets: "managed");
            yield return new DotnetContestant("PooledHttpHandler, managed sockets", "warmwire", isClient: true, sockets: "managed");
            yield return new DotnetContestant("PooledHttpHandler, managed sockets", "warmwire", isClient: false, sockets: "managed");
        }

        if (options.Floor)
        {
            yield return new DotnetContestant("answers from memory", "memory", isClient: true);
            yield return new DotnetContestant("answers from memory", "memory", isClient: false);
            yield return new ProxyContestant("answers from memory", "memory");
        }

        if (options.Peers)
        {
            yield return new PeerContestant("Go net/http", [Path.Combine(Layout.Peers, "go", "client")], GoRefusal);
            yield return new PeerContestant("undici", ["node", Path.Combine(Layout.Peers, "undici", "client.mjs")]);

            // On one core its library would start a thread for each request.
            yield return new PeerContestant(
                "java.net.http",
                ["java", "-Djava.util.concurrent.ForkJoinPool.common.parallelism=2", "-cp", Path.Combine(Layout.Peers, "java"), "Client"],
                JavaRefusal);
            yield return new WrkContestant();
            yield return new H2loadContestant();
        }
    }

    private static string? GoRefusal(Scenario scenario) =>
        scenario.Http2Connections == 0
            || (scenario.Http2Connections == 1 && scenario.Https)
            || File.Exists(Path.Combine(Layout.Peers, "go", "with-x-net"))
            ? null
            : "it was built without `golang.org/x/net`, and net/http alone has HTTP/2 only over TLS";

    private static string? JavaRefusal(Scenario scenario) => scenario.Http2Connections == 0 || scenario.Https
        ? null
        : "without TLS it asks for HTTP/2 by an upgrade from HTTP/1.1, which the servers do not do";
}
