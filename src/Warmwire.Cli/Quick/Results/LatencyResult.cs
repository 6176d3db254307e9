using System.Text.Json.Serialization;

namespace Warmwire.Cli.Quick.Results;

/// <summary>
/// Times of all requests: until the end of the response, until the failure, or until the end of the run cut the request off. Without those
/// that failed, the percentiles of a server that hangs would be those of the requests that it did answer.
/// </summary>
internal sealed record LatencyResult
{
    /// <summary>From when the request was due: a server that stalls is charged for all who had to wait for it.</summary>
    public required DurationSummary Corrected { get; init; }

    /// <summary>From when the request was really sent, on a connection: what a tool shows that begins to count there.</summary>
    public required DurationSummary Uncorrected { get; init; }
}

/// <summary>Where time went, in milliseconds.</summary>
internal sealed record PhasesResult
{
    /// <summary>Looking up names, for each connection opened.</summary>
    public required DurationSummary Dns { get; init; }

    /// <summary>Connecting, for each connection opened.</summary>
    public required DurationSummary Connect { get; init; }

    /// <summary>TLS handshakes, for each connection opened with TLS.</summary>
    public required DurationSummary Tls { get; init; }

    /// <summary>Waiting for a connection, for each response.</summary>
    public required DurationSummary Queue { get; init; }

    /// <summary>From the request's getting a connection to the head of its response, for each response.</summary>
    public required DurationSummary FirstByte { get; init; }
}

/// <summary>A distribution in milliseconds.</summary>
internal sealed record DurationSummary
{
    public required long Count { get; init; }

    public required double Min { get; init; }

    public required double Mean { get; init; }

    public required double P50 { get; init; }

    public required double P90 { get; init; }

    public required double P95 { get; init; }

    public required double P99 { get; init; }

    [JsonPropertyName("p99_9")]
    public required double P999 { get; init; }

    public required double Max { get; init; }

    /// <summary>The sum of all.</summary>
    public required double Total { get; init; }

    /// <summary>The percentiles of <c>--percentiles</c> in ascending order, by their keys; <see langword="null"/> without it.</summary>
    public IReadOnlyDictionary<string, double>? Percentiles { get; init; }
}

/// <summary>The distributions as <see cref="Histograms.HistogramCoder"/> writes them.</summary>
internal sealed record HistogramsResult
{
    public string Unit { get; init; } = "ns";

    public int SignificantDigits { get; init; } = 3;

    public string Encoding { get; init; } = "HdrHistogram V2, compressed, Base64";

    public required string Corrected { get; init; }

    public required string Uncorrected { get; init; }

    public required string StartDelay { get; init; }

    public required string Dns { get; init; }

    public required string Connect { get; init; }

    public required string Tls { get; init; }

    public required string Queue { get; init; }

    public required string FirstByte { get; init; }
}
