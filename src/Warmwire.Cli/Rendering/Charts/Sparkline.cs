using Spectre.Console;

namespace Warmwire.Cli.Rendering.Charts;

/// <summary>One figure over time in one line, a column for each second.</summary>
internal static class Sparkline
{
    public static ChartLine Draw(
        string name,
        IReadOnlyList<LiveSecond> seconds,
        Func<LiveSecond, long> figure,
        Style style,
        Glyphs glyphs)
    {
        double most = seconds.Count == 0 ? 0 : seconds.Max(figure);
        return ChartLine.Named(name).Add(
            string.Concat(seconds.Select(second => glyphs.Level(most > 0 ? figure(second) / most : 0))), style);
    }
}
