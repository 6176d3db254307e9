using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>What several runs found out about their connections, added up.</summary>
internal static class ConnectionsMerger
{
    private const int MaxCounts = 2_000;

    /// <param name="parts">What is added.</param>
    /// <param name="series">The merged series, whose intervals tell which peaks fell together.</param>
    public static ConnectionsResult Merge(IReadOnlyList<NamedResult> parts, SeriesResult series)
    {
        ConnectionsResult[] all = [.. parts.Select(static part => part.Result.Connections)];
        long exchanges = parts.Sum(static part => ExchangesOf(part.Result));
        long reused = parts.Sum(static part => (long)Math.Round(part.Result.Connections.ReuseRatio * ExchangesOf(part.Result)));
        return new ConnectionsResult
        {
            Opened = all.Sum(static connections => connections.Opened),
            PeakOpen = Peak(all, series),
            FailedDials = all.Sum(static connections => connections.FailedDials),
            ReuseRatio = exchanges == 0 ? 0 : (double)reused / exchanges,
            Exchanges = exchanges,
            RequestsPerConnection = PerConnection(all),
            TlsHandshakes = all.Sum(static connections => connections.TlsHandshakes),
            ClosedBy = Sums.Of(all.Select(static connections => connections.ClosedBy)),
            ClosedByServer = all.Sum(static connections => connections.ClosedByServer),
            ClosedByClient = all.Sum(static connections => connections.ClosedByClient),
            DialedBy = Sums.Of(all.Select(static connections => connections.DialedBy)),
            // A part of the sum would look like the whole of it.
            TimeWait = all.Any(static connections => connections.TimeWait is null) ? null : all.Sum(static connections => connections.TimeWait),
        };
    }

    /// <summary>How many requests so many connections carried, as a figure of each.</summary>
    /// <param name="counts">How many connections (value) carried so many requests (key).</param>
    public static RequestsPerConnection PerConnection(IReadOnlyDictionary<long, long> counts)
    {
        KeyValuePair<long, long>[] sorted = [.. counts.Where(static pair => pair.Value > 0).OrderBy(static pair => pair.Key)];
        long total = sorted.Sum(static pair => pair.Value);
        return new RequestsPerConnection
        {
            Min = total == 0 ? 0 : sorted[0].Key,
            Median = total == 0 ? 0 : (At(sorted, (total - 1) / 2) + (double)At(sorted, total / 2)) / 2,
            Max = total == 0 ? 0 : sorted[^1].Key,
            Counts = sorted.ToDictionary(),
        };
    }

    private static RequestsPerConnection PerConnection(ConnectionsResult[] all)
    {
        Dictionary<long, long> counts = Sums.Of(all.Select(static connections => connections.RequestsPerConnection.Counts));
        RequestsPerConnection merged = PerConnection(counts.Count <= MaxCounts ? counts : Rounded(counts));

        // Keys may have been rounded down, these two never are.
        RequestsPerConnection[] used = [.. all.Where(static connections => connections.Opened > 0).Select(static connections => connections.RequestsPerConnection)];
        return merged with
        {
            Min = used.Length == 0 ? 0 : used.Min(static connections => connections.Min),
            Max = used.Length == 0 ? 0 : used.Max(static connections => connections.Max),
        };
    }

    private static Dictionary<long, long> Rounded(Dictionary<long, long> counts)
    {
        var rounded = new Dictionary<long, long>();
        foreach ((long requests, long connections) in counts)
        {
            long unit = 1;
            while (requests / unit >= 1000)
            {
                unit *= 10;
            }

            long key = requests / unit * unit;
            rounded[key] = checked(rounded.GetValueOrDefault(key) + connections);
        }

        return rounded;
    }

    private static long At(KeyValuePair<long, long>[] sorted, long rank)
    {
        foreach ((long requests, long connections) in sorted)
        {
            rank -= connections;
            if (rank < 0)
            {
                return requests;
            }
        }

        return sorted[^1].Key;
    }

    /// <summary>No less than what was open at one moment: the largest sum of what the parts had open in one interval, at least the largest part's, at most the sum of all.</summary>
    private static long Peak(ConnectionsResult[] all, SeriesResult series)
    {
        long largest = all.Max(static connections => connections.PeakOpen);
        long sum = all.Sum(static connections => connections.PeakOpen);
        long together = series.Points.Count == 0 ? sum : series.Points.Max(static point => point.PeakOpen);
        return Math.Clamp(together, largest, sum);
    }

    private static long ExchangesOf(QuickResult result) => result.Connections.Exchanges > 0 ? result.Connections.Exchanges : result.Requests;
}
