using System.Globalization;
using System.Text;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>
/// Draws a <see cref="Plot"/> as SVG. Colours are attributes, which every reader knows, and classes, by which the page's style puts the
/// colours of its scheme over them. Its sizes leave room for the larger letters that the style sets on narrow screens.
/// </summary>
internal static class PlotDrawing
{
    private const int Width = 520;
    private const int Right = 34;
    private const int LegendLine = 24;
    private const int UnitLine = 34;
    private const int Below = 34;
    private const int Sample = 26;

    /// <summary>More than a letter of any usual font takes at the larger of the two sizes.</summary>
    private const double Letter = 10.6;

    private const string LabelInk = "#57606a";
    private const string GridInk = "#dfe3e8";

    public static void Draw(Markup markup, Plot plot)
    {
        int legendLines = Legend(plot, out List<(double X, int Line)> places);
        double left = 14 + (Letter * plot.Up.Ticks.Max(tick => tick.Label.Length));
        double top = (legendLines * LegendLine) + UnitLine;
        double bottom = top + plot.Height;
        var area = new Area(left, Width - Right, top, bottom);

        markup.Open(
            "svg",
            ("class", "plot"),
            ("viewBox", $"0 0 {Width} {Text(bottom + Below)}"),
            ("width", "100%"),
            ("role", "img"),
            ("aria-label", plot.Title),
            ("font-family", "sans-serif"),
            ("font-size", "13"));
        markup.Element("title", plot.Title).Element("desc", plot.Description);
        for (int i = 0; i < places.Count; i++)
        {
            double middle = (places[i].Line * LegendLine) + 12;
            Key(markup, plot.Series[i], places[i].X, middle);
            Label(markup, plot.Series[i].Name, places[i].X + Sample + 8, middle + 5, null, "name", "#1b2127");
        }

        Label(markup, plot.Unit, 0, top - 17, null, "tick", LabelInk);
        Grid(markup, plot, area);
        foreach (Series series in plot.Series)
        {
            Row(markup, plot, series, area);
        }

        double zero = area.Y(plot.Up.IsLogarithmic ? 0 : plot.Up.Place(0));
        Line(markup, area.Left, zero, area.Right, zero, "base", "#8a949e");
        markup.Close();
    }

    /// <summary>
    /// Where the names stand, from left to right and then in the next line; a single one needs none, as the chart's heading names it.
    /// </summary>
    private static int Legend(Plot plot, out List<(double X, int Line)> places)
    {
        places = [];
        if (plot.Series.Count < 2)
        {
            return 0;
        }

        double x = 0;
        int line = 0;
        foreach (Series series in plot.Series)
        {
            double wide = Sample + 8 + (Letter * series.Name.Length);
            if (x > 0 && x + wide > Width)
            {
                (x, line) = (0, line + 1);
            }

            places.Add((x, line));
            x += wide + 22;
        }

        return line + 1;
    }

    private static void Grid(Markup markup, Plot plot, Area area)
    {
        foreach (Tick tick in plot.Up.Ticks)
        {
            double y = area.Y(plot.Up.Place(tick.Value));
            Line(markup, area.Left, y, area.Right, y, "rule", GridInk);
            Label(markup, tick.Label, area.Left - 8, y + 4.5, "end", "tick", LabelInk);
        }

        foreach (Tick tick in plot.Across.Ticks)
        {
            double x = area.X(plot.Across.Place(tick.Value));
            Line(markup, x, area.Bottom, x, area.Bottom + 5, "base", "#8a949e");
            Label(markup, tick.Label, x, area.Bottom + 26, "middle", "tick", LabelInk);
        }
    }

    private static void Row(Markup markup, Plot plot, Series series, Area area)
    {
        switch (series.Mark)
        {
            case Mark.Bars or Mark.Outlines:
                Bars(markup, plot, series, area);
                break;
            case Mark.Dots:
                Stroke(markup, series, Points(plot, series, area, isJoined: false));
                break;
            case Mark.Area:
                Pale(markup, series, Ground(plot, series, area));
                Stroke(markup, series, Points(plot, series, area, isJoined: true));
                break;
            default:
                Stroke(markup, series, Points(plot, series, area, isJoined: true));
                break;
        }
    }

    /// <summary>A value between two that are missing becomes a line of no length, which its round ends make a dot.</summary>
    private static string Points(Plot plot, Series series, Area area, bool isJoined)
    {
        var path = new PathText();
        bool goesOn = false;
        for (int i = 0; i < series.Values.Count; i++)
        {
            (double x, double y) = Point(plot, series, area, i);
            if (double.IsNaN(y))
            {
                goesOn = false;
            }
            else if (goesOn && isJoined)
            {
                path.LineTo(x, y);
            }
            else
            {
                path.MoveTo(x, y);
                bool isAlone = !isJoined || i + 1 == series.Values.Count || double.IsNaN(Point(plot, series, area, i + 1).Y);
                if (isAlone)
                {
                    path.Dot();
                }

                goesOn = true;
            }
        }

        return path.ToString();
    }

    private static string Ground(Plot plot, Series series, Area area)
    {
        var path = new PathText();
        double? last = null;
        for (int i = 0; i <= series.Values.Count; i++)
        {
            (double x, double y) = i < series.Values.Count ? Point(plot, series, area, i) : (double.NaN, double.NaN);
            if (!double.IsNaN(y))
            {
                if (last is null)
                {
                    path.MoveTo(x, area.Bottom);
                }

                path.LineTo(x, y);
                last = x;
            }
            else if (last is { } end)
            {
                path.LineTo(end, area.Bottom);
                path.End();
                last = null;
            }
        }

        return path.ToString();
    }

    private static void Bars(Markup markup, Plot plot, Series series, Area area)
    {
        double room = (plot.Across.Place(plot.BarWidth) - plot.Across.Place(0)) * (area.Right - area.Left);
        double half = Math.Clamp(0.7 * room, 0.8, 26) / 2;
        double zero = area.Y(plot.Up.Place(0));
        var path = new PathText();
        for (int i = 0; i < series.Values.Count; i++)
        {
            (double x, double y) = Point(plot, series, area, i);
            if (!double.IsNaN(y) && series.Values[i] != 0)
            {
                // What is not zero is seen, however small.
                y = Math.Abs(y - zero) < 1 ? zero - Math.Sign(series.Values[i]) : y;
                path.MoveTo(x - half, zero);
                path.LineTo(x - half, y);
                path.LineTo(x + half, y);
                path.LineTo(x + half, zero);
                path.End();
            }
        }

        Fill(markup, series, path.ToString());
    }

    private static (double X, double Y) Point(Plot plot, Series series, Area area, int index) =>
        (area.X(plot.Across.Place(plot.Positions[index])), area.Y(plot.Up.Place(series.Values[index])));

    /// <summary>The same strokes as in the chart, for the legend.</summary>
    private static void Key(Markup markup, Series series, double x, double y)
    {
        var path = new PathText();
        switch (series.Mark)
        {
            case Mark.Bars or Mark.Outlines:
                path.MoveTo(x + 7, y + 6);
                path.LineTo(x + 7, y - 6);
                path.LineTo(x + 19, y - 6);
                path.LineTo(x + 19, y + 6);
                path.End();
                Fill(markup, series, path.ToString());
                break;
            case Mark.Area:
                path.MoveTo(x + 2, y + 6);
                path.LineTo(x + 2, y - 5);
                path.LineTo(x + Sample - 2, y - 5);
                path.LineTo(x + Sample - 2, y + 6);
                path.End();
                Pale(markup, series, path.ToString());
                var edge = new PathText();
                edge.MoveTo(x + 2, y - 5);
                edge.LineTo(x + Sample - 2, y - 5);
                Stroke(markup, series, edge.ToString());
                break;
            case Mark.Dots:
                foreach (double step in (ReadOnlySpan<double>)[4, 13, 22])
                {
                    path.MoveTo(x + step, y);
                    path.Dot();
                }

                Stroke(markup, series, path.ToString());
                break;
            default:
                path.MoveTo(x + 2, y);
                path.LineTo(x + Sample - 2, y);
                Stroke(markup, series, path.ToString());
                break;
        }
    }

    private static void Stroke(Markup markup, Series series, string path)
    {
        (string width, string? dashes, string? opacity) = series.Mark switch
        {
            Mark.Band => ("7", null, "0.35"),
            Mark.Dots => ("3.4", null, null),
            Mark.Dashes => ("1.8", "5 3.5", null),
            Mark.Area => ("1.2", null, null),
            _ => ((string, string?, string?))("2", null, null),
        };
        markup.Empty(
            "path",
            ("class", $"line-{series.Ink.Name}"),
            ("d", path),
            ("fill", "none"),
            ("stroke", series.Ink.Light),
            ("stroke-width", width),
            ("stroke-linecap", dashes is null ? "round" : "butt"),
            ("stroke-linejoin", "round"),
            ("stroke-dasharray", dashes),
            ("stroke-opacity", opacity));
    }

    private static void Fill(Markup markup, Series series, string path)
    {
        bool isOutline = series.Mark is Mark.Outlines;
        markup.Empty(
            "path",
            ("class", isOutline ? $"fill-{series.Ink.Name} line-{series.Ink.Name}" : $"fill-{series.Ink.Name}"),
            ("d", path),
            ("fill", series.Ink.Light),
            ("fill-opacity", isOutline ? "0.2" : null),
            ("stroke", isOutline ? series.Ink.Light : null));
    }

    private static void Pale(Markup markup, Series series, string path) =>
        markup.Empty("path", ("class", $"fill-{series.Ink.Name}"), ("d", path), ("fill", series.Ink.Light), ("fill-opacity", "0.2"));

    private static void Line(Markup markup, double x1, double y1, double x2, double y2, string name, string ink) => markup.Empty(
        "line", ("class", name), ("x1", Text(x1)), ("y1", Text(y1)), ("x2", Text(x2)), ("y2", Text(y2)), ("stroke", ink));

    private static void Label(Markup markup, string text, double x, double y, string? anchor, string name, string ink) => markup.Element(
        "text", text, ("class", name), ("x", Text(x)), ("y", Text(y)), ("text-anchor", anchor), ("fill", ink));

    private static string Text(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>The rectangle between the axes.</summary>
    private readonly record struct Area(double Left, double Right, double Top, double Bottom)
    {
        public double X(double place) => Left + (place * (Right - Left));

        public double Y(double place) => Bottom - (place * (Bottom - Top));
    }

    /// <summary>
    /// The text of a path in tenths of a unit, each point as its distance from the one before: a chart of 600 points takes half the bytes.
    /// Distances are between rounded points, so that rounding does not add up.
    /// </summary>
    private sealed class PathText
    {
        private readonly StringBuilder _text = new();
        private long _x;
        private long _y;

        public void MoveTo(double x, double y)
        {
            (_x, _y) = (Tenths(x), Tenths(y));
            _text.Append('M');
            Append(_x);
            _text.Append(' ');
            Append(_y);
        }

        public void LineTo(double x, double y)
        {
            (long fromX, long fromY) = (_x, _y);
            (_x, _y) = (Tenths(x), Tenths(y));
            _text.Append('l');
            Append(_x - fromX);
            _text.Append(' ');
            Append(_y - fromY);
        }

        public void Dot() => _text.Append("h0");

        public void End() => _text.Append('z');

        public override string ToString() => _text.Length == 0 ? "M0 0" : _text.ToString();

        private void Append(long tenths)
        {
            _text.Append(CultureInfo.InvariantCulture, $"{tenths / 10.0:0.#}");
        }

        private static long Tenths(double value) => (long)Math.Round(10 * value);
    }
}
