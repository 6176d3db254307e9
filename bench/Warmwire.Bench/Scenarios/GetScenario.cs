namespace Warmwire.Bench.Scenarios;

/// <summary>HTTP/1.1 GET of 14 bytes over so many connections.</summary>
internal sealed class GetScenario(int connections) : Scenario
{
    public override string Name => $"get-{connections}";

    public override string Title => $"HTTP/1.1 GET, {connections} connection{(connections == 1 ? "" : "s")}";

    public override bool IsQuick => connections is 1 or 64;

    public override bool BothInterfacesIfQuick => connections == 64;

    public override int Connections => connections;
}
