using Warmwire.Cli.Histograms;

namespace Warmwire.Cli.Quick.Results;

/// <summary>Figures of a histogram, in milliseconds.</summary>
internal static class Summaries
{
    private const double NanosecondsPerMillisecond = 1e6;

    public static DurationSummary Of(LatencyHistogram histogram) => new()
    {
        Count = histogram.Total,
        Min = Milliseconds(histogram.Min),
        Mean = Milliseconds(histogram.Mean),
        P50 = Milliseconds(histogram.ValueAt(50)),
        P90 = Milliseconds(histogram.ValueAt(90)),
        P95 = Milliseconds(histogram.ValueAt(95)),
        P99 = Milliseconds(histogram.ValueAt(99)),
        P999 = Milliseconds(histogram.ValueAt(99.9)),
        Max = Milliseconds(histogram.Max),
        Total = histogram.Sum / NanosecondsPerMillisecond,
    };

    /// <summary>The histogram again, with the exact figures that its text does not have.</summary>
    /// <exception cref="FormatException">The text is not a histogram.</exception>
    public static LatencyHistogram Restore(string encoded, DurationSummary summary) =>
        HistogramCoder.Decode(encoded, Nanoseconds(summary.Total), Nanoseconds(summary.Min), Nanoseconds(summary.Max));

    /// <summary>To the microsecond's hundredth, and the sum in full: more digits would only look exact.</summary>
    public static double Milliseconds(double nanoseconds) => Math.Round(nanoseconds / NanosecondsPerMillisecond, 6);

    public static long Nanoseconds(double milliseconds) => (long)Math.Round(milliseconds * NanosecondsPerMillisecond);
}
