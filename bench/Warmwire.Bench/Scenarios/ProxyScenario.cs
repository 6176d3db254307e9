using Warmwire.Bench.Contestants;
using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Scenarios;

/// <summary>A reverse proxy between a load generator and the server: what the handler costs in threads that are not its caller's.</summary>
internal sealed class ProxyScenario(string name, Contestant tool, int connections) : Scenario
{
    public override string Name => name;

    public override string Title => $"A reverse proxy (YARP) to HTTP/1.1, GET, {connections} at a time, load by {tool.Name}";

    public override string About =>
        "Processor time, allocation and switches are those of the proxy's process, the connections those it opens to the server. "
        + "The handlers have YARP's settings and their own bounds.";

    public override bool IsQuick => connections < 100;

    public override Placement Placement => Placement.BothOnBoth;

    public override string Shape => "proxy";

    public override int Connections => connections;

    /// <summary>What loads the proxy.</summary>
    public Contestant Tool => tool;

    public override IReadOnlyList<Column> Columns { get; } =
    [
        Measuring.Columns.Cpu,
        Measuring.Columns.RequestsPerSecond,
        Measuring.Columns.Opened with { Compared = "connections" },
        Measuring.Columns.Allocated,
        Measuring.Columns.P50,
        Measuring.Columns.P99,
        Measuring.Columns.Switches,
    ];

    public override double Seconds(bool quick) => quick ? 1 : 3;

    /// <summary>Longer: the code of the proxy is compiled again too, while three processes share the cores.</summary>
    public override double WarmUpSeconds(bool quick) => quick ? 12 : 20;
}
