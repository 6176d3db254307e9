using System.Globalization;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>Whether the load generator kept up, or what it measured is in part its own slowness.</summary>
internal static class GeneratorLimits
{
    /// <summary>The share of the target rate that has to be reached.</summary>
    private const double RateKept = 0.99;

    /// <summary>Starts later than this are not the system's usual jitter.</summary>
    private const double LateMilliseconds = 10;

    private const double AllBusy = 0.9;

    public static IReadOnlyList<string> Find(GeneratorFacts facts)
    {
        List<string> limits = [];
        if (facts.Dropped > 0)
        {
            limits.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{facts.Dropped} arrivals were dropped: {QuickSettings.MaxRequestsUnderWay:N0} requests were under way, and no more are kept at a time."));
        }

        if (facts.AchievedRate < RateKept * facts.TargetRate)
        {
            limits.Add(string.Create(CultureInfo.InvariantCulture, $"It started {facts.AchievedRate:0.##} arrivals a second and not {facts.TargetRate:0.##}."));
        }

        if (facts.StartDelayP99Ms > LateMilliseconds)
        {
            limits.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"One arrival in a hundred was started {facts.StartDelayP99Ms:0.0} ms late or later, which the corrected latencies contain."));
        }

        if (facts.PeakOpen >= facts.MaxConnections)
        {
            limits.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"It had {facts.PeakOpen:N0} connections open, all that its descriptors allow, so requests had to wait for one; raise the limit of open files (ulimit -n)."));
        }

        if (facts.Cores > AllBusy * facts.AvailableCores)
        {
            limits.Add(string.Create(CultureInfo.InvariantCulture, $"It kept {facts.Cores:0.0} of {facts.AvailableCores} cores busy."));
        }
        else if (facts.MachineBusy > AllBusy)
        {
            limits.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"This machine's cores were {facts.MachineBusy:P0} busy, {facts.Cores:0.0} of {facts.AvailableCores} with the load itself: what else runs here, perhaps the server, competed with it."));
        }

        return limits;
    }
}

/// <summary>What the judgement is made of.</summary>
internal sealed record GeneratorFacts
{
    public required double TargetRate { get; init; }

    public required double AchievedRate { get; init; }

    public required long Dropped { get; init; }

    public required double StartDelayP99Ms { get; init; }

    public required long PeakOpen { get; init; }

    public required int MaxConnections { get; init; }

    public required double Cores { get; init; }

    public required int AvailableCores { get; init; }

    /// <summary>0 to 1; <see langword="null"/> where it is not known.</summary>
    public required double? MachineBusy { get; init; }
}
