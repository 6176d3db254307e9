using System.Globalization;
using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Histograms;

/// <summary>
/// The percentile distribution of a histogram as HdrHistogram's tools plot it (<c>.hgrm</c>): milliseconds, five steps for each halving of
/// the distance to 100 %.
/// </summary>
internal static class HgrmText
{
    private const int TicksPerHalfDistance = 5;
    private const double NanosecondsPerMillisecond = 1e6;

    public static void Write(TextWriter writer, LatencyHistogram histogram)
    {
        writer.Write(
            string.Create(CultureInfo.InvariantCulture, $"{"Value",12} {"Percentile",14} {"TotalCount",10} {"1/(1-Percentile)",14}\n\n"));
        long total = histogram.Total;
        long seen = 0;
        double next = 0;
        for (int i = 0; i < LatencyHistogram.Length && seen < total; i++)
        {
            long count = histogram.CountAt(i);
            if (count == 0)
            {
                continue;
            }

            seen += count;
            double value = Math.Clamp(LatencyHistogram.MiddleOf(i), histogram.Min, histogram.Max) / NanosecondsPerMillisecond;
            double reached = 100.0 * seen / total;
            while (next <= reached && seen < total)
            {
                WriteLine(writer, value, next, seen);
                next = Following(next);
            }

            if (seen == total)
            {
                WriteLine(writer, histogram.Max / NanosecondsPerMillisecond, 100, total);
            }
        }

        double mean = histogram.Mean / NanosecondsPerMillisecond;
        double deviation = Deviation(histogram) / NanosecondsPerMillisecond;
        writer.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            #[Mean    = {mean,12:0.000}, StdDeviation   = {deviation,12:0.000}]
            #[Max     = {histogram.Max / NanosecondsPerMillisecond,12:0.000}, Total count    = {total,12}]
            #[Buckets = {LatencyHistogram.BucketCount,12}, SubBuckets     = {LatencyHistogram.SubBucketCount,12}]

            """).ReplaceLineEndings("\n"));
    }

    private static double Following(double percentile)
    {
        double following = percentile + (100 / (TicksPerHalfDistance * Math.Pow(2, (long)Math.Log2(100 / (100 - percentile)) + 1)));

        // So close to 100 that a double cannot tell them apart: of 2^50 and more, there would be no end.
        return following > percentile ? following : double.PositiveInfinity;
    }

    private static void WriteLine(TextWriter writer, double value, double percentile, long seen)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{value,12:0.000} {percentile / 100,2:0.000000000000} {seen,10}");
        writer.Write(
            percentile < 100
                ? string.Create(CultureInfo.InvariantCulture, $"{line} {1 / (1 - (percentile / 100)),14:0.00}\n")
                : line + "\n");
    }

    private static double Deviation(LatencyHistogram histogram)
    {
        if (histogram.Total == 0)
        {
            return 0;
        }

        double squares = 0;
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            if (histogram.CountAt(i) is var count and > 0)
            {
                double distance = LatencyHistogram.MiddleOf(i) - histogram.Mean;
                squares += distance * distance * count;
            }
        }

        return Math.Sqrt(squares / histogram.Total);
    }
}
