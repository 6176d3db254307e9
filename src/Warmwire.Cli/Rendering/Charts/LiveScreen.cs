using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Warmwire.Cli.Quick.Load;

namespace Warmwire.Cli.Rendering.Charts;

/// <summary>
/// A run as it stands, on a screen of any size: figures, a heat map of latency, connections over time, and why connections were closed and
/// requests failed. What does not fit is left out from the least important up.
/// </summary>
/// <param name="now">The figures.</param>
/// <param name="history">The seconds that have ended.</param>
/// <param name="glyphs">What charts are made of.</param>
internal sealed class LiveScreen(QuickProgress now, LiveHistory history, Glyphs glyphs) : Renderable
{
    private const int Narrow = 80;
    private const int LongestBar = 40;
    private const int LeastHeatRows = 3;
    private const int MostHeatRows = 20;

    /// <summary>Figures, charts and closes without what larger screens have besides.</summary>
    private const int LeastLines = 4 + LeastHeatRows + 4;

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        // The last line is left free: a terminal scrolls when it is full.
        IReadOnlyList<ChartLine> lines = Lines(maxWidth, Math.Max(options.ConsoleSize.Height - 1, 1));
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0)
            {
                yield return Segment.LineBreak;
            }

            foreach (Segment segment in lines[i].Fit(maxWidth, glyphs.Cut))
            {
                yield return segment;
            }
        }
    }

    private IReadOnlyList<ChartLine> Lines(int width, int height)
    {
        int spare = height - LeastLines;
        List<ChartLine> lines = [Time(width)];
        if (spare > 0)
        {
            lines.Add(Arrivals());
            spare--;
        }

        lines.Add(Responses(width));
        lines.Add(Latency());
        lines.Add(Connections(width));
        if (height < LeastLines)
        {
            return [.. lines.Take(height)];
        }

        bool hasErrors = spare > 0;
        bool hasErrorsOverTime = spare > 3;
        spare -= (hasErrors ? 1 : 0) + (hasErrorsOverTime ? 1 : 0);
        int columns = Math.Max(width - ChartLine.NameWidth, 1);
        IReadOnlyList<LiveSecond> seconds = history.Last(columns);
        lines.AddRange(HeatMap.Draw(seconds, Math.Min(LeastHeatRows + Math.Max(spare, 0), MostHeatRows), glyphs));
        lines.Add(HeatMap.Axis(seconds, columns));
        lines.Add(Sparkline.Draw("open", seconds, static second => second.Open, ChartLine.Good, glyphs));
        lines.Add(Sparkline.Draw("opened", seconds, static second => second.Opened, Style.Plain, glyphs));
        if (hasErrorsOverTime)
        {
            lines.Add(Sparkline.Draw("errors", seconds, static second => second.Errors, ChartLine.Bad, glyphs));
        }

        lines.Add(Counts("closed", now.ClosedBy, Style.Plain));
        if (hasErrors)
        {
            lines.Add(Counts("failed", now.Errors, ChartLine.Bad));
        }

        return lines;
    }

    private ChartLine Time(int width)
    {
        if (now.DurationSeconds <= 0)
        {
            return ChartLine.Named("time").Add(Invariant($"{Math.Max(now.ElapsedSeconds, 0):0} s"));
        }

        string text = Invariant($" {Math.Max(now.ElapsedSeconds, 0):0} of {now.DurationSeconds:0} s");
        int bar = Math.Clamp(width - ChartLine.NameWidth - text.Length, 1, LongestBar);
        string done = glyphs.Bar(now.ElapsedSeconds / now.DurationSeconds, bar);
        return ChartLine.Named("time").Add(done).Add(new string(glyphs.Unfilled, bar - done.Length), ChartLine.Dim).Add(text);
    }

    private ChartLine Arrivals()
    {
        RunLook look = now.Look;
        double rate = now.ElapsedSeconds <= 0
            ? 0
            : look.Arrivals / Math.Clamp(now.ElapsedSeconds, 1, Math.Max(now.DurationSeconds, 1));
        if (now.IsClosedLoop)
        {
            return ChartLine.Named("arrivals").Add(Invariant($"{look.Arrivals:N0} in a closed loop"));
        }

        ChartLine line = ChartLine.Named("arrivals")
            .Add(Invariant($"{look.Arrivals:N0} of {now.Arrivals:N0}, {rate:0.#} of {now.TargetRate:0.#} per second"));
        return look.Dropped > 0 ? line.Add(Invariant($", {look.Dropped:N0} dropped"), ChartLine.Bad) : line;
    }

    private ChartLine Responses(int width)
    {
        RunLook look = now.Look;
        long under = look.Requests - look.Responses - look.Failed;
        ChartLine line = ChartLine.Named("responses").Add(Invariant($"{look.Responses:N0}"));
        line.Add(Invariant($", {under:N0} in progress"));
        if (look.Failed > 0)
        {
            line.Add(Invariant($", {look.Failed:N0} errors"), ChartLine.Bad);
        }

        return look.Dropped > 0 && width >= Narrow ? line.Add(Invariant($", {look.Dropped:N0} dropped"), ChartLine.Bad) : line;
    }

    private ChartLine Latency() => ChartLine.Named("latency").Add(
        Invariant($"p50 {now.Look.P50 / 1e6:0.##} ms   p99 {now.Look.P99 / 1e6:0.##} ms   max {now.Look.Max / 1e6:0.##} ms")
            + (now.IsClosedLoop ? "   (uncorrected)" : ""));

    private ChartLine Connections(int width)
    {
        double reuse = Math.Floor(now.ReuseRatio * 1000) / 10;
        return ChartLine.Named("connections").Add(
            width < Narrow
                ? Invariant($"{now.Open:N0} open, max {now.PeakOpen:N0}; {now.Opened:N0} opened; reuse {reuse:0.0} %")
                : Invariant($"{now.Open:N0} open, at most {now.PeakOpen:N0}; {now.Opened:N0} opened, {reuse:0.0} % of requests reused one"),
            ChartLine.Good);
    }

    private ChartLine Counts(string name, IReadOnlyDictionary<string, long> counts, Style style)
    {
        string text = string.Join(
            ", ", counts.OrderByDescending(static pair => pair.Value).Select(pair => Invariant($"{pair.Key} {pair.Value:N0}")));
        return ChartLine.Named(name).Add(text.Length == 0 ? glyphs.Dash.ToString() : text, text.Length == 0 ? ChartLine.Dim : style);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
