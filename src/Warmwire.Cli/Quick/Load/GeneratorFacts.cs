using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Load;

/// <summary>What <see cref="GeneratorLimits"/> decides by.</summary>
internal sealed record GeneratorFacts
{
    public required double TargetRate { get; init; }

    public required double AchievedRate { get; init; }

    public required long Dropped { get; init; }

    /// <summary>Of them, those that were due while the process was stopped, and for how long it was.</summary>
    public required PausesResult Pauses { get; init; }

    public required double StartDelayP99Ms { get; init; }

    public required long PeakOpen { get; init; }

    public required int MaxConnections { get; init; }

    public required double Cores { get; init; }

    public required int AvailableCores { get; init; }
}
