using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>Where the time of requests and of connections went.</summary>
internal static class PhasesSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        PhasesResult phases = result.PhasesMs;
        (string Name, DurationSummary Summary)[] rows =
        [
            ("Waiting for a connection", phases.Queue),
            ("Name resolution", phases.Dns),
            ("Connecting", phases.Connect),
            ("TLS handshake", phases.Tls),
            ("Time to first byte", phases.FirstByte),
        ];
        markup.Element("h2", "Phases").Open("div", ("class", "card"));
        Tables.Write(
            markup,
            "Phases",
            ["", "Count", "Mean, ms", "p50, ms", "p99, ms", "Max, ms", "Total"],
            rows.Select(row => row.Summary.Count == 0 ? (string[])[row.Name, "0", "–", "–", "–", "–", "–"] :
            [
                row.Name,
                Figures.Count(row.Summary.Count),
                Figures.Number(row.Summary.Mean),
                Figures.Number(row.Summary.P50),
                Figures.Number(row.Summary.P99),
                Figures.Number(row.Summary.Max),
                Figures.Duration(row.Summary.Total / 1000),
            ]));
        Cards.Note(markup, "Waiting and time to first byte are per response, the others per opened connection.");
        markup.Close();
    }
}
