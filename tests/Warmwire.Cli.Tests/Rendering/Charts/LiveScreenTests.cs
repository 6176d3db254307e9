using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Rendering.Charts;
using Xunit;

namespace Warmwire.Cli.Tests.Rendering.Charts;

public sealed class LiveScreenTests
{
    private static readonly LiveHistory s_history = ScriptedRun.History(150);

    [Theory]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(200)]
    public void It_fits_every_size(int width)
    {
        for (int height = 1; height <= 60; height++)
        {
            string[] lines = ScriptedRun.Draw(ScriptedRun.HalfWay, s_history, Glyphs.Blocks, width, height);
            Assert.InRange(lines.Length, 1, Math.Max(height - 1, 1));
            Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        }
    }

    [Fact]
    public void With_12_lines_and_60_columns_every_chart_is_there()
    {
        string[] lines = ScriptedRun.Draw(ScriptedRun.HalfWay, s_history, Glyphs.Blocks, 60, 12);
        Assert.Equal(11, lines.Length);
        Assert.Equal("time         █████████████████░░░░░░░░░░░░░░░░░ 150 of 300 s", lines[0]);
        Assert.Equal("responses    4,475, 3 in progress, 22 errors", lines[1]);
        Assert.Equal("latency      p50 2.34 ms   p99 417.8 ms   max 2203 ms", lines[2]);
        Assert.Equal("connections  41 open, max 61; 72 opened; reuse 98.4 %", lines[3]);
        Assert.All(lines[4..7], static line => Assert.Matches("^ +< [0-9.]+ m?s ", line));
        Assert.Contains("110s", lines[7], StringComparison.Ordinal);
        Assert.StartsWith("open  ", lines[8]);
        Assert.StartsWith("opened  ", lines[9]);
        Assert.Equal("closed       ServerClosed 22, IdleTimeout 9", lines[10]);
    }

    [Fact]
    public void A_large_screen_has_arrivals_errors_over_time_and_more_rows()
    {
        string[] lines = ScriptedRun.Draw(ScriptedRun.HalfWay, s_history, Glyphs.Blocks, 200, 40);
        Assert.Equal("arrivals     4,500 of 9,000, 30 of 30 per second", lines[1]);
        Assert.Equal("failed       Timeout.ResponseHeaders 22", lines[^1]);
        string errors = lines.Single(static line => line.StartsWith("errors ", StringComparison.Ordinal));
        Assert.Equal(13 + 110, errors.IndexOf('█', StringComparison.Ordinal));
        Assert.Equal(5 + 20 + 1 + 3 + 2, lines.Length);
        Assert.InRange(lines.Count(static line => line.Length > 13 && line[..13].Contains('<', StringComparison.Ordinal)), 11, 20);
    }

    [Fact]
    public void A_column_is_a_second_and_the_last_ones_are_shown()
    {
        string[] lines = ScriptedRun.Draw(ScriptedRun.HalfWay, s_history, Glyphs.Blocks, 63, 30);
        string opened = lines.Single(static line => line.StartsWith("opened ", StringComparison.Ordinal));
        Assert.Equal(13 + 0, opened.IndexOf('█', StringComparison.Ordinal)); // of 150 seconds the last 50: second 100 is the first
        Assert.Equal('▄', opened[13 + 40]);
        string axis = lines.Single(static line => line.Contains("100s", StringComparison.Ordinal));
        Assert.Equal(13, axis.IndexOf("100s", StringComparison.Ordinal));
    }

    [Fact]
    public void Before_the_start_there_is_nothing_yet()
    {
        string[] lines = ScriptedRun.Draw(
            new QuickProgress(60, -2, 1800, 30, default, 0, 0, 0, 0), new LiveHistory(), Glyphs.Blocks, 120, 30);
        Assert.Equal("time         " + new string('░', 40) + " 0 of 60 s", lines[0]);
        Assert.Equal("arrivals     0 of 1,800, 0 of 30 per second", lines[1]);
        Assert.Contains("closed       –", lines);
    }

    [Fact]
    public void Dropped_arrivals_are_told() => Assert.EndsWith(
        ", 7 dropped",
        ScriptedRun.Draw(
            ScriptedRun.HalfWay with { Look = ScriptedRun.HalfWay.Look with { Dropped = 7 } }, s_history, Glyphs.Blocks, 120, 30)[1]);

    [Fact]
    public void Ascii_is_ascii() => Assert.All(
        ScriptedRun.Draw(ScriptedRun.HalfWay, s_history, Glyphs.Ascii, 60, 20),
        static line => Assert.All(line, static letter => Assert.InRange(letter, ' ', '~')));

    [Fact]
    public void A_text_that_does_not_fit_is_cut_with_a_mark()
    {
        QuickProgress now = ScriptedRun.HalfWay with
        {
            ClosedBy = Enumerable.Range(0, 20).ToDictionary(static i => $"Reason{i}", static i => (long)i, StringComparer.Ordinal),
        };
        string closed = ScriptedRun.Draw(now, s_history, Glyphs.Blocks, 60, 12)[^1];
        Assert.Equal((60, '…'), (closed.Length, closed[^1]));
    }
}
