using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>How many connections it took, why they were opened and closed, and what each of them carried.</summary>
internal static class ConnectionsSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        markup.Element("h2", "Connections").Open("div", ("class", "grid"));
        Cards.Card(markup, "Close reasons", () => Closes(markup, connections));
        Cards.Card(markup, "Dial reasons", () => Dials(markup, connections));
        Cards.Card(markup, "Requests per connection", () => PerConnection(markup, connections.RequestsPerConnection));
        Cards.Card(markup, "Totals", () => Totals(markup, connections));
        markup.Close();
    }

    private static void Closes(Markup markup, ConnectionsResult connections)
    {
        long closed = connections.ClosedBy.Values.Sum();
        if (closed == 0)
        {
            Cards.Note(markup, "No connection was closed during the run.");
            return;
        }

        Tables.Bars(markup, "Closed connections by reason", "Reason", "Closed", Sorted(connections.ClosedBy), Ink.Orange);
        Cards.Note(
            markup,
            $"The server closed {Figures.Count(connections.ClosedByServer)} of these {Figures.Count(closed)} connections or asked for "
                + $"it; the client closed {Figures.Count(connections.ClosedByClient)}. "
                + "Connections still open at the end are not counted.");
    }

    private static void Dials(Markup markup, ConnectionsResult connections)
    {
        if (connections.DialedBy.Values.Sum() == 0)
        {
            Cards.Note(markup, "No reasons were recorded.");
            return;
        }

        Tables.Bars(markup, "Opened connections by reason", "Reason", "Opened", Sorted(connections.DialedBy), Ink.Blue);
    }

    private static void PerConnection(Markup markup, RequestsPerConnection requests)
    {
        if (requests.Counts.Count > 0)
        {
            Tables.Bars(markup, "Connections by number of requests", "Requests", "Connections", Groups.Of(requests.Counts), Ink.Teal);
        }

        Cards.Note(
            markup,
            $"Requests per connection: minimum {Figures.Count(requests.Min)}, maximum {Figures.Count(requests.Max)}, median "
                + $"{Figures.Half(requests.Median)}.");
    }

    private static void Totals(Markup markup, ConnectionsResult connections) => Tables.Write(
        markup,
        "Connections in total",
        ["", "Connections"],
        [
            ["Opened", Figures.Count(connections.Opened)],
            ["Peak open", Figures.Count(connections.PeakOpen)],
            ["Failed dials", Figures.Count(connections.FailedDials)],
            ["TLS handshakes", Figures.Count(connections.TlsHandshakes)],
            ["Left in TIME_WAIT on this machine", connections.TimeWait is { } left ? Figures.Count(left) : "not available"],
            ["Exchanges over a reused connection", Figures.PercentRoundedDown(connections.ReuseRatio)],
        ]);

    private static List<(string Name, double Count)> Sorted(IReadOnlyDictionary<string, long> counts) =>
    [
        .. counts
            .Where(count => count.Value > 0)
            .OrderByDescending(count => count.Value)
            .ThenBy(count => count.Key, StringComparer.Ordinal)
            .Select(count => (Figures.Words(count.Key), (double)count.Value)),
    ];
}
