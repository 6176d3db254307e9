using Warmwire.Bench.Measuring;

namespace Warmwire.Bench.Scenarios;

/// <summary>How long a process that has just started waits for its first answer.</summary>
internal sealed class FirstResponseScenario : Scenario
{
    public override string Name => "first";

    public override string Title => "First response of a fresh process";

    public override string About =>
        "From before the handler is made to the end of the first answer; a process for each round. "
        + "The client is compiled ahead of time (ReadyToRun).";

    public override bool IsQuick => true;

    public override bool BothInterfacesIfQuick => true;

    public override string Shape => "first";

    public override bool FreshProcesses => true;

    public override int Rounds(bool quick) => quick ? 9 : 25;

    public override IReadOnlyList<Column> Columns { get; } =
    [
        new("first response ms", static s => s["firstUs"] / 1000, 1, "first"),
        new("second response ms", static s => s["secondUs"] / 1000, 2),
        new("CPU ms to the first", static s => (s["userUs"] + s["systemUs"]) / 1000, 1, "CPU"),
        new("KB allocated", static s => s["allocated"] / 1000, 0),
    ];
}
