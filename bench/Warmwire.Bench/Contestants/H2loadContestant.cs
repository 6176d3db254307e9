using System.Globalization;
using System.Text.RegularExpressions;
using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench.Contestants;

/// <summary>h2load of nghttp2, told to speak HTTP/1.1 where the scenario does.</summary>
internal sealed partial class H2loadContestant : Contestant
{
    public override string Name => "h2load";

    public override string ComparedWith => DotnetContestant.SocketsInvoker;

    public override string? Missing => Programs.Find("h2load") is null ? "`h2load` is not installed" : null;

    public override bool TakesPart(Scenario scenario, bool quick) =>
        scenario.Shape == "requests" && (scenario.Body == 0 || scenario.Http2Connections > 0);

    public override Task<IRunner> StartAsync(
        Scenario scenario, string url, IReadOnlyList<string> pinning, CancellationToken cancellationToken) =>
        Task.FromResult<IRunner>(new ToolRunner(Name, pinning, seconds => Command(scenario, url, seconds), Parse, Preparation(scenario)));

    // It takes a body from a file.
    private static string Preparation(Scenario scenario) => scenario.Body == 0
        ? ""
        : string.Create(
            CultureInfo.InvariantCulture, $"body=$(mktemp); trap 'rm -f \"$body\"' EXIT; head -c {scenario.Body} /dev/zero > \"$body\"; ");

    private static string Command(Scenario scenario, string url, double seconds)
    {
        string connections = scenario.Http2Connections == 0
            ? $"--h1 -c{scenario.Connections}"
            : $"-c{scenario.Http2Connections} -m{scenario.Connections / scenario.Http2Connections}";
        string body = scenario.Body == 0 ? "" : "-d \"$body\" ";
        return string.Create(
            CultureInfo.InvariantCulture, $"h2load {connections} -t1 -D{Math.Max(1, Math.Ceiling(seconds))} {body}'{url}'");
    }

    // "finished in 1.00s, 61234.00 req/s, 10.23MB/s" and "requests: 61234 total, 61298 started, 61234 done, 61234 succeeded, 0 failed, ..."
    private static Sample Parse(string text)
    {
        Match finished = Finished().Match(text);
        Match requests = Requests().Match(text);
        if (!finished.Success || !requests.Success)
        {
            throw new BenchFailure("h2load said something unexpected");
        }

        double done = double.Parse(requests.Groups["succeeded"].Value, CultureInfo.InvariantCulture);
        return new Sample
        {
            ["requests"] = done,
            ["errors"] = double.Parse(requests.Groups["failed"].Value, CultureInfo.InvariantCulture),
            ["wallUs"] = done / double.Parse(finished.Groups["rate"].Value, CultureInfo.InvariantCulture) * 1e6,
        };
    }

    [GeneratedRegex(@"finished in \S+, (?<rate>[\d.]+) req/s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Finished();

    [GeneratedRegex(@"(?<succeeded>\d+) succeeded, (?<failed>\d+) failed", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Requests();
}
