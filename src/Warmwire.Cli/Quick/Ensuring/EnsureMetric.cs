using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Warmwire.Cli.Measuring;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Ensuring;

/// <summary>A figure of a result that a condition can name.</summary>
internal abstract partial record EnsureMetric
{
    private const string Names =
        "p(N), min, avg, med, max, the same after uncorrected., errors, failed, codes.500, codes.5xx, connections, peak, reuse, "
            + "checks.failed, rate, dropped, timewait and perconnection.min";

    private static readonly Dictionary<string, EnsureMetric> s_byName = new(StringComparer.OrdinalIgnoreCase)
    {
        ["errors"] = new RequestsMetric(static result => Errors(result), CountsUnanswered: true),
        ["failed"] = new RequestsMetric(static result => Errors(result) + CodesFrom(result, 400, 599), CountsUnanswered: true),
        ["connections"] = new CountMetric(static result => result.Connections.Opened, ""),
        ["peak"] = new CountMetric(static result => result.Connections.PeakOpen, ""),
        ["dropped"] = new CountMetric(static result => result.DroppedArrivals, ""),
        ["timewait"] = new CountMetric(static result => result.Connections.TimeWait, "TIME_WAIT cannot be seen on this system"),
        ["perconnection.min"] = new CountMetric(
            static result => result.Connections is { Opened: 0, OpenAtStart: 0 } ? null : result.Connections.RequestsPerConnection.Min,
            "no connection"),
        ["checks.failed"] = new ChecksMetric(),
        ["reuse"] = new ReuseMetric(),
        ["rate"] = new RateMetric(),
    };

    /// <summary>What its number may be, for the reader.</summary>
    public abstract string Units { get; }

    public static bool TryFind(string name, [NotNullWhen(true)] out EnsureMetric? metric, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (s_byName.TryGetValue(name, out metric))
        {
            return true;
        }

        if (CodesPattern().Match(name) is { Success: true } codes)
        {
            (int first, int last) = codes.Groups["class"] is { Success: true, Value: var digit }
                ? (100 * (digit[0] - '0'), (100 * (digit[0] - '0')) + 99)
                : (
                    int.Parse(codes.Groups["code"].ValueSpan, CultureInfo.InvariantCulture),
                    int.Parse(codes.Groups["code"].ValueSpan, CultureInfo.InvariantCulture));
            metric = new RequestsMetric(result => CodesFrom(result, first, last));
            return true;
        }

        if (LatencyPattern().Match(name) is { Success: true } latency)
        {
            return TryFindLatency(name, latency, out metric, out problem);
        }

        problem = name.Length == 0
            ? $"the metric is missing; there are {Names}"
            : MisspelledPercentile().Match(name) is { Success: true } percentile
            ? $"there is no metric '{name}'; did you mean {percentile.Groups["before"].Value}p({percentile.Groups["percent"].Value})?"
            : $"there is no metric '{name}'; there are {Names}";
        return false;
    }

    /// <summary>What a number with this unit is multiplied by; <see langword="null"/> if it cannot have the unit.</summary>
    public virtual decimal? ScaleOf(string unit) => unit.Length == 0 ? 1 : null;

    /// <param name="result">Where it is looked up.</param>
    /// <param name="isShare">The number it is compared with has a percent sign.</param>
    public abstract Measurement Measure(QuickResult result, bool isShare);

    private static bool TryFindLatency(
        string name,
        Match match,
        [NotNullWhen(true)] out EnsureMetric? metric,
        [NotNullWhen(false)] out string? problem)
    {
        (metric, problem) = (null, null);
        bool isCorrected = !match.Groups["uncorrected"].Success;
        if (match.Groups["percent"] is { Success: true } percent)
        {
            if (!double.TryParse(percent.ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                || value > 100)
            {
                problem = $"'{name}' is not a percentile; N in p(N) is a number from 0 to 100";
                return false;
            }

            metric = new LatencyMetric(isCorrected, LatencyFigure.Percentile, value);
            return true;
        }

        metric = match.Groups["figure"].Value.ToUpperInvariant() switch
        {
            "MIN" => new LatencyMetric(isCorrected, LatencyFigure.Min, 0),
            "MAX" => new LatencyMetric(isCorrected, LatencyFigure.Max, 0),
            "MED" => new LatencyMetric(isCorrected, LatencyFigure.Percentile, 50),
            _ => new LatencyMetric(isCorrected, LatencyFigure.Mean, 0),
        };
        return true;
    }

    /// <summary>Whatever got no whole response, for whatever reason: a request that hung until Ctrl-C did not succeed.</summary>
    private static long Errors(QuickResult result) => result.Errors.Values.Sum() + result.Unanswered;

    private static long CodesFrom(QuickResult result, int first, int last)
    {
        long sum = 0;
        foreach ((string code, long count) in result.Codes)
        {
            sum += int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= first && number <= last
                ? count
                : 0;
        }

        return sum;
    }

    [GeneratedRegex(
        @"^codes\.((?<code>[1-5][0-9][0-9])|(?<class>[1-5])xx)$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodesPattern();

    [GeneratedRegex(
        @"^(?<uncorrected>uncorrected\.)?((?<figure>min|avg|mean|med|max)|p\s*\(\s*(?<percent>[^()]*?)\s*\))$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex LatencyPattern();

    [GeneratedRegex(
        @"^(?<before>(uncorrected\.)?)p\s*\(?(?<percent>[0-9]+(\.[0-9]+)?)\)?$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex MisspelledPercentile();

    private enum LatencyFigure
    {
        Percentile,
        Min,
        Mean,
        Max,
    }

    private sealed record LatencyMetric(bool IsCorrected, LatencyFigure Figure, double Percent) : EnsureMetric
    {
        private const decimal NanosecondsPerMillisecond = 1_000_000;

        public override string Units => "a time in ms (or us, s)";

        public override decimal? ScaleOf(string unit) => unit.ToUpperInvariant() switch
        {
            "" or "MS" => 1,
            "US" => 0.001m,
            "S" => 1000,
            _ => null,
        };

        public override Measurement Measure(QuickResult result, bool isShare)
        {
            DurationSummary summary = IsCorrected ? result.LatencyMs.Corrected : result.LatencyMs.Uncorrected;
            if (summary.Count == 0)
            {
                return Measurement.None("no request");
            }

            decimal milliseconds = Figure switch
            {
                LatencyFigure.Min => Measurement.Exact(summary.Min),
                LatencyFigure.Mean => Measurement.Exact(summary.Mean),
                LatencyFigure.Max => Measurement.Exact(summary.Max),
                _ =>
                    Summaries.Restore(IsCorrected ? result.Histogram.Corrected : result.Histogram.Uncorrected, summary)
                        .ValueAt(Percent) / NanosecondsPerMillisecond,
            };
            string kind = IsCorrected && result.Target.IsClosedLoop ? " (closed loop, uncorrected)" : "";
            return new Measurement(milliseconds, 1, string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.######} ms{kind}"));
        }
    }

    /// <summary>A number of requests, or their share of all.</summary>
    private sealed record RequestsMetric(Func<QuickResult, long> Of, bool CountsUnanswered = false) : EnsureMetric
    {
        public override string Units => "a number, or a share of the requests in %";

        public override decimal? ScaleOf(string unit) => unit switch
        {
            "" => 1,
            "%" => 0.01m,
            _ => null,
        };

        public override Measurement Measure(QuickResult result, bool isShare)
        {
            Measurement measured = isShare ? Measurement.Share(Of(result), result.Requests, "request") : Measurement.Count(Of(result));
            return CountsUnanswered && result.Unanswered > 0
                ? measured with { Text = FormattableString.Invariant($"{measured.Text}, {result.Unanswered:N0} unanswered") }
                : measured;
        }
    }

    private sealed record CountMetric(Func<QuickResult, long?> Of, string Missing) : EnsureMetric
    {
        public override string Units => "a number";

        public override Measurement Measure(QuickResult result, bool isShare) =>
            Of(result) is { } count ? Measurement.Count(count) : Measurement.None(Missing);
    }

    /// <summary>A number of checks, or their share of all.</summary>
    private sealed record ChecksMetric : EnsureMetric
    {
        public override string Units => "a number, or a share of the checks in %";

        public override decimal? ScaleOf(string unit) => unit switch
        {
            "" => 1,
            "%" => 0.01m,
            _ => null,
        };

        public override Measurement Measure(QuickResult result, bool isShare)
        {
            long failed = result.Checks.Values.Sum(static check => check.Failed);
            long all = failed + result.Checks.Values.Sum(static check => check.Passed);
            return isShare ? Measurement.Share(failed, all, "check") : Measurement.Count(failed);
        }
    }

    private sealed record ReuseMetric : EnsureMetric
    {
        public override string Units => "a share from 0 to 1, or in %";

        public override decimal? ScaleOf(string unit) => unit switch
        {
            "" => 1,
            "%" => 0.01m,
            _ => null,
        };

        public override Measurement Measure(QuickResult result, bool isShare)
        {
            decimal ratio = Measurement.Exact(result.Connections.ReuseRatio);
            string text = isShare
                ? RoundedDown(100 * ratio, 100).ToString("0.##", CultureInfo.InvariantCulture) + " %"
                : RoundedDown(ratio, 10_000).ToString("0.####", CultureInfo.InvariantCulture);
            return result.Requests == 0 ? Measurement.None("no request") : new Measurement(ratio, 1, text);
        }
    }

    /// <summary>For the reader; the comparison is exact. Rounded down, so that all is claimed only where it was all.</summary>
    private static decimal RoundedDown(decimal number, int parts) => decimal.Floor(number * parts) / parts;

    private sealed record RateMetric : EnsureMetric
    {
        public override string Units => "a number of arrivals a second";

        public override decimal? ScaleOf(string unit) => unit is "" or "/s" ? 1 : null;

        public override Measurement Measure(QuickResult result, bool isShare)
        {
            decimal rate = Measurement.Exact(result.AchievedRate);
            return new Measurement(rate, 1, string.Create(CultureInfo.InvariantCulture, $"{rate:0.###}/s"));
        }
    }
}
