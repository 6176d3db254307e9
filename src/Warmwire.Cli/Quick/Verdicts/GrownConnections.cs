using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Responses were late for a while, so requests that were due meanwhile opened connections of their own.</summary>
internal sealed class GrownConnections : IVerdict
{
    /// <summary>Fewer are no burst.</summary>
    private const int Many = 10;

    /// <summary>How many times the usual need the peak has to be.</summary>
    private const double Factor = 4;

    public string? Of(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        double usual = UsualNeed(result);
        if (result.Requests == 0
            || result.Target.NewConnectionPerRequest
            || connections.PeakOpen < Many
            || connections.PeakOpen < Factor * usual
            || 2 * connections.DialedBy.GetValueOrDefault(nameof(DialReason.AllBusy)) < connections.Opened)
        {
            return null;
        }

        return $"The number of connections grew to {Amounts.Number(connections.PeakOpen)} because responses were outstanding: at "
            + $"{Amounts.Rate(result.AchievedRate)}/s and a median of {Amounts.Milliseconds(result.LatencyMs.Uncorrected.P50)}, "
            + $"{Amounts.Number((long)usual)} would do, but the slowest took {Amounts.Milliseconds(result.LatencyMs.Uncorrected.Max)}.";
    }

    /// <summary>Requests that are under way at a time if each takes as long as the median (Little's law), rounded up.</summary>
    private static double UsualNeed(QuickResult result) =>
        Math.Max(1, Math.Ceiling(result.AchievedRate * result.Target.RequestsPerArrival * result.LatencyMs.Uncorrected.P50 / 1000));
}
