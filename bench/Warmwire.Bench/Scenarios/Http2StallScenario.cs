using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>One stream of a connection is not read while the others go on.</summary>
internal sealed class Http2StallScenario : Scenario
{
    private const int Others = 63;

    public override string Name => "h2-stall";

    public override string Title => $"HTTP/2 GET, 1 connection, {Others} streams, with and without one more that nobody reads";

    public override string About =>
        "In the second and third quarter of each round one more stream has an answer without end, whose reader has stopped. "
        + "The ratio is that of the two p99.";

    public override bool BothInterfaces => false;

    public override ServerNeed Server => ServerNeed.Kestrel;

    public override string Shape => "stall";

    public override IReadOnlyList<string> Words => ["endless=/endless"];

    public override int Http2Connections => 1;

    public override int Connections => Others;

    public override IReadOnlyList<Column> Columns { get; } =
    [
        new("p99 µs without", static s => s["p99AloneUs"]),
        new("p99 µs with", static s => s["p99StalledUs"], 0, "p99 with"),
        new("with / without", static s => s["p99StalledUs"] / s["p99AloneUs"], 2),
        new("p50 µs without", static s => s["p50AloneUs"]),
        new("p50 µs with", static s => s["p50StalledUs"]),
        Measuring.Columns.RequestsPerSecond with { Compared = null },
        Measuring.Columns.Cpu,
        Measuring.Columns.Allocated,
        Measuring.Columns.Opened,
    ];
}
