using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>What several runs found out about their connections, added up.</summary>
internal static class ConnectionsMerger
{
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
            OpenAtStart = all.Sum(static connections => connections.OpenAtStart),
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
            TimeWait = all.Any(static connections => connections.TimeWait is null)
                ? null
                : all.Sum(static connections => connections.TimeWait),
        };
    }

    private static RequestsPerConnection PerConnection(ConnectionsResult[] all)
    {
        var counts = RequestCounts.Of(all.SelectMany(static connections => connections.RequestsPerConnection.Counts));

        // Keys may have been rounded down, these two never are.
        RequestsPerConnection[] used =
        [
            .. all.Where(static connections => connections.Opened + connections.OpenAtStart > 0)
                .Select(static connections => connections.RequestsPerConnection),
        ];
        return counts.GetResult() with
        {
            Min = used.Length == 0 ? 0 : used.Min(static connections => connections.Min),
            Max = used.Length == 0 ? 0 : used.Max(static connections => connections.Max),
        };
    }

    /// <summary>
    /// No less than what was open at one moment: the largest sum of what the parts had open in one interval, at least the largest part's,
    /// at most the sum of all.
    /// </summary>
    private static long Peak(ConnectionsResult[] all, SeriesResult series)
    {
        long largest = all.Max(static connections => connections.PeakOpen);
        long sum = all.Sum(static connections => connections.PeakOpen);
        long together = series.Points.Count == 0 ? sum : series.Points.Max(static point => point.PeakOpen);
        return Math.Clamp(together, largest, sum);
    }

    private static long ExchangesOf(QuickResult result) =>
        result.Connections.Exchanges > 0 ? result.Connections.Exchanges : result.Requests;
}
