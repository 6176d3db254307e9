using Spectre.Console;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Rendering;
using Xunit;

namespace Warmwire.Cli.Tests.Rendering;

public sealed class QuickViewTests
{
    private static readonly QuickProgress s_halfWay = new(
        DurationSeconds: 300, ElapsedSeconds: 150, Arrivals: 9000, TargetRate: 30, new RunLook(
            Arrivals: 4500, Dropped: 0, Requests: 4500, Responses: 4497, Failed: 0, P50: 2_340_000, P99: 17_800_000, Max: 203_000_000),
        Open: 11, Opened: 12, PeakOpen: 12, ReuseRatio: 0.99733);

    [Fact]
    public void The_table_tells_where_the_run_stands()
    {
        string[] lines = Draw(s_halfWay);
        Assert.Equal(
            [
                "time         ████████████████████░░░░░░░░░░░░░░░░░░░░ 150 of 300 s",
                "arrivals     4,500 of 9,000, 30 of 30 per second",
                "responses    4,497, 3 in progress",
                "latency      p50 2.34 ms   p99 17.8 ms   max 203 ms",
                "connections  11 open, at most 12; 12 opened, 99.7 % of requests reused one",
            ],
            lines);
    }

    [Fact]
    public void Trouble_is_told_where_there_is_some()
    {
        string[] lines = Draw(s_halfWay with { Look = s_halfWay.Look with { Dropped = 7, Failed = 2 } });
        Assert.EndsWith("per second, 7 dropped", lines[1]);
        Assert.EndsWith("1 in progress, 2 errors", lines[2]);
    }

    [Fact]
    public void A_closed_loop_is_called_one()
    {
        QuickProgress closed = s_halfWay with { IsClosedLoop = true };
        Assert.Equal("arrivals     4,500, 30 per second (closed loop, latencies uncorrected)", Draw(closed)[1]);
        Assert.StartsWith("time         ████████████████████░", Draw(closed with { DurationSeconds = 0 })[0]);
        Assert.Contains("p99 17.8 ms (closed loop, uncorrected), 11 connections", QuickLines.Line(closed), StringComparison.Ordinal);
    }

    [Fact]
    public void Before_the_start_there_is_nothing_yet()
    {
        string[] lines = Draw(new QuickProgress(60, -2, 1800, 30, default, 0, 0, 0, 0));
        Assert.StartsWith("time         ░░░", lines[0]);
        Assert.Equal("arrivals     0 of 1,800, 0 of 30 per second", lines[1]);
    }

    [Fact]
    public void A_line_for_a_log_has_the_same_figures() => Assert.Equal(
        "150 s: 4500 requests, 4497 responses, 0 errors, p50 2.34 ms, p99 17.8 ms, 11 connections open, 12 opened", QuickLines.Line(
            s_halfWay));

    private static string[] Draw(QuickProgress progress)
    {
        using var writer = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = 120;
        console.Write(QuickTable.Draw(progress));
        return [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.TrimEnd())];
    }
}
