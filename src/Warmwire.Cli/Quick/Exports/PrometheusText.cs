using System.Globalization;
using System.Text;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>A result in the text format of Prometheus, for <c>--prometheus</c> and <c>--prometheus-push</c>.</summary>
internal static class PrometheusText
{
    private const string Prefix = "warmwire_quick_";

    public static string Of(QuickResult result)
    {
        var text = new StringBuilder();
        Family(
            text, "info", "gauge", "What was run, by which version.",
            ([("version", result.Tool?.Version ?? ""), ("url", result.Target.Url), ("method", result.Target.Method)], 1));
        Counts(text, result);
        Connections(text, result.Connections);
        Family(text, "target_rate", "gauge", "Arrivals per second that were planned.", ([], result.Target.Rate));
        Family(text, "achieved_rate", "gauge", "Arrivals per second that were started.", ([], result.AchievedRate));
        Family(text, "generator_limited", "gauge", "1 if the load generator was a limit.", ([], result.GeneratorLimited ? 1 : 0));
        Family(
            text, "start_timestamp_seconds", "gauge", "When the first arrival was due.",
            ([], result.StartedAt.ToUnixTimeMilliseconds() / 1000.0));
        Family(text, "elapsed_seconds", "gauge", "How long the run was.", ([], result.ElapsedSeconds));
        Family(
            text, "condition_held", "gauge", "1 if a condition of --ensure held.",
            [.. result.Ensure.Select(static one => ((string, string)[])[("condition", one.Condition)])
                .Zip(result.Ensure, static (labels, one) => (labels, one.Held ? 1.0 : 0.0))]);
        Histogram(
            text,
            "request_duration_seconds",
            result.Target.IsClosedLoop ? LatencyFigures.OfClosedLoop : "Corrected latency: from when a request was due.",
            Summaries.Restore(result.Histogram.Corrected, result.LatencyMs.Corrected));
        Histogram(
            text, "request_duration_uncorrected_seconds", "Uncorrected latency: from when a request was sent on a connection.",
            Summaries.Restore(result.Histogram.Uncorrected, result.LatencyMs.Uncorrected));
        return text.ToString();
    }

    private static void Counts(StringBuilder text, QuickResult result)
    {
        Family(text, "arrivals_total", "counter", "Arrivals that were started.", ([], result.Arrivals));
        Family(text, "dropped_arrivals_total", "counter", "Arrivals that were due and not started.", ([], result.DroppedArrivals));
        Family(text, "requests_total", "counter", "Requests that were started.", ([], result.Requests));
        Family(
            text, "responses_total", "counter", "Complete responses by status.",
            [.. result.Codes.Select(static pair => (((string, string)[])[("code", pair.Key)], (double)pair.Value))]);
        Family(
            text, "errors_total", "counter", "Requests without a complete response, by kind.",
            [
                .. result.Errors.Append(new KeyValuePair<string, long>("Unanswered", result.Unanswered))
                    .Where(static pair => pair.Value > 0)
                    .Select(static pair => (((string, string)[])[("kind", pair.Key)], (double)pair.Value)),
            ]);
        Family(text, "downloaded_bytes_total", "counter", "Bytes of response bodies.", ([], result.DownloadedBytes));
    }

    private static void Connections(StringBuilder text, ConnectionsResult connections)
    {
        Family(text, "connections_opened_total", "counter", "Connections that were opened.", ([], connections.Opened));
        Family(
            text, "connections_closed_total", "counter", "Connections that were closed during the run, by reason.",
            [.. connections.ClosedBy.Select(static pair => (((string, string)[])[("reason", pair.Key)], (double)pair.Value))]);
        Family(text, "failed_dials_total", "counter", "Dials that failed.", ([], connections.FailedDials));
        Family(text, "connections_peak_open", "gauge", "The most connections open at one moment.", ([], connections.PeakOpen));
        Family(text, "connections_reuse_ratio", "gauge", "The share of exchanges on a reused connection.", ([], connections.ReuseRatio));
    }

    private static void Family(
        StringBuilder text,
        string name,
        string type,
        string help,
        params ReadOnlySpan<((string Name, string Value)[] Labels, double Value)> samples)
    {
        if (samples.IsEmpty)
        {
            return;
        }

        Head(text, name, type, help);
        foreach (((string, string)[] labels, double value) in samples)
        {
            Sample(text, name, labels, value);
        }
    }

    private static void Histogram(StringBuilder text, string name, string help, LatencyHistogram histogram)
    {
        Head(text, name, "histogram", help);
        long[] counts = LatencyBuckets.CumulativeCounts(histogram);
        for (int i = 0; i < counts.Length; i++)
        {
            Sample(text, name + "_bucket", [("le", Number(LatencyBuckets.Bounds[i]))], counts[i]);
        }

        Sample(text, name + "_bucket", [("le", "+Inf")], histogram.Total);
        Sample(text, name + "_sum", [], histogram.Sum / 1e9);
        Sample(text, name + "_count", [], histogram.Total);
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append($"# HELP {Prefix}{name} {help}\n# TYPE {Prefix}{name} {type}\n");

    private static void Sample(StringBuilder text, string name, (string Name, string Value)[] labels, double value)
    {
        text.Append(Prefix).Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').AppendJoin(',', labels.Select(static label => $"{label.Name}=\"{Escape(label.Value)}\"")).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
