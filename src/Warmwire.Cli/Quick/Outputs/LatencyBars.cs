using System.Globalization;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Rendering.Charts;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>The histogram of corrected latency in text: a row for each band, a bar for its share; never wider than 60 columns.</summary>
internal static class LatencyBars
{
    private const int MaxRows = 16;
    private const int NameWidth = 11;
    private const int BarWidth = 21;
    private const int CountWidth = 15;
    private const int ShareWidth = 9;

    public static void Write(TextWriter writer, QuickResult result, Glyphs glyphs)
    {
        if (result.LatencyMs.Corrected.Count == 0)
        {
            return;
        }

        LatencyHistogram latency = Summaries.Restore(result.Histogram.Corrected, result.LatencyMs.Corrected);
        var bands = LatencyBands.Covering(latency.Min, latency.Max, MaxRows);
        long[] counts = bands.CountsOf(latency);
        double most = counts.Max();
        writer.WriteLine($"{LatencyFigures.NameOf(result),-(NameWidth + 2 + BarWidth)}{"requests",CountWidth}{"share",ShareWidth}");
        for (int i = 0; i < counts.Length; i++)
        {
            string name = "< " + glyphs.Plain(LatencyBands.Text(bands.End(i)));
            string share = (100.0 * counts[i] / latency.Total).ToString("0.00", CultureInfo.InvariantCulture) + " %";
            string count = counts[i].ToString("N0", CultureInfo.InvariantCulture);
            string bar = glyphs.Bar(counts[i] / most, BarWidth);
            writer.WriteLine($"{name,NameWidth}  {bar,-BarWidth}{count,CountWidth}{share,ShareWidth}");
        }
    }
}
