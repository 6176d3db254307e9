using Warmwire.Cli.Compare;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Tests.Quick.Reports;

/// <summary>Results as real runs make them, the same in each run of the tests.</summary>
internal static class SampleResults
{
    private const string Address = "10.0.3.17:8443";

    /// <summary>300 s at 30/s over 12 connections, with a stall of 2 s in the middle that all who were due then had to wait out.</summary>
    public static QuickResult After { get; } = new SampleRun { Seconds = 300, Rate = 30, StallAt = 150 }.Result(run => run with
    {
        Connections = run.Connections with
        {
            Opened = 12,
            PeakOpen = 12,
            ReuseRatio = 8988 / 9000.0,
            RequestsPerConnection = Carried(
                (1500, 1), (1388, 1), (1210, 1), (1107, 1), (990, 1), (864, 1), (641, 1), (530, 1), (377, 1), (233, 1), (110, 1), (50, 1)),
            TlsHandshakes = 12,
            DialedBy = new Dictionary<string, long> { ["First"] = 1, ["AllBusy"] = 11 },
            TimeWait = 0,
        },
        Ensure =
        [
            new EnsureResult("connections <= 20", true, "12"),
            new EnsureResult("errors == 0", true, "0"),
            new EnsureResult("p99 < 2500ms", true, "14.7 ms"),
        ],
        Verdict =
        [
            "9,000 requests went over 12 connections: 99.9 % of them over one that had served another before.",
            "No request failed and no arrival was dropped.",
            "For about 2 s around 2 min 30 s the server did not answer; counting from when requests were due, that made the p99.9 "
                + "1,702 ms.",
        ],
        Process = Process(300, outgoing: _ => 12, descriptors: _ => 187),
    });

    /// <summary>The same load where each request makes its own connection, until ports run out.</summary>
    public static QuickResult Before { get; } = new SampleRun
    {
        Seconds = 300,
        Rate = 30,
        ConnectionPerRequest = true,
        FailFrom = 228,
    }.Result(run => run with
    {
        GeneratorLimited = true,
        GeneratorLimits =
        [
            "Arrivals were started up to 212 ms late: this machine had too few cores for what ran on it.",
            "Local ports ran short: 28,120 of 28,232 were in use or in TIME_WAIT.",
        ],
        DroppedArrivals = 14,
        Connections = run.Connections with
        {
            Opened = 9000,
            PeakOpen = 29,
            FailedDials = 214,
            ReuseRatio = 0,
            RequestsPerConnection = Carried((1, 9000)),
            TlsHandshakes = 8991,
            ClosedBy = new Dictionary<string, long>
            {
                ["ConnectionCloseHeader"] = 8720,
                ["ServerClosed"] = 211,
                ["RequestTimeout"] = 53,
                ["ReadError"] = 7,
            },
            ClosedByServer = 8931,
            ClosedByClient = 60,
            DialedBy = new Dictionary<string, long> { ["First"] = 7811, ["AllBusy"] = 1180, ["Replacement"] = 9 },
            TimeWait = 1783,
        },
        Errors = new Dictionary<string, long> { ["connect"] = 214, ["timeout"] = 53, ["response ended early"] = 7 },
        ErrorExamples = new Dictionary<string, string>
        {
            ["connect"] = "Cannot assign requested address (10.0.3.17:8443)",
            ["timeout"] = "no answer within 5 s",
            ["response ended early"] = "the server closed the connection after 1,024 of 16,384 bytes of the body",
        },
        Codes = new Dictionary<string, long> { ["200"] = 8601, ["503"] = 118, ["502"] = 7 },
        Ensure =
        [
            new EnsureResult("connections <= 20", false, "9,000"),
            new EnsureResult("errors == 0", false, "274"),
            new EnsureResult("p50 < 100ms", true, "9.12 ms"),
        ],
        Verdict =
        [
            "Each request opened a connection of its own: 9,000 for 9,000 requests.",
            "The server asked to close 8,931 of them: look for a Connection: close in its responses.",
            "274 requests failed, most of them because no local port was free (connect).",
        ],
        Process = Process(300, outgoing: second => 40 + (second * 9), descriptors: second => 190 + (second * 9)),
    });

    /// <summary>Three requests in three seconds.</summary>
    public static QuickResult Tiny { get; } = new SampleRun { Seconds = 3, Rate = 1 }.Result(run => run with
    {
        Connections = run.Connections with
        {
            RequestsPerConnection = Carried((3, 1)),
            DialedBy = new Dictionary<string, long> { ["First"] = 1 },
        },
        Verdict = ["3 requests went over 1 connection."],
    });

    /// <summary>No response, no connection, no point.</summary>
    public static QuickResult Nothing { get; } = new SampleRun { Seconds = 0, Rate = 1 }.Result(run => run with
    {
        Interrupted = true,
        Codes = new Dictionary<string, long>(),
        Connections = run.Connections with
        {
            Opened = 0,
            PeakOpen = 0,
            ReuseRatio = 0,
            RequestsPerConnection = new RequestsPerConnection { Min = 0, Median = 0, Max = 0 },
        },
    });

    /// <summary>As many points as there can be, of two seconds each, all of them different.</summary>
    public static QuickResult Long { get; } = new SampleRun
    {
        Seconds = 1200,
        Rate = 400,
        Interval = 2,
        ConnectionPerRequest = true,
        StallAt = 600,
    }.Result(run => run with
    {
        Process = Process(600, outgoing: second => second % 97, descriptors: second => 100 + (second % 89)),
    });

    public static RequestsPerConnection Carried(params (long Requests, long Connections)[] counts)
    {
        long[] all = [.. counts.SelectMany(count => Enumerable.Repeat(count.Requests, (int)count.Connections)).Order()];
        return new RequestsPerConnection
        {
            Min = all[0],
            Median = (all[(all.Length - 1) / 2] + all[all.Length / 2]) / 2.0,
            Max = all[^1],
            Counts = counts.ToDictionary(count => count.Requests, count => count.Connections),
        };
    }

    private static ProcessResult Process(int looks, Func<int, int> outgoing, Func<int, int> descriptors)
    {
        var random = new Random(7);
        ProcessState State(int second) => new()
        {
            Descriptors = descriptors(second),
            ResidentMegabytes = 212.4 + (second / 10.0),
            Threads = 38,
            Outgoing = new Dictionary<string, int> { [Address] = outgoing(second), ["10.0.3.40:5432"] = 8 },
            Incoming = 12,
            TimeWait = new Dictionary<string, int> { [Address] = outgoing(second) / 2 },
        };
        return new ProcessResult
        {
            Pid = 48213,
            Name = "orders-api",
            CpuSeconds = 41.7,
            CpuMicrosPerRequest = 4633,
            Before = State(0),
            During = State(looks - 1),
            After = State(looks / 2),
            OutgoingSeen = new Dictionary<string, long> { [Address] = 9 * (long)looks, ["10.0.3.40:5432"] = 8 },
            TimeWaitSeen = new Dictionary<string, long> { [Address] = 9 * (long)looks },
            Series =
            [
                .. Enumerable.Range(0, looks).Select(
                    second => new ProcessPoint(second, 0.1 + (random.NextDouble() * 0.1), descriptors(second), outgoing(second) + 8)),
            ],
            Notes = ["Sockets of other network namespaces were not looked at."],
        };
    }

    /// <summary>Makes up the requests of a run one by one, so that series, histograms and figures agree.</summary>
    private sealed class SampleRun
    {
        public required int Seconds { get; init; }

        public required double Rate { get; init; }

        public int Interval { get; init; } = 1;

        public int? StallAt { get; init; }

        /// <summary>From this second on, many requests fail.</summary>
        public int? FailFrom { get; init; }

        public bool ConnectionPerRequest { get; init; }

        private readonly Random _random = new(42);
        private readonly LatencyHistogram _corrected = new();
        private readonly LatencyHistogram _uncorrected = new();
        private readonly LatencyHistogram _delay = new();
        private readonly LatencyHistogram _none = new();

        public QuickResult Result(Func<QuickResult, QuickResult> change)
        {
            int points = Seconds / Interval;
            LatencyHistogram[] series = [.. Enumerable.Range(0, points).Select(_ => new LatencyHistogram())];
            long[] errors = new long[points];
            long arrivals = (long)(Seconds * Rate);
            for (long i = 0; i < arrivals; i++)
            {
                Record(i / Rate, series, errors);
            }

            long perPoint = (long)(Rate * Interval);
            return change(new QuickResult
            {
                Target = Target(arrivals),
                StartedAt = new DateTimeOffset(2026, 12, 3, 14, 5, 9, TimeSpan.FromHours(1)),
                ElapsedSeconds = Seconds + 0.012,
                Arrivals = arrivals,
                Requests = arrivals,
                Responses = _corrected.Total,
                Errors = new Dictionary<string, long>(),
                Codes = new Dictionary<string, long> { ["200"] = _corrected.Total },
                DownloadedBytes = _corrected.Total * 16_384,
                AchievedRate = Seconds == 0 ? 0 : Rate,
                DroppedArrivals = 0,
                GeneratorLimited = false,
                Connections = OneConnection(),
                LatencyMs = new LatencyResult { Corrected = Summaries.Of(_corrected), Uncorrected = Summaries.Of(_uncorrected) },
                PhasesMs = new PhasesResult
                {
                    Dns = Summaries.Of(_none),
                    Connect = Summaries.Of(ConnectionPerRequest ? _delay : _none),
                    Tls = Summaries.Of(ConnectionPerRequest ? _uncorrected : _none),
                    Queue = Summaries.Of(_delay),
                    FirstByte = Summaries.Of(_uncorrected),
                },
                StartDelayMs = Summaries.Of(_delay),
                Cpu = new CpuResult { Seconds = 6.31, MicrosPerRequest = 701, Cores = 0.021, AvailableCores = 2 },
                Histogram = Encoded(),
                Series = new SeriesResult
                {
                    IntervalSeconds = Interval,
                    Points = [.. Enumerable.Range(0, points).Select(i => Point(i, perPoint, series[i], errors[i], _random))],
                },
            });
        }

        private void Record(double due, LatencyHistogram[] series, long[] errors)
        {
            double outlier = 1 + (0.5 * _random.NextDouble());
            outlier *= _random.Next(60) == 0 ? 1 + (8 * _random.NextDouble()) : 1;
            double took = (ConnectionPerRequest ? 0.0078 : 0.0016) * outlier;
            double waited = StallAt is { } stall && due >= stall && due < stall + 2 ? stall + 2 - due : 0;
            int at = Math.Min((int)((due + waited + took) / Interval), series.Length - 1);
            if (due >= FailFrom && _random.Next(8) == 0)
            {
                errors[at]++;
                return;
            }

            _corrected.Record(Nanoseconds(waited + took));
            _uncorrected.Record(Nanoseconds((waited > 1.7 ? waited : 0) + took));
            _delay.Record(Nanoseconds(_random.NextDouble() * 0.0004));
            series[at].Record(Nanoseconds(waited + took));
        }

        private TargetResult Target(long arrivals) => new()
        {
            Url = "https://orders.example.internal/api/orders/17?expand=lines",
            Rate = Rate,
            DurationSeconds = Seconds,
            Arrivals = arrivals,
            TimeoutSeconds = 5,
            NewConnectionPerRequest = ConnectionPerRequest,
        };

        private static ConnectionsResult OneConnection() => new()
        {
            Opened = 1,
            PeakOpen = 1,
            ReuseRatio = 0.667,
            RequestsPerConnection = Carried((1, 1)),
            TlsHandshakes = 1,
            ClosedBy = new Dictionary<string, long>(),
            ClosedByServer = 0,
            ClosedByClient = 0,
        };

        private HistogramsResult Encoded() => new()
        {
            Corrected = HistogramCoder.Encode(_corrected),
            Uncorrected = HistogramCoder.Encode(_uncorrected),
            StartDelay = HistogramCoder.Encode(_delay),
            Dns = HistogramCoder.Encode(_none),
            Connect = HistogramCoder.Encode(_none),
            Tls = HistogramCoder.Encode(_none),
            Queue = HistogramCoder.Encode(_delay),
            FirstByte = HistogramCoder.Encode(_uncorrected),
        };

        private static long Nanoseconds(double seconds) => (long)(seconds * 1e9);

        private SeriesPoint Point(int index, long due, LatencyHistogram histogram, long errors, Random random)
        {
            DurationSummary summary = Summaries.Of(histogram);
            long opened = ConnectionPerRequest ? due : index == 0 ? Math.Min(due, 3) : index < 10 && due > 1 ? 1 : 0;
            return new SeriesPoint
            {
                At = index * Interval,
                Due = due,
                Started = due,
                Responses = histogram.Total,
                Errors = errors,
                Opened = opened,
                Closed = ConnectionPerRequest ? Math.Max(due - random.Next(3), 0) : 0,
                PeakOpen = ConnectionPerRequest ? Math.Max(due / 2, 1) + random.Next(15) : Math.Min(due, Math.Min(3 + index, 12)),
                P50 = summary.P50,
                P99 = summary.P99,
                Max = summary.Max,
                Histogram = histogram.Total == 0 ? "" : HistogramCoder.Encode(histogram),
            };
        }
    }
}
