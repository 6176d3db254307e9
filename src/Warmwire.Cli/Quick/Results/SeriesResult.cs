namespace Warmwire.Cli.Quick.Results;

/// <summary>The run over time, in intervals of one length.</summary>
internal sealed record SeriesResult
{
    /// <summary>A second, or as much longer (doubled again and again) as keeps the number of points bounded.</summary>
    public required double IntervalSeconds { get; init; }

    public required IReadOnlyList<SeriesPoint> Points { get; init; }
}

/// <summary>One interval.</summary>
internal sealed record SeriesPoint
{
    /// <summary>Where the interval begins, in seconds from the first arrival's due time.</summary>
    public required double At { get; init; }

    /// <summary>Arrivals that were due.</summary>
    public required long Due { get; init; }

    /// <summary>Arrivals that were started.</summary>
    public required long Started { get; init; }

    public required long Responses { get; init; }

    /// <summary>Requests that failed or were cut off by the end of the run.</summary>
    public required long Errors { get; init; }

    public required long Opened { get; init; }

    public required long Closed { get; init; }

    /// <summary>The most connections that were open at one moment.</summary>
    public required long PeakOpen { get; init; }

    /// <summary>Corrected latencies of the requests that ended, in milliseconds; 0 where none did.</summary>
    public required double P50 { get; init; }

    public required double P99 { get; init; }

    public required double Max { get; init; }

    /// <summary>The same as a whole distribution; empty where no request ended.</summary>
    public required string Histogram { get; init; }
}
