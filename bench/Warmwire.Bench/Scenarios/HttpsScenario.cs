namespace Warmwire.Bench.Scenarios;

/// <summary>GET over TLS.</summary>
internal sealed class HttpsScenario : Scenario
{
    public override string Name => "https";

    public override string Title => "HTTPS (HTTP/1.1) GET, 64 connections";

    public override bool IsQuick => true;

    public override bool Https => true;
}
