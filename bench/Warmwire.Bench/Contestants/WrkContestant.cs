using System.Globalization;
using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench.Contestants;

/// <summary>wrk: what a client in C costs that does no more than it must.</summary>
internal sealed class WrkContestant : Contestant
{
    private static readonly string s_script = Path.Combine(Layout.PeerSources, "wrk", "report.lua");

    public override string Name => "wrk";

    public override string ComparedWith => DotnetContestant.SocketsInvoker;

    public override string? Missing => Programs.Find("wrk") is null ? "`wrk` is not installed" : null;

    public override bool TakesPart(Scenario scenario, bool quick) => scenario.Shape == "requests";

    public override string? Refusal(Scenario scenario) => scenario.Http2Connections == 0 ? null : "it speaks HTTP/1.1 only";

    public override Task<IRunner> StartAsync(
        Scenario scenario, string url, IReadOnlyList<string> pinning, CancellationToken cancellationToken) =>
        Task.FromResult<IRunner>(new ToolRunner(Name, pinning, seconds => Command(scenario, url, seconds), Parse));

    // It counts whole seconds only.
    private static string Command(Scenario scenario, string url, double seconds) => string.Create(
        CultureInfo.InvariantCulture,
        $"wrk -t1 -c{scenario.Connections} -d{Math.Max(1, Math.Ceiling(seconds))}s -s '{s_script}' '{url}' -- {scenario.Body}");

    private static Sample Parse(string text) => Sample.Parse(text.Split('\n').First(static line => line.StartsWith('{')));
}
