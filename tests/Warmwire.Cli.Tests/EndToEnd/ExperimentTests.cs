using System.Text.Json;
using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

public sealed class ExperimentTests
{
    [Fact]
    public async Task The_bug_opens_a_connection_for_each_invocation_and_the_cure_a_few()
    {
        const int Invocations = 20 * 30;
        JsonElement report = await RunAsync("-d", "20", "-r", "30");
        JsonElement broken = report.GetProperty("broken");
        JsonElement cured = report.GetProperty("cured");
        foreach (JsonElement run in new[] { broken, cured })
        {
            Assert.Equal((Invocations, 0, Invocations), (Count(run, "invocations"), Count(run, "failed"), Count(run, "upstreamRequests")));
        }

        Assert.Equal(Invocations, Count(broken, "upstreamConnections"));
        Assert.InRange(Count(cured, "upstreamConnections"), 1, 30);
        Assert.InRange(Count(broken, "dnsLookups"), Invocations, 2 * Invocations);
        Assert.InRange(Count(cured, "dnsLookups"), 1, 60);
        Assert.True(cured.GetProperty("cpuMicrosPerInvocation").GetDouble() > 0);
        Assert.InRange(cured.GetProperty("p50Ms").GetDouble(), 0.01, 10_000);
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(Count(broken, "timeWaitSockets"), Invocations / 2, Invocations + 10);
        }
    }

    [Fact]
    public async Task The_same_with_the_function_that_publishes()
    {
        JsonElement report = await RunAsync("-d", "2", "-r", "20", "--function", "pubsub");
        Assert.Equal((40, 0, 40), (Count(report.GetProperty("broken"), "invocations"), Count(report.GetProperty("broken"), "failed"), Count(report.GetProperty("broken"), "upstreamConnections")));
        Assert.Equal((40, 0), (Count(report.GetProperty("cured"), "invocations"), Count(report.GetProperty("cured"), "failed")));
        Assert.InRange(Count(report.GetProperty("cured"), "upstreamConnections"), 1, 16);
    }

    private static async Task<JsonElement> RunAsync(params string[] arguments)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(["experiment", "--json", .. arguments]);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        return JsonDocument.Parse(outcome.Output).RootElement;
    }

    private static int Count(JsonElement run, string member) => run.GetProperty(member).GetInt32();
}
