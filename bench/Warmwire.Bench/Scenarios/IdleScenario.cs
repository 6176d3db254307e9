using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>What an idle connection costs in memory.</summary>
internal sealed class IdleScenario : Scenario
{
    private const int Idle = 2000;

    public override string Name => "idle";

    public override string Title => "2,000 idle connections: memory of each";

    public override string About =>
        "The difference between 100 and 2,100 idle connections that have each served a request, after full collections; "
        + "a process for each round.";

    public override bool IsQuick => true;

    public override bool BothInterfaces => false;

    public override ServerNeed Server => ServerNeed.Kestrel;

    public override string Path => "/together";

    public override string Shape => "idle";

    public override int Connections => Idle;

    public override bool FreshProcesses => true;

    public override int Rounds(bool quick) => 3;

    public override IReadOnlyList<Column> Columns { get; } =
    [
        new("managed B/connection", static s => s["managedBytes"] / s["idleConnections"], 0, "managed"),
        new("resident B/connection", static s => s["residentBytes"] / s["idleConnections"], 0, "resident"),
        new("connections", static s => s["connections"]),
    ];
}
