namespace Warmwire.Bench.Scenarios;

/// <summary>POST with a body of 1 KiB, answered with 14 bytes.</summary>
internal sealed class PostScenario : Scenario
{
    public override string Name => "post";

    public override string Title => "HTTP/1.1 POST of 1 KiB, 64 connections";

    public override bool IsQuick => true;

    public override string Path => "/post";

    public override int Body => 1024;
}
