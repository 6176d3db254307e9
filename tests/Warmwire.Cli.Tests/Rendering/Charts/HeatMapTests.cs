using Spectre.Console.Rendering;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Rendering.Charts;
using Xunit;

namespace Warmwire.Cli.Tests.Rendering.Charts;

public sealed class HeatMapTests
{
    [Fact]
    public void Each_response_is_in_the_row_of_its_latency_and_the_column_of_its_second()
    {
        string[] rows = Draw(rows: 4, [[1_500_000], [15_000_000], [], [150_000_000, 1_500_000_000]]);
        Assert.Equal(
            [
                "     < 10 s     █",
                "      < 1 s     █",
                "   < 100 ms   █  ",
                "    < 10 ms  █   ",
            ],
            rows);
    }

    [Fact]
    public void The_shade_is_the_count()
    {
        string row = Assert.Single(Draw(rows: 1, [Many(1), Many(10), Many(100), Many(1000), []]));
        Assert.Equal("░▒▓█ ", row[13..]);
    }

    [Fact]
    public void A_range_too_wide_for_the_rows_has_wider_rows()
    {
        string[] rows = Draw(rows: 3, [[2_000], [3_000_000_000_000]]);
        Assert.Equal(3, rows.Length);
        Assert.Equal('█', rows[^1][13]);
        Assert.Contains(rows[..^1], static row => row.Length > 14 && row[14] == '█');
    }

    [Fact]
    public void The_axis_names_seconds_without_running_into_each_other()
    {
        var history = new LiveHistory();
        for (int second = 0; second < 1200; second++)
        {
            history.SecondEnded(second, new LiveInterval());
        }

        Assert.Equal(LiveHistory.MaxSeconds, history.Last(int.MaxValue).Count);
        string axis = Text(HeatMap.Axis(history.Last(40), 40))[13..];
        Assert.Equal("1160s     1170s     1180s     1190s     ", axis);
    }

    private static long[] Many(int count) => [.. Enumerable.Repeat(1_500_000L, count)];

    private static string[] Draw(int rows, long[][] seconds)
    {
        var history = new LiveHistory();
        for (int i = 0; i < seconds.Length; i++)
        {
            var interval = new LiveInterval { Responses = seconds[i].Length };
            foreach (long latency in seconds[i])
            {
                interval.Latencies.Record(latency);
            }

            history.SecondEnded(i, interval);
        }

        return [.. HeatMap.Draw(history.Last(100), rows, Glyphs.Blocks).Select(Text)];
    }

    private static string Text(ChartLine line) => string.Concat(line.Fit(1000, '…').Select(static (Segment segment) => segment.Text));
}
