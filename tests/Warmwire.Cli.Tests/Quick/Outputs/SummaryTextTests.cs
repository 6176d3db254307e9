using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Outputs;

public sealed class SummaryTextTests
{
    [Fact]
    public void Every_figure_has_a_line_of_79_columns_and_names_ascend()
    {
        string[] lines = Write(Busy());
        string[] dotted = [.. lines.Where(static line => line.Contains(": ..", StringComparison.Ordinal))];
        Assert.All(dotted, static line => Assert.Equal(79, line.Length));
        string[] names =
        [
            .. lines
                .SkipWhile(static line => !line.StartsWith("connections.", StringComparison.Ordinal))
                .TakeWhile(static line => line.Length > 0)
                .Where(static line => line[0] != ' ')
                .Select(static line => line[..line.IndexOf(':', StringComparison.Ordinal)]),
        ];
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [Fact]
    public void Closes_errors_and_the_process_are_there_if_there_were_any()
    {
        string[] lines = Write(Busy());
        string[] expected =
        [
            "connections.closed.by_client.IdleTimeout: ", "connections.closed.by_server.ServerClosed: ", "connections.failed_dials: ",
            "errors.Timeout.Connect: ", "process.cpu.per_request: ", "process.outgoing.10.0.0.1:443: ",
            "process.went_to_time_wait.10.0.0.1:443: ",
        ];
        foreach (string begin in expected)
        {
            Assert.Contains(lines, line => line.StartsWith(begin, StringComparison.Ordinal));
        }

        Assert.EndsWith(" 1 > 2 > 1 (seen 9)", lines.Single(static line => line.StartsWith("process.outgoing.", StringComparison.Ordinal)));
    }

    [Fact]
    public void Conditions_come_last()
    {
        string[] lines = Write(Busy());
        Assert.Equal(["✓ passed errors<5: 3", "✗ failed reuse>0.9: 0.5"], lines[^2..]);
    }

    private static QuickResult Busy()
    {
        QuickResult usual = QuickResults.Usual();
        var state = new ProcessState
        {
            Descriptors = 10,
            ResidentMegabytes = 50,
            Threads = 5,
            Outgoing = new Dictionary<string, int> { ["10.0.0.1:443"] = 1 },
            Incoming = 1,
            TimeWait = new Dictionary<string, int> { ["10.0.0.2:443"] = 5 },
        };
        return usual with
        {
            Errors = new Dictionary<string, long> { ["Timeout.Connect"] = 3 },
            Connections = usual.Connections with
            {
                FailedDials = 3, ClosedBy = new Dictionary<string, long>
                {
                    ["IdleTimeout"] = 2,
                    ["ServerClosed"] = 1,
                }, ClosedByServer = 1, ClosedByClient = 2, TimeWait = 4,
            },
            Process = new ProcessResult
            {
                Pid = 42,
                Name = "shop",
                CpuSeconds = 1.5,
                CpuMicrosPerRequest = 300,
                Before = state,
                During = state with
                {
                    Outgoing = new Dictionary<string, int> { ["10.0.0.1:443"] = 2 },
                    TimeWait = new Dictionary<string, int> { ["10.0.0.1:443"] = 8, ["10.0.0.2:443"] = 5 },
                },
                After = state with { TimeWait = new Dictionary<string, int> { ["10.0.0.1:443"] = 7, ["10.0.0.2:443"] = 5 } },
                OutgoingSeen = new Dictionary<string, long> { ["10.0.0.1:443"] = 9 },
                TimeWaitSeen = new Dictionary<string, long> { ["10.0.0.1:443"] = 8 },
            },
            Ensure = [new EnsureResult("errors<5", true, "3"), new EnsureResult("reuse>0.9", false, "0.5")],
        };
    }

    private static string[] Write(QuickResult result)
    {
        using var writer = new StringWriter();
        SummaryText.Write(writer, result);
        return writer.ToString().TrimEnd('\n').Split('\n');
    }
}
