using Spectre.Console;

namespace Warmwire.Cli.Rendering.Charts;

/// <summary>
/// Latency over time: a column for each second, a row for each range of latency on a logarithmic scale with the longest on top, and the
/// more responses there were the darker.
/// </summary>
internal static class HeatMap
{
    /// <summary>How many bands of <see cref="LiveHistory.Bands"/> a row has: parts and multiples of a power of ten.</summary>
    private static readonly int[] s_widths = [1, 2, 5, 10, 20, 30, 50, 100];

    /// <summary>From few to many, on a dark and on a light ground.</summary>
    private static readonly Style[] s_styles =
    [
        new(new Color(70, 110, 180)), new(new Color(60, 160, 170)), new(new Color(210, 150, 40)), new(new Color(215, 70, 50)),
    ];

    public static IReadOnlyList<ChartLine> Draw(IReadOnlyList<LiveSecond> seconds, int rows, Glyphs glyphs)
    {
        (int first, int width, int used) = Rows(seconds, rows);
        double most = Math.Log(1 + seconds.SelectMany(second => Enumerable.Range(0, used)
            .Select(row => In(second, first + (row * width), width))).DefaultIfEmpty(0).Max());
        var lines = new List<ChartLine>();
        for (int row = rows - 1; row >= 0; row--)
        {
            int from = first + (row * width);
            string name = row < used ? "< " + Bound(from + width - 1, glyphs) : "";
            ChartLine line = new ChartLine().Add((name.PadLeft(ChartLine.NameWidth - 2) + "  ")[..ChartLine.NameWidth], ChartLine.Dim);
            foreach (LiveSecond second in seconds)
            {
                long count = row < used ? In(second, from, width) : 0;
                double part = most > 0 ? Math.Log(1 + count) / most : 0;
                Style style = s_styles[Math.Clamp((int)Math.Ceiling(part * s_styles.Length) - 1, 0, s_styles.Length - 1)];
                line.Add(glyphs.Shade(part).ToString(), style);
            }

            lines.Add(line);
        }

        return lines;
    }

    /// <summary>The numbers of seconds under their columns.</summary>
    public static ChartLine Axis(IReadOnlyList<LiveSecond> seconds, int columns)
    {
        int step = columns < 100 ? 10 : 20;
        char[] text = new string(' ', columns).ToCharArray();
        int free = 0;
        for (int i = 0; i < seconds.Count; i++)
        {
            string label = $"{seconds[i].At}s";
            if (seconds[i].At % step == 0 && i >= free && i + label.Length <= columns)
            {
                label.CopyTo(0, text, i, label.Length);
                free = i + label.Length + 1;
            }
        }

        return new ChartLine().Add(new string(' ', ChartLine.NameWidth)).Add(new string(text), ChartLine.Dim);
    }

    /// <summary>The first band of the lowest row, the bands of a row, and how many rows it takes.</summary>
    private static (int First, int Width, int Rows) Rows(IReadOnlyList<LiveSecond> seconds, int rows)
    {
        int lowest = int.MaxValue;
        int highest = -1;
        foreach (LiveSecond second in seconds.Where(static second => second.Counts.Length > 0))
        {
            lowest = Math.Min(lowest, Array.FindIndex(second.Counts, static count => count > 0));
            highest = Math.Max(highest, Array.FindLastIndex(second.Counts, static count => count > 0));
        }

        if (highest < 0)
        {
            return (0, 1, 0);
        }

        int width = s_widths.First(width => (highest / width) - (lowest / width) < rows || width == s_widths[^1]);
        return (lowest / width * width, width, Math.Min((highest / width) - (lowest / width) + 1, rows));
    }

    private static long In(LiveSecond second, int from, int width)
    {
        long sum = 0;
        for (int band = from; band < Math.Min(from + width, second.Counts.Length); band++)
        {
            sum += second.Counts[band];
        }

        return sum;
    }

    private static string Bound(int band, Glyphs glyphs) =>
        glyphs.Plain(Histograms.LatencyBands.Text(LiveHistory.Bands.End(Math.Min(band, LiveHistory.Bands.Count - 1))));
}
