using System.Globalization;
using Microsoft.VisualBasic.FileIO;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.Quick.Reports;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Exports;

/// <summary>The CSV is read by .NET's reader for Visual Basic.</summary>
public sealed class SeriesCsvTests
{
    [Fact]
    public void Every_point_is_a_row_with_its_figures()
    {
        QuickResult result = SampleResults.Before;
        List<Dictionary<string, string>> rows = Read(result);
        Assert.Equal(result.Series.Points.Count, rows.Count);
        Assert.All(result.Series.Points.Zip(rows), static pair =>
        {
            (SeriesPoint point, Dictionary<string, string> row) = pair;
            Assert.Equal(point.At, Number(row["at_seconds"]));
            Assert.Equal(
                [point.Due, point.Started, point.Responses, point.Errors, point.Opened, point.Closed, point.PeakOpen],
                ((string[])["due", "started", "responses", "errors", "opened", "closed", "peak_open"])
                    .Select(name => (long)Number(row[name])));
            Assert.Equal(point.Responses == 0 ? "" : Text(point.P50), row["p50_ms"]);
            Assert.Equal(point.Responses == 0 ? "" : Text(point.P99), row["p99_ms"]);
            Assert.Equal(point.Responses == 0 ? "" : Text(point.Max), row["max_ms"]);
        });
    }

    [Fact]
    public void A_second_without_responses_has_no_latency()
    {
        SeriesPoint point = SampleResults.Before.Series.Points[0] with { Responses = 0, P50 = 0, P99 = 0, Max = 0, Histogram = "" };
        QuickResult result = SampleResults.Before with { Series = new SeriesResult { IntervalSeconds = 4, Points = [point] } };
        Dictionary<string, string> row = Assert.Single(Read(result));
        Assert.Equal(("4", "", "", ""), (row["interval_seconds"], row["p50_ms"], row["p99_ms"], row["max_ms"]));
    }

    private static List<Dictionary<string, string>> Read(QuickResult result)
    {
        using var writer = new StringWriter();
        SeriesCsv.Write(writer, result);
        using var parser = new TextFieldParser(new StringReader(writer.ToString())) { Delimiters = [","] };
        string[] names = parser.ReadFields()!;
        List<Dictionary<string, string>> rows = [];
        while (!parser.EndOfData)
        {
            string[] fields = parser.ReadFields()!;
            Assert.Equal(names.Length, fields.Length);
            rows.Add(names.Zip(fields).ToDictionary(static pair => pair.First, static pair => pair.Second, StringComparer.Ordinal));
        }

        return rows;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
