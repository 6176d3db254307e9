using Warmwire.Cli.Histograms;

namespace Warmwire.Cli.Quick.Results;

/// <summary>The figures of a latency distribution that are shown: the usual ones, or those of <c>--percentiles</c>.</summary>
internal static class LatencyFigures
{
    /// <summary>Computes percentiles of corrected and uncorrected latency in place of the usual ones.</summary>
    /// <param name="result">A result whose histograms can be read.</param>
    /// <param name="percentiles">The list of <c>--percentiles</c>; empty for the usual ones.</param>
    public static QuickResult Select(QuickResult result, IReadOnlyList<double> percentiles)
    {
        if (percentiles.Count == 0)
        {
            return result;
        }

        LatencyResult latency = result.LatencyMs;
        return result with
        {
            LatencyMs = latency with
            {
                Corrected = Select(latency.Corrected, result.Histogram.Corrected, percentiles),
                Uncorrected = Select(latency.Uncorrected, result.Histogram.Uncorrected, percentiles),
            },
        };
    }

    /// <summary>What a metric says of the latencies of a closed loop.</summary>
    public const string OfClosedLoop = "Latency from a request's start, uncorrected: users of a closed loop wait for their responses.";

    /// <summary>What the first of the two distributions is.</summary>
    public static string NameOf(QuickResult result) => result.Target.IsClosedLoop ? "latency from start" : "corrected latency";

    /// <summary>From the smallest to the largest, in milliseconds.</summary>
    public static IReadOnlyList<(string Name, double Milliseconds)> Of(DurationSummary summary) =>
    [
        ("min", summary.Min),
        ("mean", summary.Mean),
        .. summary.Percentiles is { } own
            ? own.Select(static pair => (PercentileList.NameOfKey(pair.Key), pair.Value))
            : [("p50", summary.P50), ("p90", summary.P90), ("p95", summary.P95), ("p99", summary.P99), ("p99.9", summary.P999)],
        ("max", summary.Max),
    ];

    private static DurationSummary Select(DurationSummary summary, string encoded, IReadOnlyList<double> percentiles)
    {
        LatencyHistogram histogram = Summaries.Restore(encoded, summary);
        return summary with
        {
            Percentiles = percentiles.ToDictionary(
                PercentileList.KeyOf, percentile => Summaries.Milliseconds(histogram.ValueAt(percentile)), StringComparer.Ordinal),
        };
    }
}
