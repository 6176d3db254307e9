using System.Text.Json;
using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

public sealed class ExperimentTests
{
    [Fact]
    public async Task A_client_per_invocation_opens_a_connection_each_and_a_shared_one_a_few()
    {
        const int Invocations = 20 * 30;
        JsonElement report = await RunAsync("-d", "20", "-r", "30");
        JsonElement before = report.GetProperty("before");
        JsonElement after = report.GetProperty("after");
        foreach (JsonElement run in new[] { before, after })
        {
            Assert.Equal((Invocations, 0, Invocations), (Count(run, "invocations"), Count(run, "failed"), Count(run, "upstreamRequests")));
        }

        Assert.Equal(Invocations, Count(before, "upstreamConnections"));
        Assert.InRange(Count(after, "upstreamConnections"), 1, 30);
        Assert.InRange(Count(before, "dnsLookups"), Invocations, 2 * Invocations);
        Assert.InRange(Count(after, "dnsLookups"), 1, 60);
        Assert.True(after.GetProperty("cpuMicrosPerInvocation").GetDouble() > 0);
        Assert.InRange(after.GetProperty("p50Ms").GetDouble(), 0.01, 10_000);
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(Count(before, "timeWaitSockets"), Invocations / 2, Invocations + 10);
        }
    }

    [Fact]
    public async Task The_same_with_the_function_that_publishes()
    {
        JsonElement report = await RunAsync("-d", "2", "-r", "20", "--function", "pubsub");
        Assert.Equal(
            (40, 0, 40),
            (
                Count(report.GetProperty("before"), "invocations"),
                Count(report.GetProperty("before"), "failed"),
                Count(report.GetProperty("before"), "upstreamConnections")));
        Assert.Equal((40, 0), (Count(report.GetProperty("after"), "invocations"), Count(report.GetProperty("after"), "failed")));
        Assert.InRange(Count(report.GetProperty("after"), "upstreamConnections"), 1, 16);
    }

    private static async Task<JsonElement> RunAsync(params string[] arguments)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(["experiment", "--json", .. arguments]);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        return JsonDocument.Parse(outcome.Output).RootElement;
    }

    private static int Count(JsonElement run, string member) => run.GetProperty(member).GetInt32();
}
