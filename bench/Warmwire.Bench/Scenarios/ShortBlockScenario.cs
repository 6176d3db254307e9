using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>User code that blocks the thread it is called on for less than a millisecond, at each answer.</summary>
internal sealed class ShortBlockScenario(int microseconds, Placement placement, bool http2) : Scenario
{
    public override string Name =>
        $"{(http2 ? "h2-" : "")}block-{microseconds}us-{(placement == Placement.OneCoreEach ? "one-core" : "two-cores")}";

    public override string Title =>
        $"{(http2 ? "HTTP/2" : "HTTP/1.1")} GET, each continuation blocks {microseconds / 1000.0:0.0} ms, 64 at a time, client on "
        + (placement == Placement.OneCoreEach ? "one core" : "two cores");

    public override string About => "What a write to a log or a contended lock does.";

    public override Placement Placement => placement;

    public override ServerNeed Server => http2 ? ServerNeed.Kestrel : base.Server;

    public override int Http2Connections => http2 ? 1 : 0;

    public override string Shape => "block";

    public override IReadOnlyList<string> Words => ["every=1", $"block-us={microseconds}"];

    public override IReadOnlyList<Column> Columns { get; } =
    [
        Measuring.Columns.RequestsPerSecond with { Compared = "requests/s" },
        Measuring.Columns.Cpu,
        Measuring.Columns.Allocated,
        Measuring.Columns.Switches,
    ];
}
