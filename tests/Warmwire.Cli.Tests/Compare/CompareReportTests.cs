using System.Text.Json;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Measuring;
using Xunit;

namespace Warmwire.Cli.Tests.Compare;

public sealed class CompareReportTests
{
    [Fact]
    public void The_json_has_exactly_the_promised_members_in_their_order()
    {
        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(Reports.Make(), ReportJson.Default.CompareReport));
        Assert.Equal(["upstream", "scheme", "rttMs", "concurrency", "requests", "rows"], Names(json.RootElement));
        Assert.Equal(3, json.RootElement.GetProperty("rows").GetArrayLength());
        foreach (JsonElement row in json.RootElement.GetProperty("rows").EnumerateArray())
        {
            Assert.Equal(
                [
                    "name", "requests", "errors", "connections", "tlsHandshakes", "reusePercent", "requestsPerSecond", "p50Ms", "p99Ms",
                    "cpuMicrosPerRequest", "allocatedBytesPerRequest", "timeWaitSockets",
                ],
                Names(row));
        }
    }

    [Theory]
    [InlineData(32, 2000, 98.4)]
    [InlineData(640, 2000, 68)] // as a double, 1 - 0.32 is a little less than 0.68
    [InlineData(2000, 2000, 0)]
    [InlineData(2001, 2000, 0)] // a connection more than requests is no negative reuse
    [InlineData(1, 1_000_000, 99.99)] // never rounded up to 100
    public void Reuse_is_the_share_of_requests_without_a_connection_of_their_own(long connections, int requests, double percent) =>
        Assert.Equal(percent, RowReport.Reuse(connections, requests));

    [Fact]
    public void Costs_are_per_request_and_the_rate_is_of_answers()
    {
        var measured = new RowMeasurement(100, 10, null, null, ElapsedSeconds: 2, 1.23456, 2, CpuMicros: 5000, AllocatedBytes: 123_456, 7);
        var row = RowReport.From(RowNames.Warmwire, measured, connections: 4, tlsHandshakes: 3);
        Assert.Equal(45, row.RequestsPerSecond);
        Assert.Equal(50, row.CpuMicrosPerRequest);
        Assert.Equal(1234, row.AllocatedBytesPerRequest);
        Assert.Equal(1.235, row.P50Ms);
        Assert.Equal((4, 3, 96, 7), (row.Connections, row.TlsHandshakes, row.ReusePercent, row.TimeWaitSockets));
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(static member => member.Name);
}
