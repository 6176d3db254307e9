using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Scenarios;

/// <summary>User code that blocks the thread it is called on.</summary>
internal sealed class BlockScenario(Placement placement) : Scenario
{
    public override string Name => placement == Placement.OneCoreEach ? "block-one-core" : "block-two-cores";

    public override string Title =>
        $"1 in 200 continuations blocks 20 ms, 64 at a time, client on {(placement == Placement.OneCoreEach ? "one core" : "two cores")}";

    public override string About => "Latencies are those of the requests whose own continuation does not block.";

    public override bool IsQuick => placement == Placement.OneCoreEach;

    public override Placement Placement => placement;

    public override string Shape => "block";

    public override IReadOnlyList<string> Words => ["every=200", "block=20"];

    public override IReadOnlyList<Column> Columns { get; } =
    [
        Measuring.Columns.P50,
        Measuring.Columns.P99 with { Compared = "p99" },
        Measuring.Columns.P999 with { Compared = "p99.9" },
        Measuring.Columns.RequestsPerSecond,
        Measuring.Columns.Cpu,
        Measuring.Columns.Allocated,
        Measuring.Columns.Switches,
    ];
}
