using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Differences;

/// <summary>
/// A condition of <c>--fail-on</c>, such as <c>p99&gt;+10%</c>: a figure, and a change that fails the comparison if it was measured and is
/// more than chance explains.
/// </summary>
internal sealed partial record FailCondition
{
    private FailCondition(string text, string figure, double limit, bool isRise, bool isInclusive, bool isRelative)
    {
        (Text, Figure, _limit, _isRise, _isInclusive, _isRelative) = (text, figure, limit, isRise, isInclusive, isRelative);
    }

    private readonly double _limit;
    private readonly bool _isRise;
    private readonly bool _isInclusive;
    private readonly bool _isRelative;

    /// <summary>The condition as it was written.</summary>
    public string Text { get; }

    /// <summary>The name of its <see cref="FigureDifference"/>.</summary>
    public string Figure { get; }

    /// <summary>The percentile that it needs, if it is of one.</summary>
    public double? Percentile => PercentileOf(Figure);

    public static bool TryParse(string text, [NotNullWhen(true)] out FailCondition? condition, [NotNullWhen(false)] out string? error)
    {
        string written = text.Trim();
        condition = null;
        error = Parse(written, ref condition) is { } problem ? $"--fail-on '{written}': {problem}" : null;
        Debug.Assert(condition is null != error is null);
        return condition is not null;
    }

    /// <summary>Whether the comparison fails by it, and what was measured in words.</summary>
    public FailResult Evaluate(RunDifference difference)
    {
        FigureDifference? figure = difference.Figures.FirstOrDefault(
            figure => string.Equals(figure.Name, Figure, StringComparison.OrdinalIgnoreCase));
        if (figure is null)
        {
            bool isClose = Figure.StartsWith("closes.", StringComparison.OrdinalIgnoreCase);
            return new FailResult(Text, false, isClose ? "no connection was closed for it" : "there were no latencies");
        }

        double change = _isRelative
            ? figure.Relative ?? (figure.Change.Value == 0 ? 0 : double.CopySign(double.PositiveInfinity, figure.Change.Value))
            : figure.Change.Value;
        bool isBeyond = _isRise ? change > _limit : change < _limit;
        isBeyond |= _isInclusive && change == _limit;
        string actual = DifferenceText.Change(figure);
        return new FailResult(
            Text, isBeyond && figure.IsTold, isBeyond && !figure.IsTold ? $"{actual}, which is not more than chance explains" : actual);
    }

    /// <returns>What is wrong, or <see langword="null"/>.</returns>
    private static string? Parse(string text, ref FailCondition? condition)
    {
        Match match = Pattern().Match(text);
        if (!match.Success)
        {
            return "it is not of the form FIGURE>+CHANGE or FIGURE<-CHANGE; examples are p99>+10%, rate<-5% and errors>+0.5%";
        }

        string figure = match.Groups["figure"].Value;
        FigureKind? kind = figure.ToUpperInvariant() switch
        {
            "RATE" => FigureKind.Rate,
            "ERRORS" or "FAILED" or "REUSE" => FigureKind.Share,
            "CONNECTIONS" => FigureKind.PerThousand,
            _ when figure.StartsWith("closes.", StringComparison.OrdinalIgnoreCase) => FigureKind.PerThousand,
            _ => PercentileOf(figure) is > 0 and < 100 ? FigureKind.Latency : null,
        };
        if (kind is null)
        {
            return $"there is no figure '{figure}'; there are p50 and other percentiles, rate, errors, failed, reuse, connections "
                + "and closes.REASON";
        }

        bool isRise = match.Groups["comparison"].Value[0] == '>';
        if (isRise != (match.Groups["sign"].Value == "+"))
        {
            return "a rise is > with a + and a fall is < with a -, such as p99>+10% and rate<-5%";
        }

        string unit = match.Groups["unit"].Value;
        (double scale, bool isRelative)? how = (kind, unit) switch
        {
            (FigureKind.Share, "%") => (0.01, false),
            (FigureKind.Share, _) => null,
            (_, "%") => (0.01, true),
            (FigureKind.Latency, "" or "ms") => (1, false),
            (FigureKind.Latency, "us") => (0.001, false),
            (FigureKind.Latency, "s") => (1000, false),
            (FigureKind.Rate, "" or "/s") => (1, false),
            (FigureKind.PerThousand, "") => (1, false),
            _ => null,
        };
        if (how is not { } known || Number(match.Groups["number"].Value) is not { } number)
        {
            return kind switch
            {
                FigureKind.Share => $"the change of {figure} is in points of %, such as +0.5%",
                FigureKind.Latency => $"the change of {figure} is in % or in ms, us or s",
                FigureKind.Rate => $"the change of {figure} is in % or in /s",
                _ => $"the change of {figure} is in %, or a number per 1,000 requests",
            };
        }

        string name = kind == FigureKind.Latency ? PercentileList.NameOf(PercentileOf(figure)!.Value) : figure;
        double limit = number * known.scale * (isRise ? 1 : -1);
        condition = new FailCondition(text, name, limit, isRise, match.Groups["comparison"].Value.EndsWith('='), known.isRelative);
        return null;
    }

    /// <summary>Also as the JSON's keys have it: <c>p99_9</c>.</summary>
    private static double? PercentileOf(string figure) => PercentilePattern().Match(figure) is { Success: true } match
        ? Number(match.Groups["percent"].Value.Replace('_', '.'))
        : null;

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) ? number : null;

    [GeneratedRegex(
        @"^(?<figure>[A-Za-z][A-Za-z0-9_.() ]*?)\s*(?<comparison>[<>]=?)\s*(?<sign>[+-])(?<number>[0-9]+(\.[0-9]+)?)\s*(?<unit>[%a-z/]*)$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();

    [GeneratedRegex(
        @"^p(?<open>\()?(?<percent>[0-9]+([._][0-9]+)?)(?(open)\))$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex PercentilePattern();
}

/// <summary>A condition of <c>--fail-on</c> and whether the comparison failed by it.</summary>
/// <param name="Condition">As it was written.</param>
/// <param name="Failed">The change is beyond the limit, and more than chance explains.</param>
/// <param name="Actual">What was measured, in words.</param>
internal sealed record FailResult(string Condition, bool Failed, string Actual);
