using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>How long responses took: as percentiles and as a distribution.</summary>
internal static class LatencySection
{
    private const string Corrected = "corrected";
    private const string FromStart = "from start";
    private const string Uncorrected = "uncorrected";

    public static void Write(Markup markup, QuickResult result)
    {
        markup.Element("h2", "Latency");
        if (result.LatencyMs.Corrected.Count == 0)
        {
            markup.Open("div", ("class", "card"));
            Cards.Note(markup, "No request ended, so there are no latencies.");
            markup.Close();
            return;
        }

        markup.Open("div", ("class", "grid"));
        Cards.Card(markup, "Percentiles", () => Percentiles(markup, result));
        Distribution(markup, result);
        markup.Close();
    }

    private static void Percentiles(Markup markup, QuickResult result)
    {
        LatencyResult latency = result.LatencyMs;
        IReadOnlyList<(string Name, double Milliseconds)> uncorrected = LatencyFigures.Of(latency.Uncorrected);
        Tables.Write(
            markup,
            "Percentiles",
            ["", result.Target.IsClosedLoop ? "From start, ms (uncorrected)" : "Corrected, ms", "Uncorrected, ms"],
            LatencyFigures.Of(latency.Corrected).Select((figure, i) =>
                (string[])[figure.Name, Figures.Number(figure.Milliseconds), Figures.Number(uncorrected[i].Milliseconds)]));
        Cards.Note(
            markup,
            result.Target.IsClosedLoop
                ? "A closed loop: users waited for their responses before they sent again, so all latencies are uncorrected."
                : "Corrected latency is measured from when a request was scheduled, so that waiting caused by a slow server is included; "
                    + "uncorrected latency from when it was sent. Requests that failed are included with the time until they failed."
                    + (result.Unanswered == 0 ? "" : " So are those that were unanswered, with the time until the run was interrupted."));
    }

    private static void Distribution(Markup markup, QuickResult result)
    {
        LatencyHistogram? corrected = Restore(result.Histogram.Corrected, result.LatencyMs.Corrected);
        LatencyHistogram? uncorrected = Restore(result.Histogram.Uncorrected, result.LatencyMs.Uncorrected);
        if (corrected is null || uncorrected is null)
        {
            Cards.Sentence(markup, "Distribution", "The histograms of this result cannot be read.");
            return;
        }

        Cards.Chart(markup, "Distribution", PercentilePlot.Of(
            corrected, uncorrected, result.Target.IsClosedLoop ? FromStart : Corrected, Uncorrected));
        Cards.Card(markup, "Histogram", () => Histogram(markup, corrected, LatencyFigures.NameOf(result)));
    }

    private static void Histogram(Markup markup, LatencyHistogram corrected, string name)
    {
        var bands = LatencyBands.Covering(corrected.Min, corrected.Max, Tables.MostBars);
        Tables.Bars(
            markup,
            "Requests by " + name,
            "Latency",
            "Requests",
            [.. bands.CountsOf(corrected).Select((count, band) => ($"< {LatencyBands.Text(bands.End(band))}", (double)count))],
            Ink.Blue);
    }

    internal static string Unit(Axis up) => up.IsLogarithmic ? "ms, logarithmic axis" : "ms";

    /// <summary>A file may have been edited: its figures are still worth a report.</summary>
    private static LatencyHistogram? Restore(string encoded, DurationSummary summary)
    {
        try
        {
            return Summaries.Restore(encoded, summary);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
