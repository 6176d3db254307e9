using System.Globalization;
using System.Text;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>
/// Latency over time as a map: columns of time, rows of latency on a logarithmic scale, darker where there were more responses. It shows
/// what percentiles hide: two groups of latencies, and how many responses a stall held up.
/// </summary>
internal static class LatencyHeatMap
{
    private const int MostColumns = 120;
    private const int MostRows = 12;
    private const int Width = 520;
    private const int Left = 92;
    private const int Right = 34;
    private const int RowHeight = 20;
    private const int Below = 34;
    private const int Above = 34;

    /// <summary>How dark the cells of the four groups from few to many responses are.</summary>
    private static readonly string[] s_shades = ["0.18", "0.42", "0.7", "1"];

    /// <exception cref="FormatException">A histogram cannot be read.</exception>
    public static void Draw(Markup markup, QuickResult result, TimeLine line)
    {
        DurationSummary latency = result.LatencyMs.Corrected;
        var bands = LatencyBands.Covering(Summaries.Nanoseconds(latency.Min), Summaries.Nanoseconds(latency.Max), MostRows);
        int points = (int)Math.Ceiling((double)line.Points.Count / MostColumns);
        long[][] columns = [.. line.Points.Chunk(points).Select(some => Counts(some, bands))];
        double wide = points * line.Interval;
        string description = $"Each column is {Figures.Duration(wide)}; darker cells have more responses, at most "
            + $"{Figures.Count(columns.Max(static column => column.Max()))}. The axis of latency is logarithmic.";
        double bottom = Above + (bands.Count * RowHeight);
        markup.Open("figure", ("class", "card")).Element("h3", "Latency heat map");
        markup.Open(
            "svg",
            ("class", "plot"),
            ("viewBox", $"0 0 {Width} {Text(bottom + Below)}"),
            ("width", "100%"),
            ("role", "img"),
            ("aria-label", "Latency heat map"),
            ("font-family", "sans-serif"),
            ("font-size", "13"));
        markup.Element("title", "Latency heat map").Element("desc", description);
        Label(markup, LatencyFigures.NameOf(result), 0, Above - 17, null);
        Cells(markup, columns, bands.Count, end => (Left + (line.Across.Place(end * wide) * (Width - Right - Left)), bottom));
        for (int band = 0; band < bands.Count; band += 2)
        {
            Label(markup, "< " + LatencyBands.Text(bands.End(band)), Left - 8, bottom - (band * RowHeight) - 5, "end");
        }

        foreach (Tick tick in line.Across.Ticks)
        {
            Label(markup, tick.Label, Left + (line.Across.Place(tick.Value) * (Width - Right - Left)), bottom + 26, "middle");
        }

        markup.Close().Element("figcaption", description).Close();
    }

    private static long[] Counts(IEnumerable<SeriesPoint> points, LatencyBands bands)
    {
        long[] counts = new long[bands.Count];
        foreach (SeriesPoint point in points.Where(static point => point.Histogram.Length > 0))
        {
            foreach ((int index, long count) in HistogramCoder.ReadCounts(point.Histogram))
            {
                counts[bands.BandOf(LatencyHistogram.MiddleOf(index))] += count;
            }
        }

        return counts;
    }

    /// <summary>One path for each shade; neighbours of one shade in a row are one rectangle.</summary>
    private static void Cells(Markup markup, long[][] columns, int rows, Func<double, (double X, double Bottom)> edge)
    {
        double most = Math.Log(1 + columns.Max(static column => column.Max()));
        for (int shade = 0; shade < s_shades.Length; shade++)
        {
            var path = new StringBuilder();
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns.Length; column++)
                {
                    int first = column;
                    while (column < columns.Length && ShadeOf(columns[column][row]) == shade)
                    {
                        column++;
                    }

                    if (column > first)
                    {
                        (double left, double bottom) = edge(first);
                        (double right, _) = edge(column);
                        path.Append($"M{Text(left)} {Text(bottom - (row * RowHeight))}v-{RowHeight}h{Text(right - left)}v{RowHeight}z");
                    }
                }
            }

            if (path.Length > 0)
            {
                markup.Empty(
                    "path", ("class", "fill-blue"), ("d", path.ToString()), ("fill", Ink.Blue.Light), ("fill-opacity", s_shades[shade]));
            }
        }

        int ShadeOf(long count) =>
            count == 0 ? -1 : Math.Clamp((int)Math.Ceiling(Math.Log(1 + count) / most * s_shades.Length) - 1, 0, s_shades.Length - 1);
    }

    private static void Label(Markup markup, string text, double x, double y, string? anchor) => markup.Element(
        "text", text, ("class", "tick"), ("x", Text(x)), ("y", Text(y)), ("text-anchor", anchor), ("fill", "#57606a"));

    private static string Text(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
