using Warmwire.Cli.Histograms;

namespace Warmwire.Cli.Quick.Results;

/// <summary>Points of a series put together.</summary>
internal static class SeriesPoints
{
    /// <summary>One interval out of two that follow each other.</summary>
    public static SeriesPoint Add(SeriesPoint one, SeriesPoint other)
    {
        LatencyHistogram latencies = HistogramOf(one);
        latencies.Add(HistogramOf(other));
        return new SeriesPoint
        {
            At = one.At,
            Due = one.Due + other.Due,
            Started = one.Started + other.Started,
            Responses = one.Responses + other.Responses,
            Errors = one.Errors + other.Errors,
            Opened = one.Opened + other.Opened,
            Closed = one.Closed + other.Closed,
            PeakOpen = Math.Max(one.PeakOpen, other.PeakOpen),
            P50 = Summaries.Milliseconds(latencies.ValueAt(50)),
            P99 = Summaries.Milliseconds(latencies.ValueAt(99)),
            Max = Summaries.Milliseconds(latencies.Max),
            Histogram = latencies.Total == 0 ? "" : HistogramCoder.Encode(latencies),
        };
    }

    public static LatencyHistogram HistogramOf(SeriesPoint point) =>
        point.Histogram.Length == 0
            ? new LatencyHistogram()
            : HistogramCoder.Decode(point.Histogram, max: (long)Math.Round(point.Max * 1e6));
}
