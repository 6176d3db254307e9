using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>30 % of the requests are cancelled half-way to their answer.</summary>
internal sealed class CancelScenario : Scenario
{
    public override string Name => "cancel";

    public override string Title => "30 % of requests cancelled after 10 ms of 20 ms, 64 at a time";

    public override string About =>
        "Latencies are those of the requests that were not to be cancelled. Connections are those the server accepted.";

    public override bool IsQuick => true;

    public override ServerNeed Server => ServerNeed.Kestrel;

    public override string Path => "/slow?ms=20";

    public override string Shape => "cancel";

    public override IReadOnlyList<string> Words => ["percent=30", "after=10", "limit=0"];

    public override IReadOnlyList<Column> Columns { get; } =
    [
        Measuring.Columns.ConnectionsPerThousand,
        new("cancelled %", static s => s["cancelled"] / s["requests"] * 100, 1),
        .. Measuring.Columns.Loop,
    ];
}
