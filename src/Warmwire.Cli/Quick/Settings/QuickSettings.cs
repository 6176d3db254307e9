using Warmwire.Cli.Quick.Ensuring;
using Warmwire.Cli.Quick.Requests;
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

    /// <summary>When arrivals are due if not at a constant rate; then <see cref="Rate"/> is their mean.</summary>
    public ArrivalPlan? Plan { get; init; }

    /// <summary>The stages of <see cref="Plan"/>.</summary>
    public IReadOnlyList<Stage> Stages { get; init; } = [];

    /// <summary>Arrivals a second at the beginning, and during the warm-up; <see langword="null"/> for <see cref="Rate"/>.</summary>
    public double? FirstRate { get; init; }

    /// <summary>Seconds of load before that which is counted.</summary>
    public double WarmUpSeconds { get; init; }

    /// <summary>In place of arrivals at a rate; then <see cref="Rate"/> is 0.</summary>
    public ClosedLoop? Users { get; init; }

    /// <summary>What an arrival does; <see langword="null"/> for <see cref="RequestsPerArrival"/> times the one request.</summary>
    public IReadOnlyList<FlowStep>? Flow { get; init; }

    /// <summary>The rows for placeholders, one for each arrival.</summary>
    public CsvData? Data { get; init; }

    /// <summary>What is asked of each response.</summary>
    public IReadOnlyList<Check> Checks { get; init; } = [];

    /// <summary>Conditions that end the run when they hold.</summary>
    public IReadOnlyList<EnsureCondition> AbortOn { get; init; } = [];

    public RouteSettings Route { get; init; } = RouteSettings.Direct;

    /// <summary>How many redirects of a request are followed.</summary>
    public int MaxRedirects { get; init; }

    /// <summary>Whether each virtual user keeps the cookies it gets.</summary>
    public bool KeepsCookies { get; init; }

    /// <summary>What the results call the target; <see langword="null"/> for <see cref="Url"/>.</summary>
    public string? TargetName { get; init; }

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
    public double DurationSeconds => Users is { } users ? users.Seconds ?? 0 : Plan?.Seconds ?? Arrivals / Rate;

    /// <summary>The ports of all URLs; empty for that of <see cref="Url"/>.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>The ports that connections of the load lead to; none for a Unix socket.</summary>
    public IReadOnlyList<int> ConnectPorts => Route switch
    {
        { UnixSocket: not null } => [],
        { Proxy: { } proxy } => [proxy.Address.Port],
        _ => Ports.Count == 0 ? [Url.Port] : Ports,
    };

    /// <summary>When arrivals are due.</summary>
    public ArrivalPlan ArrivalPlan => Plan ?? ArrivalPlan.Constant(Rate, Arrivals);

    /// <summary>The one request of a load that has no <see cref="Flow"/>.</summary>
    public RequestTemplate SingleRequest() => new()
    {
        Method = Method,
        Url = Template.Fixed(Url.ToString()),
        FixedUrl = Url,
        Headers = [.. Headers.Select(static header => KeyValuePair.Create(header.Key, Template.Fixed(header.Value)))],
        Payload = Payload,
        ContentType = ContentType,
        Checks = Checks,
    };

    public TargetResult Describe() => new()
    {
        Url = TargetName ?? Url.ToString(),
        Method = Method.Method,
        Model = Users is null ? TargetResult.Open : TargetResult.Closed,
        Users = Users is null ? null : Shard.Of(Users.Users),
        ThinkSeconds = Users?.Think.TotalSeconds,
        Stages = Stages.Count == 0 ? null : [.. Stages.Select(static stage => stage.ToString())],
        WarmUpSeconds = WarmUpSeconds,
        Rate = Shard.RateOf(Rate),
        DurationSeconds = DurationSeconds,
        Arrivals = Users is not null && Arrivals == MaxArrivals ? 0 : OwnArrivals,
        RequestsPerArrival = RequestsPerArrival,
        TimeoutSeconds = Timeout.TotalSeconds,
        HttpVersion = Http2 ? "2" : "1.1",
        MaxConnections = MaxConnections,
        NewConnectionPerRequest = NewConnectionPerRequest,
        Shard = Shard.Count == 1 ? null : Shard.ToString(),
    };
}
