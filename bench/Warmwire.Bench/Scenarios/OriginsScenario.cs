using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>Many origins behind one handler: what a request costs among them, and what each costs in memory.</summary>
/// <param name="keeps">
/// Whether connections stay open, which the descriptors of a process limit; else each request opens one and closes it.
/// </param>
internal sealed class OriginsScenario(bool keeps) : Scenario
{
    public override string Name => keeps ? "origins-kept" : "origins";

    public override string Title => keeps
        ? "12,000 origins with an idle connection each"
        : "30,000 origins, one after another, each asked once";

    public override string About =>
        "Origins are addresses of 127.0.0.0/8, asked by 16 tasks; a process for each round. "
        + (keeps
            ? "The first request to an origin opens its connection, five more use it again."
            : "Each request asks for the end of its connection. The memory is that of origins without connections.");

    public override bool BothInterfaces => false;

    public override ServerNeed Server => ServerNeed.Kestrel;

    public override string Shape => "origins";

    public override int Connections => keeps ? 12_000 : 30_000;

    public override IReadOnlyList<string> Words => keeps ? ["keep=1"] : [];

    public override bool FreshProcesses => true;

    public override int Rounds(bool quick) => quick ? 3 : 5;

    public override IReadOnlyList<Column> Columns { get; } =
    [
        new("CPU µs/request that opens", static s => (s["userUs"] + s["systemUs"]) / s["requests"], 1, "CPU opening"),
        .. keeps ? [new("CPU µs/request that reuses", static s => s["reusedUs"] / s["reused"], 2, "CPU reusing")] : (Column[])[],
        new("managed B/origin", static s => s["managedBytes"] / s["requests"], 0, "managed"),
        new("connections", static s => s["connections"]),
    ];
}
