namespace Warmwire.Bench.Scenarios;

/// <summary>Answers with 30 header fields.</summary>
internal sealed class HeadersScenario : Scenario
{
    public override string Name => "headers";

    public override string Title => "HTTP/1.1 GET, 30 response headers, 64 connections";

    public override string Path => "/headers";
}
