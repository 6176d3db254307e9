namespace Warmwire.Bench.Scenarios;

/// <summary>Answers in chunks.</summary>
internal sealed class ChunkedScenario : Scenario
{
    public override string Name => "chunked";

    public override string Title => "HTTP/1.1 GET, chunked response, 64 connections";

    public override bool IsQuick => true;

    public override string Path => "/chunked";
}
