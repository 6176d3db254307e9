using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>The run over time: charts over one axis, so that what happened at one moment is found in each of them.</summary>
internal static class TimeSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        markup.Element("h2", "Over time");
        if (result.Series.Points.Count == 0)
        {
            markup.Open("div", ("class", "card"));
            Cards.Note(markup, "There is no data over time.");
            markup.Close();
            return;
        }

        var line = new TimeLine(result.Series);
        markup.Open("div", ("class", "grid"));
        Latency(markup, line, result.Target.IsClosedLoop);
        HeatMap(markup, result, line);
        Rate(markup, line);
        Errors(markup, line);
        Open(markup, line);
        OpenedAndClosed(markup, line);
        markup.Close();
    }

    private static void Latency(Markup markup, TimeLine line, bool isClosedLoop)
    {
        List<SeriesPoint> answered = [.. line.Points.Where(point => point.Responses > 0)];
        if (answered.Count == 0)
        {
            Cards.Sentence(markup, "Latency", "There were no responses.");
            return;
        }

        SeriesPoint slowest = answered.MaxBy(point => point.Max)!;
        string description = $"The slowest response took {Figures.Milliseconds(slowest.Max)}, in the {line.IntervalName} "
            + $"{TimeLine.At(slowest)}. "
            + $"p50 was {Range(answered, point => point.P50)}, p99 {Range(answered, point => point.P99)}; "
                + (isClosedLoop ? "uncorrected latency." : "corrected latency.");
        List<double> usual = [.. answered.Select(point => point.P50).Order()];
        var up = Axis.OfLatencies(answered.SelectMany(point => (double[])[point.P50, point.P99, point.Max]), usual[usual.Count / 2]);
        Cards.Chart(markup, "Latency", line.Plot(
            "Latency over time",
            description,
            LatencySection.Unit(up),
            up,
            new Series("p99", Ink.Orange, Mark.Area, line.LatencyOf(point => point.P99)),
            new Series("maximum", Ink.Purple, Mark.Dots, line.LatencyOf(point => point.Max)),
            new Series("p50", Ink.Blue, Mark.Line, line.LatencyOf(point => point.P50))));
    }

    private static void HeatMap(Markup markup, QuickResult result, TimeLine line)
    {
        if (line.Points.All(static point => point.Histogram.Length == 0))
        {
            return;
        }

        using var map = new StringWriter();
        try
        {
            LatencyHeatMap.Draw(new Markup(map), result, line);
            markup.Unescaped(map.ToString());
        }
        catch (FormatException)
        {
            Cards.Sentence(markup, "Latency heat map", "The histograms of this result cannot be read.");
        }
    }

    private static void Errors(Markup markup, TimeLine line)
    {
        IReadOnlyList<double> errors = line.Of(point => point.Errors);
        if (errors.Max() == 0)
        {
            return;
        }

        SeriesPoint worst = line.Points.MaxBy(point => point.Errors)!;
        SeriesPoint first = line.Points.First(point => point.Errors > 0);
        string description = $"{Figures.Plural(line.Points.Sum(point => point.Errors), "request")} got no complete response, the first "
            + $"{TimeLine.At(first)}; most in the {line.IntervalName} {TimeLine.At(worst)}, {Figures.Count(worst.Errors)}.";
        Cards.Chart(markup, "Errors", line.Plot(
            "Errors over time",
            description,
            $"in each {line.IntervalName}",
            Axis.Linear(0, errors.Max(), isWhole: true),
            new Series("errors", Ink.Red, Mark.Bars, errors)));
    }

    private static void Rate(Markup markup, TimeLine line)
    {
        IReadOnlyList<double> due = line.RateOf(point => point.Due);
        IReadOnlyList<double> started = line.RateOf(point => point.Started);
        IReadOnlyList<double> responses = line.RateOf(point => point.Responses);
        IReadOnlyList<double> errors = line.RateOf(point => point.Errors);
        string description = $"Peak rates: {Figures.Rate(due.Max())} scheduled, {Figures.Rate(started.Max())} started, "
            + $"{Figures.Rate(responses.Max())} answered; "
            + (errors.Max() > 0 ? $"errors at up to {Figures.Rate(errors.Max())}." : "there were no errors.");
        List<Series> series =
        [
            new("due", Ink.Grey, Mark.Band, due),
            new("started", Ink.Blue, Mark.Line, started),
            new("responses", Ink.Orange, Mark.Dashes, responses),
        ];
        if (errors.Max() > 0)
        {
            series.Insert(0, new Series("errors", Ink.Red, Mark.Bars, errors));
        }

        double highest = series.Max(row => row.Values.Max());
        Cards.Chart(
            markup, "Rate", line.Plot("Rate over time", description, "per second", Axis.Linear(0, highest, isWhole: false), series));
    }

    private static void Open(Markup markup, TimeLine line)
    {
        IReadOnlyList<double> open = line.Of(point => point.PeakOpen);
        SeriesPoint most = line.Points.MaxBy(point => point.PeakOpen)!;
        string description = most.PeakOpen == 0
            ? "No connection was open at any time."
            : $"At most {Figures.Plural(most.PeakOpen, "connection")} {(most.PeakOpen == 1 ? "was" : "were")} open at the same time, "
                + $"first in the {line.IntervalName} {TimeLine.At(most)}.";
        Cards.Chart(markup, "Open connections", line.Plot(
            "Open connections over time",
            description,
            $"most in each {line.IntervalName}",
            Axis.Linear(0, open.Max(), isWhole: true),
            new Series("open", Ink.Blue, Mark.Area, open)));
    }

    private static void OpenedAndClosed(Markup markup, TimeLine line)
    {
        IReadOnlyList<double> opened = line.Of(point => point.Opened);
        IReadOnlyList<double> closed = line.Of(point => -(double)point.Closed);
        SeriesPoint busiest = line.Points.MaxBy(point => point.Opened)!;
        long all = line.Points.Sum(point => point.Opened);
        string description = $"{Figures.Count(all)} opened"
            + (all > 0 ? $", {Figures.Count(busiest.Opened)} of them in the {line.IntervalName} {TimeLine.At(busiest)}" : "")
            + $"; {Figures.Count(line.Points.Sum(point => point.Closed))} closed.";
        Cards.Chart(markup, "Connections opened and closed", line.Plot(
            "Connections opened and closed over time",
            description,
            $"in each {line.IntervalName}",
            Axis.Linear(closed.Min(), opened.Max(), isWhole: true),
            new Series("opened, upwards", Ink.Blue, Mark.Bars, opened),
            new Series("closed, downwards", Ink.Orange, Mark.Outlines, closed)));
    }

    private static string Range(List<SeriesPoint> points, Func<SeriesPoint, double> figure) =>
        $"{Figures.Number(points.Min(figure))} to {Figures.Milliseconds(points.Max(figure))}";
}
