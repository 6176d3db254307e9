using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>A part of the corrected latency is the load generator's own.</summary>
internal sealed class StartDelay : IVerdict
{
    /// <summary>A smaller share is not worth a sentence.</summary>
    private const double LeastShare = 0.1;

    public string? Of(QuickResult result)
    {
        double share = ShareOf(result);
        return share < LeastShare
            ? null
            : $"The load generator started 1 % of arrivals at least {Amounts.Milliseconds(result.StartDelayMs.P99)} late, which is up to "
                + string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} % of the corrected p99.");
    }

    /// <summary>How much of the corrected 99th percentile it may be at most, 0 to 1.</summary>
    public static double ShareOf(QuickResult result) => result.LatencyMs.Corrected is { Count: > 0, P99: > 0 and var p99 }
        ? Math.Min(1, result.StartDelayMs.P99 / p99)
        : 0;
}
