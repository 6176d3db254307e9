using Warmwire.Cli.Quick.Ensuring;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>What becomes of a result.</summary>
/// <param name="Json">The file of <c>--output</c>.</param>
/// <param name="Report">The file of <c>--report</c>.</param>
/// <param name="Hgrm">The file of <c>--hgrm</c>.</param>
/// <param name="Conditions">What <c>--ensure</c> asks.</param>
/// <param name="Quiet">Only conditions that were missed are told.</param>
internal sealed record QuickOutputs(string? Json, string? Report, string? Hgrm, IReadOnlyList<EnsureCondition> Conditions, bool Quiet)
{
    /// <summary>The list of <c>--percentiles</c>; empty for the usual ones.</summary>
    public IReadOnlyList<double> Percentiles { get; init; } = [];

    /// <summary>The file of <c>--csv</c>.</summary>
    public string? Csv { get; init; }

    /// <summary>The file of <c>--junit</c>.</summary>
    public string? JUnit { get; init; }

    /// <summary>The file of <c>--prometheus</c>.</summary>
    public string? Prometheus { get; init; }

    /// <summary>The Pushgateway of <c>--prometheus-push</c>.</summary>
    public Uri? PrometheusPush { get; init; }

    /// <summary>In place of a file's name: standard output, which then has nothing else.</summary>
    public const string StandardOutput = "-";

    public bool UsesStandardOutput =>
        ((string?[])[Json, Report, Hgrm, Csv, JUnit, Prometheus]).Contains(StandardOutput, StringComparer.Ordinal);

    public bool ShowsSummary => !Quiet && !UsesStandardOutput;
}
