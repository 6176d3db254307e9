namespace Warmwire.Cli.Measuring;

/// <summary>Percentiles by nearest rank: always one of the samples, exact.</summary>
internal static class Percentile
{
    /// <param name="sorted">Samples in ascending order, at least one.</param>
    /// <param name="percent">Above 0, up to 100.</param>
    public static long Of(ReadOnlySpan<long> sorted, double percent)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sorted.Length, nameof(sorted));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(percent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        int rank = (int)Math.Ceiling(percent / 100 * sorted.Length);
        return sorted[Math.Clamp(rank, 1, sorted.Length) - 1];
    }
}
