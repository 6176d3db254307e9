using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>How many connections it took, why they were opened and closed, and what each of them carried.</summary>
internal static class ConnectionsSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        markup.Element("h2", "Connections").Open("div", ("class", "grid"));
        OverTime(markup, result);
        Cards.Card(markup, "Why they were closed", () => Closes(markup, connections));
        Cards.Card(markup, "Why they were opened", () => Dials(markup, connections));
        markup.Close().Open("div", ("class", "grid"));
        Cards.Card(markup, "Requests per connection", () => PerConnection(markup, connections.RequestsPerConnection));
        Cards.Card(markup, "Totals", () => Totals(markup, connections));
        markup.Close();
    }

    private static void OverTime(Markup markup, QuickResult result)
    {
        var line = new TimeLine(result.Series);
        if (line.Points.Count == 0)
        {
            Cards.Sentence(markup, "Connections over time", "There are no figures over time.");
            return;
        }

        IReadOnlyList<double> open = line.Of(point => point.PeakOpen);
        SeriesPoint first = line.Points.MaxBy(point => point.PeakOpen)!;
        Cards.Chart(markup, "Open connections", line.Plot(
            "Open connections over time",
            $"At most {Figures.Plural(first.PeakOpen, "connection")} {(first.PeakOpen == 1 ? "was" : "were")} open at one moment, for the first time in the {line.IntervalName} {TimeLine.At(first)}.",
            $"most in each {line.IntervalName}",
            Axis.Linear(0, open.Max(), isWhole: true),
            new Series("open", Ink.Blue, Mark.Area, open)));

        IReadOnlyList<double> opened = line.Of(point => point.Opened);
        IReadOnlyList<double> closed = line.Of(point => -(double)point.Closed);
        SeriesPoint busiest = line.Points.MaxBy(point => point.Opened)!;
        long all = line.Points.Sum(point => point.Opened);
        Cards.Chart(markup, "Opened and closed", line.Plot(
            "Connections opened and closed over time",
            $"{Figures.Count(all)} opened"
                + (all > 0 ? $", {Figures.Count(busiest.Opened)} of them in the {line.IntervalName} {TimeLine.At(busiest)}" : "")
                + $"; {Figures.Count(line.Points.Sum(point => point.Closed))} closed.",
            $"in each {line.IntervalName}",
            Axis.Linear(closed.Min(), opened.Max(), isWhole: true),
            new Series("opened, upwards", Ink.Blue, Mark.Bars, opened),
            new Series("closed, downwards", Ink.Orange, Mark.Outlines, closed)));
    }

    private static void Closes(Markup markup, ConnectionsResult connections)
    {
        long closed = connections.ClosedBy.Values.Sum();
        if (closed == 0)
        {
            Cards.Note(markup, "None was closed during the run.");
            return;
        }

        Tables.Bars(markup, "Closed connections by reason", "Reason", "Closed", Sorted(connections.ClosedBy), Ink.Orange);
        Cards.Note(
            markup,
            $"The server closed {Figures.Count(connections.ClosedByServer)} of these {Figures.Count(closed)} or asked for it; this side closed {Figures.Count(connections.ClosedByClient)}. "
                + "Those that were still open at the end are not among them.");
    }

    private static void Dials(Markup markup, ConnectionsResult connections)
    {
        if (connections.DialedBy.Values.Sum() == 0)
        {
            Cards.Note(markup, "No reasons are known.");
            return;
        }

        Tables.Bars(markup, "Opened connections by reason", "Reason", "Opened", Sorted(connections.DialedBy), Ink.Blue);
    }

    private static void PerConnection(Markup markup, RequestsPerConnection requests)
    {
        if (requests.Counts.Count > 0)
        {
            Tables.Bars(markup, "Connections by how many requests they carried", "Requests", "Connections", Groups.Of(requests.Counts), Ink.Teal);
        }

        Cards.Note(
            markup,
            $"A connection carried at least {Figures.Count(requests.Min)}, at most {Figures.Count(requests.Max)} and in the median {Figures.Number(requests.Median)} requests.");
    }

    private static void Totals(Markup markup, ConnectionsResult connections) => Tables.Write(
        markup,
        "Connections in total",
        ["", "Connections"],
        [
            ["Opened", Figures.Count(connections.Opened)],
            ["Open at one moment, at most", Figures.Count(connections.PeakOpen)],
            ["Dials that failed", Figures.Count(connections.FailedDials)],
            ["TLS handshakes", Figures.Count(connections.TlsHandshakes)],
            ["Left in TIME_WAIT on this machine", connections.TimeWait is { } left ? Figures.Count(left) : "not seen"],
            ["Exchanges over a reused connection", Figures.Percent(connections.ReuseRatio)],
        ]);

    private static List<(string Name, double Count)> Sorted(IReadOnlyDictionary<string, long> counts) =>
        [.. counts.Where(count => count.Value > 0).OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Select(count => (Figures.Words(count.Key), (double)count.Value))];
}
