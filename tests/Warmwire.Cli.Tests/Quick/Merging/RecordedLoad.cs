using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.Histograms;

namespace Warmwire.Cli.Tests.Quick.Merging;

/// <summary>Random requests and connections, and the result that a program would have written which saw some of them.</summary>
internal sealed class RecordedLoad
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly string[] s_kinds = ["timeout", "connect", "reset"];
    private readonly Request[] _requests;
    private readonly long[] _connections;

    private RecordedLoad(Request[] requests, long[] connections)
    {
        _requests = requests;
        _connections = connections;
    }

    public static RecordedLoad Make(Random random, int requests, int seconds) => new(
        [.. RandomValues.Make(random, requests).Select(latency => new Request(
            random.NextDouble() * seconds,
            latency / 1000 + 1,
            random.Next(50) == 0 ? s_kinds[random.Next(s_kinds.Length)] : null,
            random.Next(20) == 0 ? 503 : 200))],
        [.. Enumerable.Range(0, Math.Max(1, requests / 10)).Select(_ => random.NextInt64(1, 1L << random.Next(1, 12)))]);

    /// <summary>Every request and every connection falls to one of the parts.</summary>
    public RecordedLoad[] Split(Random random, int parts)
    {
        ILookup<int, Request> requests = _requests.ToLookup(_ => random.Next(parts));
        ILookup<int, long> connections = _connections.ToLookup(_ => random.Next(parts));
        return [.. Enumerable.Range(0, parts).Select(i => new RecordedLoad([.. requests[i]], [.. connections[i]]))];
    }

    /// <param name="rate">What it was to send and did send.</param>
    /// <param name="peak">Connections open in every second.</param>
    /// <param name="seconds">How long the series is.</param>
    public QuickResult Result(double rate, long peak, int seconds)
    {
        Request[] answered = [.. _requests.Where(static request => request.Error is null)];
        LatencyHistogram latency = RandomValues.Record([.. answered.Select(static request => request.Latency)]);
        LatencyHistogram half = RandomValues.Record([.. answered.Select(static request => request.Latency / 2)]);
        long exchanges = _connections.Sum();
        return QuickResults.Empty() with
        {
            Target = QuickResults.Empty().Target with
            {
                Rate = rate,
                DurationSeconds = seconds,
                Arrivals = _requests.Length,
                MaxConnections = (int)peak,
            },
            StartedAt = Start,
            ElapsedSeconds = seconds + 0.25,
            Arrivals = _requests.Length,
            Requests = _requests.Length,
            Tool = ToolResult.Current,
            Responses = answered.Length,
            Errors = Count(_requests.Where(static request => request.Error is not null).Select(static request => request.Error!)),
            ErrorExamples = _requests.Where(static request => request.Error is not null)
                .Select(static request => request.Error!)
                .Distinct()
                .Order(StringComparer.Ordinal)
                .ToDictionary(static kind => kind, static kind => "it said " + kind, StringComparer.Ordinal),
            Codes = Count(answered.Select(static request => request.Status.ToString())),
            DownloadedBytes = answered.Length * 100L,
            AchievedRate = rate,
            Connections = new ConnectionsResult
            {
                Opened = _connections.Length,
                PeakOpen = peak,
                FailedDials = _requests.Length % 7,
                Exchanges = exchanges,
                ReuseRatio = exchanges == 0 ? 0 : (double)(exchanges - _connections.Length) / exchanges,
                RequestsPerConnection = RequestCounts.Of(
                    _connections.GroupBy(static requests => requests)
                        .Select(static same => KeyValuePair.Create(same.Key, (long)same.Count()))).GetResult(),
                TlsHandshakes = _connections.Length,
                ClosedBy = Count(_connections.Select(static requests => requests % 2 == 0 ? "idle" : "server closed")),
                ClosedByServer = _connections.Count(static requests => requests % 2 == 1),
                ClosedByClient = _connections.Count(static requests => requests % 2 == 0),
                DialedBy = Count(_connections.Select(static requests => requests % 3 == 0 ? "first" : "more")),
                TimeWait = _connections.Length,
            },
            LatencyMs = new LatencyResult { Corrected = Summaries.Of(latency), Uncorrected = Summaries.Of(half) },
            PhasesMs = new PhasesResult
            {
                Dns = Summaries.Of(half),
                Connect = Summaries.Of(latency),
                Tls = Summaries.Of(half),
                Queue = Summaries.Of(latency),
                FirstByte = Summaries.Of(half),
            },
            StartDelayMs = Summaries.Of(half),
            Cpu = new CpuResult
            {
                Seconds = _requests.Length * 0.001,
                MicrosPerRequest = _requests.Length == 0 ? 0 : 1000,
                Cores = rate / 1000,
                AvailableCores = (int)peak,
            },
            Histogram = new HistogramsResult
            {
                Corrected = HistogramCoder.Encode(latency),
                Uncorrected = HistogramCoder.Encode(half),
                StartDelay = HistogramCoder.Encode(half),
                Dns = HistogramCoder.Encode(half),
                Connect = HistogramCoder.Encode(latency),
                Tls = HistogramCoder.Encode(half),
                Queue = HistogramCoder.Encode(latency),
                FirstByte = HistogramCoder.Encode(half),
            },
            Series = new SeriesResult
            {
                IntervalSeconds = 1,
                Points = [.. Enumerable.Range(0, seconds).Select(second => Point(second, peak))],
            },
        };
    }

    private SeriesPoint Point(int second, long peak)
    {
        Request[] due = [.. _requests.Where(request => (int)request.At == second)];
        LatencyHistogram latency = RandomValues.Record(
            [.. due.Where(static request => request.Error is null).Select(static request => request.Latency)]);
        DurationSummary summary = Summaries.Of(latency);
        return new SeriesPoint
        {
            At = second,
            Due = due.Length,
            Started = due.Length,
            Responses = latency.Total,
            Errors = due.Length - latency.Total,
            Opened = 0,
            Closed = 0,
            PeakOpen = peak,
            P50 = summary.P50,
            P99 = summary.P99,
            Max = summary.Max,
            Histogram = latency.Total == 0 ? "" : HistogramCoder.Encode(latency),
        };
    }

    private static Dictionary<string, long> Count(IEnumerable<string> names) => names
        .GroupBy(static name => name, StringComparer.Ordinal)
        .OrderBy(static same => same.Key, StringComparer.Ordinal)
        .ToDictionary(static same => same.Key, static same => (long)same.Count(), StringComparer.Ordinal);

    private sealed record Request(double At, long Latency, string? Error, int Status);
}
