using Warmwire.Bench.Measuring;

namespace Warmwire.Bench.Scenarios;

/// <summary>200 requests at once to a handler that has no connection yet.</summary>
internal sealed class BurstScenario : Scenario
{
    private const int Requests = 200;

    public override string Name => "burst";

    public override string Title => $"A burst from cold: {Requests} GET at once, a new handler each time";

    public override string About =>
        "Times count from before the handler is made; the process is warm. Numbers are medians over the bursts of a round.";

    public override bool IsQuick => true;

    public override string Shape => "burst";

    public override IReadOnlyList<string> Words => [$"requests={Requests}"];

    public override IReadOnlyList<Column> Columns { get; } =
    [
        new("first response µs", static s => s["firstUs"], 0, "first"),
        new("last response µs", static s => s["lastUs"], 0, "last"),
        new("connections/burst", static s => s["connections"] / s["bursts"], 1, "connections"),
        Measuring.Columns.Cpu with { Compared = null },
        Measuring.Columns.Allocated,
        Measuring.Columns.P50,
        Measuring.Columns.P99,
    ];
}
