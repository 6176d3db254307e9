using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>The file of <c>--csv</c>: a row for each point of the series, which is a second of a run of up to ten minutes.</summary>
internal static class SeriesCsv
{
    private const string Header =
        "at_seconds,interval_seconds,due,started,responses,errors,opened,closed,peak_open,p50_ms,p99_ms,max_ms";

    public static void Write(TextWriter writer, QuickResult result)
    {
        writer.Write(Header + "\n");
        foreach (SeriesPoint point in result.Series.Points)
        {
            // Where nothing ended, there is no latency, which is not a latency of 0.
            string latencies =
                point.Histogram.Length == 0 ? ",," : Invariant($"{point.P50:0.######},{point.P99:0.######},{point.Max:0.######}");
            writer.Write(Invariant($"{point.At:0.###},{result.Series.IntervalSeconds:0.###},{point.Due},{point.Started},"));
            writer.Write(Invariant($"{point.Responses},{point.Errors},{point.Opened},{point.Closed},{point.PeakOpen},{latencies}\n"));
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
