using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Reports;

public sealed class HtmlReportTests
{
    private const string Hostile = "</style></title><script>alert('1')</script>\"' onload=\"x\" & \r\nSet-Cookie: a=b "
        + "\u0000\u001b[31m \u202egnp \ud800 ]]> <!-- <img src=x onerror=y>";

    public static TheoryData<string> Results =>
        ["after", "before", "tiny", "nothing", "long", "hostile", "all failed", "one point", "all equal", "outlier", "absurd", "damaged"];

    [Theory]
    [MemberData(nameof(Results))]
    public void A_report_is_well_formed_and_needs_nothing_but_itself(string name)
    {
        string html = Write(Make(name));

        XElement page = XDocument.Parse(html).Root!;
        string[] known =
        [
            "html", "head", "meta", "title", "style", "body", "main", "header", "section", "footer", "figure", "figcaption", "div", "h1",
            "h2", "h3", "p", "ul", "li", "dl", "dt", "dd", "small",
            "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "svg", "desc", "path", "line", "rect", "text",
        ];
        Assert.Empty(page.DescendantsAndSelf().Select(element => element.Name.LocalName).Except(known));
        XAttribute[] attributes = [.. page.DescendantsAndSelf().Attributes()];
        Assert.DoesNotContain(attributes, attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(
            attributes, attribute => attribute.Name.LocalName is "href" or "src" or "srcset" or "style" or "action" or "background");
        string style = page.Descendants("style").Single().Value;
        Assert.DoesNotMatch("url\\(|@import|@font-face|expression|<|&", style);
        Assert.Contains(
            page.Descendants("meta"), meta => meta.Attribute("content")?.Value == "default-src 'none'; style-src 'unsafe-inline'");
    }

    [Theory]
    [MemberData(nameof(Results))]
    public void Each_chart_says_what_it_shows_and_lies_within_its_frame(string name)
    {
        XElement page = XDocument.Parse(Write(Make(name))).Root!;

        foreach (XElement chart in page.Descendants("svg"))
        {
            Assert.Equal("img", chart.Attribute("role")?.Value);
            Assert.NotEmpty(chart.Attribute("aria-label")!.Value);
            Assert.NotEmpty(chart.Element("title")!.Value);
            Assert.DoesNotMatch(
                "NaN|Infinity|∞|E[+-]?[0-9]", string.Concat(chart.Descendants("path").Attributes("d").Select(d => d.Value)));
            foreach (XElement text in chart.Elements("text"))
            {
                Assert.InRange(double.Parse(text.Attribute("x")!.Value, CultureInfo.InvariantCulture), 0, 520);
            }
        }

        foreach (XElement figure in page.Descendants("figure"))
        {
            Assert.Equal(figure.Element("svg")!.Element("desc")!.Value, figure.Element("figcaption")!.Value);
        }
    }

    [Fact]
    public void What_others_wrote_stays_text()
    {
        string html = Write(Make("hostile"));

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<!--", html, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', html);
        Assert.DoesNotContain('\0', html);
        Assert.Contains("&lt;script&gt;alert(&#39;1&#39;)", html, StringComparison.Ordinal);
        string shown = XDocument.Parse(html).Root!.Descendants("h1").Single().Value;
        Assert.Contains("</style></title><script>alert('1')</script>", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_series_make_a_file_that_can_be_mailed()
    {
        QuickResult result = SampleResults.Long;
        Assert.Equal(600, result.Series.Points.Count);

        Assert.InRange(Write(result).Length, 50_000, 200_000);
    }

    [Fact]
    public void Errors_over_time_are_there_if_there_were_any()
    {
        XElement page = XDocument.Parse(Write(SampleResults.Before)).Root!;
        XElement chart = page.Descendants("svg").Single(svg => svg.Attribute("aria-label")?.Value == "Errors over time");
        long errors = SampleResults.Before.Series.Points.Sum(point => point.Errors);
        Assert.StartsWith($"{errors:N0} requests got no complete response, the first at ", chart.Element("desc")!.Value);
        int seconds = SampleResults.Before.Series.Points.Count(point => point.Errors > 0);
        Assert.Equal(seconds, chart.Elements("path").Single().Attribute("d")!.Value.Count(letter => letter == 'M'));
        Assert.DoesNotContain("Errors over time", Write(SampleResults.After), StringComparison.Ordinal);
    }

    [Fact]
    public void The_heat_map_has_its_darkest_cells_where_most_responses_were()
    {
        XElement page = XDocument.Parse(Write(SampleResults.After)).Root!;
        XElement map = page.Descendants("svg").Single(svg => svg.Attribute("aria-label")?.Value == "Latency heat map");
        string[] shades = [.. map.Elements("path").Select(path => path.Attribute("fill-opacity")!.Value)];
        Assert.Equal(["0.18", "0.42", "0.7", "1"], shades);
        Assert.InRange(map.Elements("text").Count(text => text.Value.StartsWith("< ", StringComparison.Ordinal)), 3, 6);

        // A stall holds up few responses: in the upper rows there are cells, all pale.
        double[] HeightsOf(string shade) =>
        [
            .. Regex.Matches(PathOf(shade), @"M[\d.]+ ([\d.]+)")
                .Select(cell => double.Parse(cell.Groups[1].Value, CultureInfo.InvariantCulture)),
        ];
        string PathOf(string shade) =>
            map.Elements("path").Single(path => path.Attribute("fill-opacity")!.Value == shade).Attribute("d")!.Value;

        Assert.True(HeightsOf("0.18").Min() < HeightsOf("1").Min());
    }

    [Fact]
    public void The_histogram_has_all_responses_and_the_tool_its_version()
    {
        XElement page = XDocument.Parse(Write(SampleResults.After with { Tool = new ToolResult("warmwire", "1.2.3") })).Root!;
        XElement table = page.Descendants("div").Single(div => div.Attribute("aria-label")?.Value == "Requests by corrected latency");
        long sum = table.Descendants("tr").Skip(1)
            .Sum(row => long.Parse(row.Elements("td").ElementAt(1).Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture));
        Assert.Equal(SampleResults.After.Responses, sum);
        Assert.Contains("Written by warmwire 1.2.3.", page.Descendants("footer").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void The_figures_of_the_run_are_in_it()
    {
        string text = Regex.Replace(XDocument.Parse(Write(SampleResults.Before)).Root!.Element("body")!.Value, @"\s+", " ");

        foreach (string expected in (string[])
        [
            "GET https://orders.example.internal/api/orders/17?expand=lines", "30/s for 5 min", "2026-12-03 13:05:09 UTC",
            "2 of 3 conditions failed", "connections <= 20", "✗ no", "Warning: the load generator was a limit", "Local ports ran short",
            "connection close header", "The server closed 8,931 of these 8,991 connections or asked for it; the client closed 60.",
            "Cannot assign requested address (10.0.3.17:8443)", "Process orders-api, 48213", "TLS handshake", "503",
        ])
        {
            Assert.Contains(expected, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_run_that_was_fine_has_no_warning_and_says_that_nothing_was_closed()
    {
        XElement page = XDocument.Parse(Write(SampleResults.After)).Root!;

        Assert.DoesNotContain(page.Descendants("section"), section => section.Attribute("class")?.Value == "warning");
        Assert.Contains(page.Descendants("p"), p => p.Value == "No connection was closed during the run.");
        Assert.Contains(page.Descendants("h2"), heading => heading.Value == "✓ All 3 conditions passed");
        Assert.Contains(page.Descendants("text"), text => text.Value == "ms, logarithmic axis");
    }

    [Fact]
    public void Where_no_response_came_the_line_has_a_gap_and_not_a_zero()
    {
        SeriesPoint[] points =
        [
            .. SampleResults.Tiny.Series.Points.Select(
                (point, i) => i == 1 ? point with { Responses = 0, P50 = 0, P99 = 0, Max = 0 } : point),
        ];
        XElement page = XDocument.Parse(
            Write(SampleResults.Tiny with { Series = new SeriesResult { IntervalSeconds = 1, Points = points } })).Root!;

        XElement chart = page.Descendants("svg").Single(svg => svg.Attribute("aria-label")?.Value == "Latency over time");
        string line = chart.Elements("path").Last().Attribute("d")!.Value;

        Assert.Equal(2, line.Count(letter => letter == 'M'));
        Assert.Equal(2, Regex.Count(line, "h0"));
    }

    private static QuickResult Make(string name) => name switch
    {
        "after" => SampleResults.After,
        "before" => SampleResults.Before,
        "tiny" => SampleResults.Tiny,
        "nothing" => SampleResults.Nothing,
        "long" => SampleResults.Long,
        "hostile" => HostileResult(),
        "all failed" =>
            WithPoints(
                SampleResults.Nothing with { Errors = new Dictionary<string, long> { ["connect"] = 40 } },
                40,
                (point, _) => point with { Due = 1, Started = 1, Errors = 1 }),
        "one point" => WithPoints(SampleResults.Tiny, 1, (point, _) => point),
        "all equal" => WithPoints(SampleResults.Tiny, 600, (point, _) => point with { P50 = 5, P99 = 5, Max = 5 }),
        "outlier" =>
            WithPoints(
                SampleResults.Tiny,
                600,
                (point, i) => point with { P50 = 1, P99 = 1, Max = i == 300 ? 3_600_000 : 1, PeakOpen = i == 300 ? 1_000_000_000 : 1 }),
        "absurd" => WithPoints(
            SampleResults.Tiny with
            {
                AchievedRate = 1e300,
                ElapsedSeconds = 1e300,
                Target = SampleResults.Tiny.Target with { Rate = 1e300, DurationSeconds = -1 },
            },
            3,
            (point, i) =>
                point with
                {
                    At = i * 1e300,
                    P50 = -1,
                    P99 = 1e-300,
                    Max = 1e300,
                    PeakOpen = long.MaxValue,
                    Due = long.MinValue / 2,
                    Opened = long.MaxValue / 4,
                }),
        "damaged" => SampleResults.Tiny with { Histogram = SampleResults.Tiny.Histogram with { Corrected = "AAAA", Uncorrected = "" } },
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static QuickResult WithPoints(QuickResult result, int count, Func<SeriesPoint, int, SeriesPoint> change)
    {
        SeriesPoint model = SampleResults.Tiny.Series.Points[0] with { Responses = result.Responses };
        return result with
        {
            Series = new SeriesResult
            {
                IntervalSeconds = 1,
                Points = [.. Enumerable.Range(0, count).Select(i => change(model with { At = i }, i))],
            },
        };
    }

    private static QuickResult HostileResult()
    {
        QuickResult model = SampleResults.Before;
        var counts = Enumerable.Range(0, 50).ToDictionary(i => Hostile + i, i => (long)i + 1);
        var looks = counts.ToDictionary(count => count.Key, count => (int)count.Value);
        ProcessState state = model.Process!.Before with { Outgoing = looks, TimeWait = looks };
        return model with
        {
            Target = model.Target with { Url = Hostile, Method = Hostile, HttpVersion = Hostile, Shard = Hostile },
            Errors = counts,
            ErrorExamples = counts.ToDictionary(count => count.Key, _ => Hostile + new string('x', 5000)),
            Codes = counts,
            GeneratorLimits = [Hostile],
            Verdict = [Hostile],
            Ensure = [new EnsureResult(Hostile, false, Hostile)],
            Connections = model.Connections with { ClosedBy = counts, DialedBy = counts },
            Process = model.Process with
            {
                Name = Hostile,
                Notes = [Hostile],
                OutgoingSeen = counts,
                Before = state,
                During = state,
                After = state,
            },
        };
    }

    private static string Write(QuickResult result)
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        HtmlReport.Write(writer, result);
        return writer.ToString();
    }
}
