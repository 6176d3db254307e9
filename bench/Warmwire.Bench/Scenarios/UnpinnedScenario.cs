using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Scenarios;

/// <summary>Server and client share two cores as the kernel likes.</summary>
internal sealed class UnpinnedScenario : Scenario
{
    public override string Name => "unpinned";

    public override string Title => "HTTP/1.1 GET, 64 connections, server and client unpinned on two cores";

    public override Placement Placement => Placement.BothOnBoth;
}
