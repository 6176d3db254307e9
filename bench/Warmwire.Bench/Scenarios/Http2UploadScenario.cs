using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>POST with a body of 64 KiB, 64 at a time, over one HTTP/2 connection, answered with 14 bytes.</summary>
internal sealed class Http2UploadScenario : Scenario
{
    public override string Name => "h2-upload-64k";

    public override string Title => "HTTP/2 POST of 64 KiB, 1 connection, 64 streams";

    public override ServerNeed Server => ServerNeed.Kestrel;

    public override string Path => "/post";

    public override int Http2Connections => 1;

    public override int Body => 64 * 1024;

    public override IReadOnlyList<Column> Columns { get; } = [.. Measuring.Columns.Loop, Measuring.Columns.Opened];
}
