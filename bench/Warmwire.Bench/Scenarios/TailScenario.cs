using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Scenarios;

/// <summary>A load on a machine that has cores to spare for the client's threads: what they do to the slowest requests.</summary>
internal sealed class TailScenario(string load, int connections, Placement placement) : Scenario
{
    public override string Name => $"{load}-{(placement == Placement.BothOnBoth ? "unpinned" : "two-cores")}";

    public override string Title =>
        $"HTTP{(Https ? "S" : "")}/1.1 {(Body > 0 ? "POST of 1 KiB" : "GET")}, {connections} connections, "
        + (placement == Placement.BothOnBoth ? "server and client unpinned" : "the client on two cores, the server on one of them");

    public override bool BothInterfaces => false;

    public override Placement Placement => placement;

    public override bool Https => load.StartsWith("https", StringComparison.Ordinal);

    public override string Path => Body > 0 ? "/post" : base.Path;

    public override int Connections => connections;

    public override int Body => load.StartsWith("post", StringComparison.Ordinal) ? 1024 : 0;

    /// <summary>Long enough for a hundred requests beyond the 99th percentile.</summary>
    public override double Seconds(bool quick) => quick ? 1 : 3;

    public static IEnumerable<Scenario> All =>
        from placement in (Placement[])[Placement.ClientOnBoth, Placement.BothOnBoth]
        from load in ((string Name, int Connections)[])[("get-16", 16), ("get-64", 64), ("post", 64), ("https", 64)]
        select new TailScenario(load.Name, load.Connections, placement);
}
