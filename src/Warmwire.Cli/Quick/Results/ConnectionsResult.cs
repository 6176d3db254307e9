namespace Warmwire.Cli.Quick.Results;

/// <summary>The connections that a run made, from the first to the last.</summary>
internal sealed record ConnectionsResult
{
    public required long Opened { get; init; }

    /// <summary>Connections that the warm-up left open; they are not in <see cref="Opened"/>.</summary>
    public long OpenAtStart { get; init; }

    /// <summary>The most that were open at one moment.</summary>
    public required long PeakOpen { get; init; }

    /// <summary>Dials that failed.</summary>
    public long FailedDials { get; init; }

    /// <summary>The share of exchanges that went over a connection which had served one before, 0 to 1.</summary>
    public required double ReuseRatio { get; init; }

    /// <summary>
    /// Exchanges that got a connection, of which <see cref="ReuseRatio"/> is a share; with it, ratios are merged exactly.
    /// </summary>
    public long Exchanges { get; init; }

    public required RequestsPerConnection RequestsPerConnection { get; init; }

    /// <summary>TLS handshakes that succeeded.</summary>
    public required long TlsHandshakes { get; init; }

    /// <summary>
    /// Connections closed during the run, by the reason the transport gave; those that were still open at its end are not among them.
    /// </summary>
    public required IReadOnlyDictionary<string, long> ClosedBy { get; init; }

    /// <summary>Of <see cref="ClosedBy"/>, those that the server closed or asked to close.</summary>
    public required long ClosedByServer { get; init; }

    /// <summary>Of <see cref="ClosedBy"/>, those that this side closed.</summary>
    public required long ClosedByClient { get; init; }

    /// <summary>Why connections were opened.</summary>
    public IReadOnlyDictionary<string, long> DialedBy { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>
    /// Sockets to the server that this machine held in TIME_WAIT after the run and not before it; <see langword="null"/> where that cannot
    /// be seen.
    /// </summary>
    public int? TimeWait { get; init; }
}

/// <summary>How many requests connections carried.</summary>
internal sealed record RequestsPerConnection
{
    public required long Min { get; init; }

    public required double Median { get; init; }

    public required long Max { get; init; }

    /// <summary>
    /// How many connections carried so many requests; what the three above are computed from, and what can be added. At most some hundred
    /// entries: past that, numbers are rounded down to three digits.
    /// </summary>
    public IReadOnlyDictionary<long, long> Counts { get; init; } = new Dictionary<long, long>();
}
