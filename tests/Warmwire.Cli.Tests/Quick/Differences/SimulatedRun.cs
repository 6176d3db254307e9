using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Tests.Quick.Differences;

/// <summary>Results of runs whose true distribution is known.</summary>
internal static class SimulatedRun
{
    private const int UsualSeconds = 16;

    /// <summary>Log-normal latencies around 10 ms, and one request in a hundred that fails.</summary>
    /// <param name="random">The source of all chance.</param>
    /// <param name="requests">How many, spread evenly over the seconds.</param>
    /// <param name="factor">What each latency is multiplied by.</param>
    /// <param name="errors">The share of requests that fail.</param>
    /// <param name="stalls">The share of seconds in which all latencies are ten times as long.</param>
    /// <param name="seconds">How long the run is.</param>
    public static NamedResult Of(
        Random random,
        int requests,
        double factor = 1,
        double errors = 0.01,
        double stalls = 0,
        int seconds = UsualSeconds)
    {
        QuickResult empty = QuickResults.Empty();
        var all = new LatencyHistogram();
        long failed = 0;
        var points = new List<SeriesPoint>();
        var own = new LatencyHistogram();
        for (int second = 0; second < seconds; second++)
        {
            own.Clear();
            double slow = random.NextDouble() < stalls ? 10 : 1;
            long failedNow = 0;
            for (int i = 0; i < requests / seconds; i++)
            {
                if (random.NextDouble() < errors)
                {
                    failedNow++;
                }
                else
                {
                    own.Record((long)(1e7 * factor * slow * Math.Exp(0.5 * Gauss(random))));
                }
            }

            all.Add(own);
            failed += failedNow;
            points.Add(Point(second, own, failedNow));
        }

        return new NamedResult("run.json", empty with
        {
            ElapsedSeconds = seconds,
            Arrivals = requests,
            Requests = requests,
            Responses = all.Total,
            Errors = new Dictionary<string, long>(StringComparer.Ordinal) { ["ConnectionReset"] = failed },
            Codes = new Dictionary<string, long>(StringComparer.Ordinal) { ["200"] = all.Total },
            AchievedRate = (double)requests / seconds,
            Connections = empty.Connections with { Opened = 30, PeakOpen = 30, ReuseRatio = 1 - (30.0 / requests), Exchanges = requests },
            LatencyMs = empty.LatencyMs with { Corrected = Summaries.Of(all) },
            Histogram = empty.Histogram with { Corrected = HistogramCoder.Encode(all) },
            Series = new SeriesResult { IntervalSeconds = 1, Points = points },
        });
    }

    private static SeriesPoint Point(int second, LatencyHistogram latency, long errors) => new()
    {
        At = second,
        Due = latency.Total + errors,
        Started = latency.Total + errors,
        Responses = latency.Total,
        Errors = errors,
        Opened = 0,
        Closed = 0,
        PeakOpen = 30,
        P50 = Summaries.Milliseconds(latency.ValueAt(50)),
        P99 = Summaries.Milliseconds(latency.ValueAt(99)),
        Max = Summaries.Milliseconds(latency.Max),
        Histogram = latency.Total == 0 ? "" : HistogramCoder.Encode(latency),
    };

    private static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
