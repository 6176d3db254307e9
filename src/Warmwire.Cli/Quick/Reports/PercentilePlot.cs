using Warmwire.Cli.Histograms;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>
/// Latency against percentile, with each further nine as wide as the one before, so that the slowest few are not pressed into the edge.
/// </summary>
internal static class PercentilePlot
{
    private const int MostDecades = 4;
    private const int Steps = 240;
    private const double NanosecondsPerMillisecond = 1e6;

    public static Plot Of(LatencyHistogram corrected, LatencyHistogram uncorrected, string correctedName, string uncorrectedName)
    {
        int decades = (int)Math.Clamp(Math.Ceiling(Math.Log10(Math.Max(corrected.Total, 1)) - 1e-9), 1, MostDecades);
        double[] positions = [.. Enumerable.Range(0, Steps + 1).Select(step => (double)decades * step / Steps)];
        IReadOnlyList<double> upper = Values(corrected, positions);
        IReadOnlyList<double> lower = Values(uncorrected, positions);
        var up = Axis.OfLatencies([.. upper, .. lower], upper[0] > 0 ? corrected.ValueAt(50) / NanosecondsPerMillisecond : 0);
        return new Plot
        {
            Title = "Percentile distribution of latency",
            Description = $"Of {Figures.Count(corrected.Total)} responses, half took at most {At(corrected, 50)}, 90 % at most "
                + $"{At(corrected, 90)} "
                + $"and 99 % at most {At(corrected, 99)}; uncorrected {At(uncorrected, 50)}, {At(uncorrected, 90)} and "
                    + $"{At(uncorrected, 99)}. "
                + "The axis is logarithmic: each further nine has the same width.",
            Unit = LatencySection.Unit(up),
            Across = Axis.OfPercentiles(decades),
            Up = up,
            Positions = positions,
            Height = 230,
            Series = [new Series(correctedName, Ink.Blue, Mark.Line, upper), new Series(uncorrectedName, Ink.Orange, Mark.Dashes, lower)],
        };
    }

    private static string At(LatencyHistogram histogram, double percentile) =>
        Figures.Milliseconds(histogram.ValueAt(percentile) / NanosecondsPerMillisecond);

    private static List<double> Values(LatencyHistogram histogram, double[] positions) =>
        [.. positions.Select(position => histogram.Total == 0 ? double.NaN : ValueAt(histogram, position))];

    private static double ValueAt(LatencyHistogram histogram, double position) =>
        histogram.ValueAt(100 * (1 - Math.Pow(10, -position))) / NanosecondsPerMillisecond;
}
