using System.Text.Json;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Results;

public sealed class PercentileListTests
{
    [Fact]
    public void Each_is_there_once_in_ascending_order()
    {
        Assert.True(PercentileList.TryParse("99.99, 50,75,50", out IReadOnlyList<double> percentiles, out _));
        Assert.Equal([50, 75, 99.99], percentiles);
        Assert.Equal(["p50", "p75", "p99_99"], percentiles.Select(PercentileList.KeyOf));
        Assert.Equal("p99.99", PercentileList.NameOfKey("p99_99"));
    }

    [Theory]
    [InlineData("--percentiles must be numbers between 0 and 100, such as 50,75,99.99; '' is none", "")]
    [InlineData("--percentiles must be numbers between 0 and 100, such as 50,75,99.99; '100' is none", "50,100")]
    [InlineData("--percentiles must be numbers between 0 and 100, such as 50,75,99.99; 'p50' is none", "p50")]
    [InlineData("--percentiles has 21 percentiles; 20 is the maximum", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21")]
    public void What_is_wrong_is_named(string expected, string text)
    {
        Assert.False(PercentileList.TryParse(text, out _, out string? error));
        Assert.Equal(expected, error);
        Assert.Equal(expected, CommandLine.ErrorOf(CommandLine.Parse(["quick", "http://x/", "-c", "1", "--percentiles", text])));
    }

    [Fact]
    public void The_summary_the_json_and_the_report_have_them_in_place_of_the_usual_ones()
    {
        QuickResult result = LatencyFigures.Select(QuickResults.Usual(), [50, 75, 99.99]);
        using var summary = new StringWriter();
        SummaryText.Write(summary, result);
        string[] names =
        [
            .. summary.ToString().Split('\n')
                .SkipWhile(static line => line != "http.response_time:").Skip(1)
                .TakeWhile(static line => line.StartsWith("  ", StringComparison.Ordinal))
                .Select(static line => line.Split(':')[0].Trim()),
        ];
        Assert.Equal(["min", "mean", "p50", "p75", "p99.99", "max"], names);
        Assert.Contains(".. 143.1 ms", summary.ToString(), StringComparison.Ordinal);

        using JsonDocument json = JsonDocument.Parse(QuickJson.Write(result));
        JsonElement corrected = json.RootElement.GetProperty("latencyMs").GetProperty("corrected");
        Assert.Equal(["p50", "p75", "p99_99"], corrected.GetProperty("percentiles").EnumerateObject().Select(static pair => pair.Name));
        Assert.Equal(190, corrected.GetProperty("percentiles").GetProperty("p99_99").GetDouble());
        Assert.Equal(
            corrected.GetProperty("p50").GetDouble(), corrected.GetProperty("percentiles").GetProperty("p50").GetDouble());

        using var report = new StringWriter();
        HtmlReport.Write(report, result);
        Assert.Contains(">p99.99</th>", report.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(">p95</th>", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_keeps_them()
    {
        QuickResult read = QuickJson.Read(QuickJson.Write(LatencyFigures.Select(QuickResults.Usual(), [12.5])));
        Assert.Equal("p12_5", Assert.Single(read.LatencyMs.Corrected.Percentiles!).Key);
    }
}
