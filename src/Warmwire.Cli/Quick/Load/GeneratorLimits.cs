using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>Decides whether the load generator kept up, or whether its own limits are part of what it measured.</summary>
internal static class GeneratorLimits
{
    /// <summary>The share of the target rate that has to be reached.</summary>
    private const double RateKept = 0.99;

    /// <summary>A start that is later than this is not the usual jitter of the system.</summary>
    private const double LateMilliseconds = 10;

    private const double AllBusy = 0.9;

    public static IReadOnlyList<string> Find(GeneratorFacts facts)
    {
        List<string> limits = [];
        if (facts.Pauses.Count > 0)
        {
            limits.Add(
                Invariant($"The process of quick was stopped for {facts.Pauses.Seconds:0.#} s, as by Ctrl-Z; ")
                + Invariant($"{facts.Pauses.DroppedArrivals:N0} arrivals that were due meanwhile were dropped, and requests under way ")
                + "then have its time in their latency.");
        }

        if (facts.Dropped > facts.Pauses.DroppedArrivals)
        {
            limits.Add(
                Invariant($"{facts.Dropped - facts.Pauses.DroppedArrivals:N0} arrivals were dropped because ")
                + Invariant($"{QuickSettings.MaxRequestsUnderWay:N0} requests, the maximum, were in progress."));
        }

        if (facts.AchievedRate < RateKept * facts.TargetRate)
        {
            limits.Add(Invariant($"quick started {facts.AchievedRate:0.##} of the planned {facts.TargetRate:0.##} arrivals/s."));
        }

        if (facts.StartDelayP99Ms > LateMilliseconds)
        {
            limits.Add(Invariant($"1 % of requests were sent at least {facts.StartDelayP99Ms:0.#} ms late."));
        }

        if (facts.PeakOpen >= facts.MaxConnections)
        {
            limits.Add(
                Invariant($"{facts.PeakOpen:N0} connections were open, the maximum for quick's descriptor limit, so requests waited for ")
                    + "one; raise the limit (ulimit -n).");
        }

        // A machine that others keep busy is told apart: where every arrival was on time, it did not limit the load.
        if (facts.Cores > AllBusy * facts.AvailableCores)
        {
            limits.Add(Invariant($"quick used {facts.Cores:0.0} of {facts.AvailableCores} cores."));
        }

        return limits;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
