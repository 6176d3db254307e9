using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>What a load test sends, how often and how long. How it is told, and where to, is <see cref="QuickOutputs"/>.</summary>
internal sealed record QuickSettings
{
    public const double MaxRate = 1_000_000;
    public const double MaxDurationSeconds = 7 * 24 * 3600;
    public const long MaxArrivals = 10_000_000_000;
    public const int MaxRequestsPerArrival = 1_000_000;

    /// <summary>How long <c>--rate</c> runs without <c>--duration</c>.</summary>
    public const double DefaultDurationSeconds = 60;

    /// <summary>Arrivals a second of <c>--count</c> without <c>--duration</c>.</summary>
    public const int DefaultArrivalsPerSecond = 50;

    /// <summary>
    /// Requests that may be under way at a time. An arrival that is due beyond it is dropped and counted: a server that hangs must not fill
    /// this machine's memory.
    /// </summary>
    public const int MaxRequestsUnderWay = 100_000;

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    public required Uri Url { get; init; }

    /// <summary>Arrivals a second, of all shards.</summary>
    public required double Rate { get; init; }

    /// <summary>Arrivals in all, of all shards.</summary>
    public required long Arrivals { get; init; }

    /// <summary>The part of the arrivals that is this machine's.</summary>
    public Shard Shard { get; init; } = Shard.Whole;

    /// <summary>The run's id if one was given; see <see cref="RunIds"/>.</summary>
    public string? RunId { get; init; }

    /// <summary>The time of the first arrival of all shards; <see langword="null"/> for at once.</summary>
    public DateTimeOffset? StartAt { get; init; }

    public int RequestsPerArrival { get; init; } = 1;

    public HttpMethod Method { get; init; } = HttpMethod.Get;

    public byte[]? Payload { get; init; }

    public string? ContentType { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The time a request may take, its body included.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    public bool Insecure { get; init; }

    public bool Http2 { get; init; }

    public int? MaxConnections { get; init; }

    public bool NewConnectionPerRequest { get; init; }

    /// <summary>Arrivals of this shard.</summary>
    public long OwnArrivals => Shard.CountOf(Arrivals);

    /// <summary>How long the schedule is: the last arrival is due one interval before its end.</summary>
    public double DurationSeconds => Arrivals / Rate;

    public TargetResult Describe() => new()
    {
        Url = Url.ToString(),
        Method = Method.Method,
        Rate = Shard.RateOf(Rate),
        DurationSeconds = DurationSeconds,
        Arrivals = OwnArrivals,
        RequestsPerArrival = RequestsPerArrival,
        TimeoutSeconds = Timeout.TotalSeconds,
        HttpVersion = Http2 ? "2" : "1.1",
        MaxConnections = MaxConnections,
        NewConnectionPerRequest = NewConnectionPerRequest,
        Shard = Shard.Count == 1 ? null : Shard.ToString(),
    };
}
