using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Scenarios;

/// <summary>What a scenario file says.</summary>
internal sealed record Scenario
{
    /// <summary>Where requests with a path go.</summary>
    public required Uri Target { get; init; }

    /// <summary>When virtual users arrive; <see langword="null"/> if the file does not say.</summary>
    public ArrivalPlan? Plan { get; init; }

    /// <summary>The rate at the beginning.</summary>
    public double FirstRate { get; init; }

    /// <summary>What they do: a weighted choice of flows.</summary>
    public required IReadOnlyList<FlowStep> Flow { get; init; }

    /// <summary>The most requests that one of them makes.</summary>
    public required long Requests { get; init; }
}
