using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Ensuring;

/// <summary>
/// A condition of <c>--ensure</c>, such as <c>p(95)&lt;500</c>: a metric, how it is compared, and a number. Both sides are compared as
/// exact fractions in decimal, so that what equals the limit on paper equals it here.
/// </summary>
internal sealed record EnsureCondition
{
    private static readonly string[] s_operators = ["<", "<=", ">", ">=", "==", "!="];

    /// <summary>Keeps products of a count and a limit within a decimal's range.</summary>
    private const decimal MaxLimit = 1_000_000_000;

    private EnsureCondition(string text, EnsureMetric metric, string comparison, decimal limit, bool isShare)
    {
        Text = text;
        _metric = metric;
        _comparison = comparison;
        _limit = limit;
        _isShare = isShare;
    }

    private readonly EnsureMetric _metric;
    private readonly string _comparison;
    private readonly decimal _limit;
    private readonly bool _isShare;

    /// <summary>The condition as it was written.</summary>
    public string Text { get; }

    /// <param name="text">The condition.</param>
    /// <param name="condition">What it means.</param>
    /// <param name="error">What is wrong with it, in one line.</param>
    /// <param name="option">The option that it was given to.</param>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out EnsureCondition? condition,
        [NotNullWhen(false)] out string? error,
        string option = "--ensure")
    {
        condition = null;
        string written = text.Trim();
        error = Parse(written, ref condition) is { } problem ? $"{option} '{written}': {problem}" : null;
        Debug.Assert(condition is null != error is null);
        return condition is not null;
    }

    public EnsureResult Evaluate(QuickResult result)
    {
        Measurement measured = _metric.Measure(result, _isShare);
        return new EnsureResult(Text, measured.Exists && Holds(measured.Part, _limit * measured.Whole), measured.Text);
    }

    /// <returns>What is wrong, or <see langword="null"/>.</returns>
    private static string? Parse(string text, ref EnsureCondition? condition)
    {
        int begin = text.AsSpan().IndexOfAny("<>=!");
        if (begin < 0)
        {
            return "it has no comparison; examples are p(95)<500 and errors<1%";
        }

        int end = begin + 1;
        while (end < text.Length && text[end] is '<' or '>' or '=' or '!')
        {
            end++;
        }

        string comparison = text[begin..end];
        if (!s_operators.Contains(comparison, StringComparer.Ordinal))
        {
            return $"'{comparison}' is not a comparison; use < <= > >= == !=";
        }

        string name = text[..begin].TrimEnd();
        if (!EnsureMetric.TryFind(name, out EnsureMetric? metric, out string? problem))
        {
            return problem;
        }

        string number = text[end..].TrimStart();
        int digits = 0;
        while (digits < number.Length && (char.IsAsciiDigit(number[digits]) || number[digits] == '.'))
        {
            digits++;
        }

        string unit = number[digits..].TrimStart();
        if (!decimal.TryParse(number[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal limit)
            || limit > MaxLimit)
        {
            return $"{comparison} must be followed by a number from 0 to 1000000000, not '{number}'";
        }

        if (metric.ScaleOf(unit) is not { } scale)
        {
            return $"'{unit}' is not a unit of {name}; compare it with {metric.Units}";
        }

        condition = new EnsureCondition(text, metric, comparison, limit * scale, isShare: unit == "%");
        return null;
    }

    private bool Holds(decimal actual, decimal limit) => _comparison switch
    {
        "<" => actual < limit,
        "<=" => actual <= limit,
        ">" => actual > limit,
        ">=" => actual >= limit,
        "==" => actual == limit,
        "!=" => actual != limit,
        _ => throw new UnreachableException(),
    };
}
