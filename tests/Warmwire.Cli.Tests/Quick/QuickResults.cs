using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Tests.Quick;

/// <summary>Results as a run would have them.</summary>
internal static class QuickResults
{
    /// <summary>
    /// 200 requests over 10 connections: 190 answered after 1 ms, 2 ms and so on to 190 ms, 10 timed out, 5 of the answers 503 and 1 of
    /// them 404.
    /// </summary>
    public static QuickResult Usual()
    {
        var latency = new LatencyHistogram();
        for (int i = 1; i <= 190; i++)
        {
            latency.Record(i * 1_000_000L);
        }

        return Empty() with
        {
            Arrivals = 200,
            Requests = 200,
            Responses = 190,
            Errors = new Dictionary<string, long>(StringComparer.Ordinal) { ["timeout"] = 10 },
            Codes = new Dictionary<string, long>(StringComparer.Ordinal) { ["200"] = 184, ["404"] = 1, ["503"] = 5 },
            AchievedRate = 100,
            DroppedArrivals = 3,
            Connections = Empty().Connections with
            {
                Opened = 10,
                PeakOpen = 8,
                ReuseRatio = 190.0 / 200,
                RequestsPerConnection = new RequestsPerConnection
                {
                    Min = 20,
                    Median = 20,
                    Max = 20,
                    Counts = new Dictionary<long, long> { [20] = 10 },
                },
                TimeWait = 2,
            },
            LatencyMs = new LatencyResult { Corrected = Summaries.Of(latency), Uncorrected = Summaries.Of(latency) },
            Histogram = Empty().Histogram with { Corrected = HistogramCoder.Encode(latency), Uncorrected = HistogramCoder.Encode(latency) },
        };
    }

    /// <summary>Nothing was sent.</summary>
    public static QuickResult Empty()
    {
        DurationSummary none = Summaries.Of(new LatencyHistogram());
        string empty = HistogramCoder.Encode(new LatencyHistogram());
        return new QuickResult
        {
            Target = new TargetResult { Url = "http://127.0.0.1:5000/", Rate = 100, DurationSeconds = 2, Arrivals = 200 },
            StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            ElapsedSeconds = 2,
            Arrivals = 0,
            Requests = 0,
            Responses = 0,
            Errors = new Dictionary<string, long>(StringComparer.Ordinal),
            Codes = new Dictionary<string, long>(StringComparer.Ordinal),
            AchievedRate = 0,
            DroppedArrivals = 0,
            GeneratorLimited = false,
            Connections = new ConnectionsResult
            {
                Opened = 0,
                PeakOpen = 0,
                ReuseRatio = 0,
                RequestsPerConnection = new RequestsPerConnection { Min = 0, Median = 0, Max = 0 },
                TlsHandshakes = 0,
                ClosedBy = new Dictionary<string, long>(StringComparer.Ordinal),
                ClosedByServer = 0,
                ClosedByClient = 0,
            },
            LatencyMs = new LatencyResult { Corrected = none, Uncorrected = none },
            PhasesMs = new PhasesResult { Dns = none, Connect = none, Tls = none, Queue = none, FirstByte = none },
            StartDelayMs = none,
            Cpu = new CpuResult { Seconds = 0, MicrosPerRequest = 0, Cores = 0, AvailableCores = 2 },
            Histogram = new HistogramsResult
            {
                Corrected = empty,
                Uncorrected = empty,
                StartDelay = empty,
                Dns = empty,
                Connect = empty,
                Tls = empty,
                Queue = empty,
                FirstByte = empty,
            },
            Series = new SeriesResult { IntervalSeconds = 1, Points = [] },
        };
    }
}
