using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>A server that does less the more it has taken.</summary>
internal sealed class SaturatedScenario(string name, int http2 = 0) : Scenario
{
    public override string Name => name;

    public override string Title =>
        $"A server with 8 workers, 10 ms an answer, and 200 requests at a time{(http2 > 0 ? " over HTTP/2" : "")}";

    public override string About =>
        "Each request in the server's line makes its answers 2 % slower, so that its 800 answers a second become fewer. Goodput is the "
        + "answers within 500 ms, the wait in the client included; 200 clients of a server that keeps its 800 wait 250 ms.";

    public override bool BothInterfaces => false;

    public override ServerNeed Server => ServerNeed.Kestrel;

    public override string Path => "/saturated";

    public override string Shape => "saturate";

    public override int Connections => 200;

    public override int Http2Connections => http2;

    public override IReadOnlyList<string> Words => ["limit=0", "deadline=500"];

    public override double WarmUpSeconds(bool quick) => 6;

    public override double Seconds(bool quick) => quick ? 2 : 5;

    public override int Rounds(bool quick) => quick ? 3 : 5;

    public override IReadOnlyList<Column> Columns { get; } =
    [
        new("goodput/s", static s => s["inTime"] / s["wallUs"] * 1e6, 0, "goodput"),
        Measuring.Columns.RequestsPerSecond,
        new("p50 ms", static s => s["p50Us"] / 1000),
        new("p99 ms", static s => s["p99Us"] / 1000, 0, "p99"),
        Measuring.Columns.Cpu with { Compared = null },
    ];
}
