namespace Warmwire.Cli.Quick.Load;

/// <summary>A run that has not ended, as a view shows it.</summary>
internal sealed record QuickProgress(
    double DurationSeconds,
    double ElapsedSeconds,
    long Arrivals,
    double TargetRate,
    RunLook Look,
    long Open,
    long Opened,
    long PeakOpen,
    double ReuseRatio)
{
    /// <summary>Whether its latencies are uncorrected, because users wait for their responses.</summary>
    public bool IsClosedLoop { get; init; }

    /// <summary>Connections that were closed, by reason.</summary>
    public IReadOnlyDictionary<string, long> ClosedBy { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Requests that failed, by kind.</summary>
    public IReadOnlyDictionary<string, long> Errors { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);
}
