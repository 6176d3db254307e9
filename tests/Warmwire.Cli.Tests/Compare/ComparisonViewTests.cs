using Spectre.Console;
using Warmwire.Cli.Compare;
using Xunit;

namespace Warmwire.Cli.Tests.Compare;

public sealed class ComparisonViewTests
{
    [Fact]
    public void At_120_columns_each_row_is_a_line_and_nothing_is_cut()
    {
        string[] lines = Render(120);
        Assert.All(lines, static line => Assert.InRange(line.Length, 0, 120));
        string warmwire = Assert.Single(lines, static line => line.TrimStart().StartsWith("warmwire ", StringComparison.Ordinal));
        Assert.Equal(
            ["warmwire", "2,000", "0", "32", "0", "98.4", "30,935", "1.00", "2.30", "100", "1,207", "0"],
            warmwire.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Single(lines, static line => line.Contains("Requests Errors Connections", StringComparison.Ordinal));
    }

    [Fact]
    public void At_80_columns_each_row_is_a_column_and_nothing_is_cut()
    {
        string[] lines = Render(80);
        Assert.All(lines, static line => Assert.InRange(line.Length, 0, 80));
        Assert.Single(
            lines,
            static line => line.Contains("new-handler-per-request", StringComparison.Ordinal)
                && line.Contains("sockets-http-handler", StringComparison.Ordinal));
        string connections = Assert.Single(lines, static line => line.Contains("Connections opened", StringComparison.Ordinal));
        Assert.Equal(["Connections", "opened", "2,000", "32", "32"], connections.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        foreach (Metric metric in Metric.All)
        {
            Assert.Single(lines, line => line.TrimStart().StartsWith(metric.Name + " ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void At_60_columns_each_row_has_a_table_and_nothing_is_cut()
    {
        string[] lines = Render(60);
        Assert.All(lines, static line => Assert.InRange(line.Length, 0, 60));
        Assert.Single(lines, static line => line.TrimStart().StartsWith("sockets-http-handler", StringComparison.Ordinal));
        foreach (Metric metric in Metric.All)
        {
            Assert.Equal(3, lines.Count(line => line.TrimStart().StartsWith(metric.Name + " ", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void Large_numbers_fit(int width)
    {
        CompareReport report = Reports.Make(Reports.Before with
        {
            P50Ms = 12_345,
            P99Ms = 23_456,
            CpuMicrosPerRequest = 12_345.6,
            AllocatedBytesPerRequest = 123_456,
            TlsHandshakes = 2000,
            RequestsPerSecond = 123_456,
        });
        string[] lines = Render(width, report);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.Contains("123,456", string.Join('\n', lines), StringComparison.Ordinal);
        Assert.DoesNotContain("…", string.Join('\n', lines), StringComparison.Ordinal);
    }

    [Fact]
    public void The_closing_sentence_and_the_notes_come_after_the_table()
    {
        string text = string.Join(' ', Render(120, notes: ["Note: something."]).Select(static line => line.Trim()));
        Assert.Contains("A new handler per request opened 2000 connections where", text, StringComparison.Ordinal);
        Assert.EndsWith("Note: something.", text.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_row_of_warmwire_is_highlighted()
    {
        string[] lines = Render(120, colors: true);
        Assert.Single(
            lines, static line => line.Contains("\e[1;", StringComparison.Ordinal) && line.Contains("warmwire", StringComparison.Ordinal));
        Assert.DoesNotContain(
            lines,
            static line =>
                line.Contains("\e[1;", StringComparison.Ordinal) && line.Contains("sockets-http-handler", StringComparison.Ordinal));
    }

    private static string[] Render(int width, CompareReport? report = null, IReadOnlyList<string>? notes = null, bool colors = false)
    {
        using var writer = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        ComparisonView.Write(console, report ?? Reports.Make(), notes ?? []);
        return writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
