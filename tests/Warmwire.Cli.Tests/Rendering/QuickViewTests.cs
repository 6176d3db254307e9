using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Rendering;
using Xunit;

namespace Warmwire.Cli.Tests.Rendering;

public sealed class QuickViewTests
{
    [Fact]
    public void A_line_for_a_log_has_the_figures() => Assert.Equal(
        "150 s: 4500 requests, 4497 responses, 0 errors, p50 2.34 ms, p99 17.8 ms, 11 connections open, 12 opened", QuickLines.Line(
            new QuickProgress(
                DurationSeconds: 300, ElapsedSeconds: 150, Arrivals: 9000, TargetRate: 30, new RunLook(
                    Arrivals: 4500, Dropped: 0, Requests: 4500, Responses: 4497, Failed: 0, P50: 2_340_000, P99: 17_800_000,
                    Max: 203_000_000),
                Open: 11, Opened: 12, PeakOpen: 12, ReuseRatio: 0.99733)));

    [Fact]
    public void A_closed_loop_is_called_one() => Assert.Contains(
        "p99 17.8 ms (closed loop, uncorrected), 1 connection open",
        QuickLines.Line(new QuickProgress(0, 1, 1, 30, new RunLook(1, 0, 1, 1, 0, 1, 17_800_000, 1), 1, 1, 1, 0) { IsClosedLoop = true }),
        StringComparison.Ordinal);
}
