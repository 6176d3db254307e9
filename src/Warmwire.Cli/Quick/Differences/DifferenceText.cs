using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Differences;

/// <summary>A comparison as a table and in sentences.</summary>
internal static class DifferenceText
{
    private const int FigureWidth = 13;
    private const int ChangeWidth = 11;
    private const int IntervalWidth = 27;

    public static void Write(TextWriter writer, RunDifference difference, IReadOnlyList<FailResult> conditions)
    {
        writer.WriteLine(Run("before", difference.Before.Name, difference.Before.Result));
        writer.WriteLine(Run("after ", difference.After.Name, difference.After.Result));
        writer.WriteLine();
        int names = difference.Figures.Max(static figure => Name(figure).Length);
        writer.WriteLine(
            $"{"".PadRight(names)}{"before",FigureWidth}{"after",FigureWidth}{"change",ChangeWidth}{"interval of it",IntervalWidth}");
        foreach (FigureDifference figure in difference.Figures)
        {
            writer.WriteLine(
                $"{Name(figure).PadRight(names)}{Number(figure, figure.Before.Value),FigureWidth}"
                + $"{Number(figure, figure.After.Value),FigureWidth}{Percent(figure),ChangeWidth}"
                + $"{Interval(figure),IntervalWidth}  {Told(figure)}");
        }

        writer.WriteLine();
        foreach (string sentence in Sentences(difference))
        {
            writer.WriteLine(sentence);
        }

        foreach (FailResult condition in conditions)
        {
            writer.WriteLine($"{(condition.Failed ? "✗ failed" : "✓ passed")} {condition.Condition}: {condition.Actual}");
        }
    }

    /// <summary>What changed, what cannot be told apart, and what makes the runs hard to compare.</summary>
    public static IReadOnlyList<string> Sentences(RunDifference difference)
    {
        List<string> sentences = [];
        foreach (FigureDifference figure in difference.Figures.Where(static figure => figure.IsTold))
        {
            string verb = figure.Change.Value > 0 ? "rose" : "fell";
            string relative = figure.Kind == FigureKind.Share ? "" : $" ({Percent(figure)})";
            sentences.Add(
                $"{Name(figure)} {verb} from {Number(figure, figure.Before.Value)} to {Number(figure, figure.After.Value)}{relative}.");
        }

        if (sentences.Count == 0)
        {
            sentences.Add("No difference is shown: nothing changed by more than chance explains.");
        }

        string[] untold =
        [
            .. difference.Figures.Where(static figure => !figure.IsTold && (figure.Before.Value != 0 || figure.After.Value != 0))
                .Select(Name),
        ];
        if (untold.Length > 0)
        {
            sentences.Add($"Cannot be told apart: {string.Join(", ", untold)}.");
        }

        sentences.Add(Invariant(
            $"All of this holds together with {100 * RunDifference.Confidence:0} % confidence, for what varies within a run; repeat runs ")
            + "to find what varies between them.");
        sentences.AddRange(Doubts(difference));
        return sentences;
    }

    /// <summary>The change of a figure, such as <c>+0.4 ms (+12.3 %)</c>.</summary>
    public static string Change(FigureDifference figure)
    {
        string change = (figure.Change.Value >= 0 ? "+" : "") + Number(figure, figure.Change.Value);
        return figure.Kind == FigureKind.Share ? $"{change} points" : $"{change} ({Percent(figure)})";
    }

    private static IEnumerable<string> Doubts(RunDifference difference)
    {
        (QuickResult before, QuickResult after) = (difference.Before.Result, difference.After.Result);
        foreach ((string what, string one, string other) in ((string, string, string)[])
        [
            ("URL", before.Target.Url, after.Target.Url),
            ("method", before.Target.Method, after.Target.Method),
            ("HTTP version", before.Target.HttpVersion, after.Target.HttpVersion),
            ("rate", Invariant($"{before.Target.Rate:0.##}/s"), Invariant($"{after.Target.Rate:0.##}/s")),
            ("limit of connections", Limit(before), Limit(after)),
        ])
        {
            if (one != other)
            {
                yield return $"The runs differ in their {what}: {one} and {other}.";
            }
        }

        foreach (string name in new[] { difference.Before, difference.After }
            .Where(static named => named.Result.GeneratorLimited).Select(static named => named.Name))
        {
            yield return $"The load generator was a limit in {name}, so its figures do not describe the server alone.";
        }
    }

    private static string Limit(QuickResult result) => result.Target.MaxConnections is { } most ? Invariant($"{most}") : "none";

    private static string Run(string which, string name, QuickResult result) => Invariant(
        $"{which}  {name}: {result.Target.Method} {result.Target.Url}, {result.Requests:N0} requests at {result.AchievedRate:0.##}/s, ")
        + Invariant($"{result.Connections.Opened:N0} connections");

    private static string Name(FigureDifference figure) => figure.Kind switch
    {
        FigureKind.Rate => "responses/s",
        FigureKind.PerThousand => $"{figure.Name} per 1,000",
        _ => figure.Name,
    };

    private static string Number(FigureDifference figure, double value) => figure.Kind switch
    {
        _ when double.IsInfinity(value) => value > 0 ? "∞" : "-∞",
        FigureKind.Latency => $"{Digits(value)} ms",
        FigureKind.Share => $"{Digits(100 * value)} %",
        _ => Digits(value),
    };

    private static string Digits(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 10 => value.ToString("0.###", CultureInfo.InvariantCulture),
        < 1000 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("#,0", CultureInfo.InvariantCulture),
    };

    private static string Percent(FigureDifference figure) => figure switch
    {
        { Change.Value: 0 } => "0 %",
        { Kind: FigureKind.Share } => Invariant($"{100 * figure.Change.Value:+0.00;-0.00} pt"),
        { Relative: { } part } => Invariant($"{100 * part:+0.0;-0.0} %"),
        _ => "new",
    };

    private static string Interval(FigureDifference figure) =>
        $"{Number(figure, figure.Change.Low)} .. {Number(figure, figure.Change.High)}";

    private static string Told(FigureDifference figure) => !figure.IsTold ? "~" : figure.Change.Value > 0 ? "higher" : "lower";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
