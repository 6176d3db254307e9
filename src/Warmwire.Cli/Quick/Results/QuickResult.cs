using System.Text.Json.Serialization;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Results;

/// <summary>
/// All that a run of <c>quick</c> found out; its JSON is the file of <c>--output</c>, part of the command's contract and what <c>merge</c>
/// reads.
/// </summary>
internal sealed record QuickResult
{
    /// <summary>What wrote it; <see langword="null"/> in older files.</summary>
    public ToolResult? Tool { get; init; }

    /// <summary>Which run this is, or is a shard of; <see langword="null"/> if several runs were merged.</summary>
    public string? RunId { get; init; }

    public required TargetResult Target { get; init; }

    /// <summary>The time when the first arrival was due.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>From the first arrival's due time to the end of the last request.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Ctrl-C ended it before its time.</summary>
    public bool Interrupted { get; init; }

    /// <summary>The condition of <c>--abort-on</c> that ended it before its time.</summary>
    public AbortResult? Aborted { get; init; }

    /// <summary>Whether the schedule was cut.</summary>
    [JsonIgnore]
    public bool EndedEarly => Interrupted || Aborted is not null;

    /// <summary>What <c>--check</c> asked of responses, and how often it held.</summary>
    public IReadOnlyDictionary<string, CheckResult> Checks { get; init; } = new Dictionary<string, CheckResult>(StringComparer.Ordinal);

    /// <summary>Arrivals that were started.</summary>
    public required long Arrivals { get; init; }

    /// <summary>Requests that were started.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests that got a response, whatever its status, and its whole body.</summary>
    public required long Responses { get; init; }

    /// <summary>Requests that failed, so that they have no whole response, by kind.</summary>
    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    /// <summary>
    /// Of <see cref="Errors"/>, those that a pool which replays (<see cref="ReplayPolicy.Safe"/>) would have sent again: the load never
    /// does.
    /// </summary>
    public long ReplaySafeErrors { get; init; }

    /// <summary>Requests that were under way when Ctrl-C ended the run and got no response in the second that they had left.</summary>
    public long Unanswered { get; init; }

    /// <summary>The last message of each kind of error.</summary>
    public IReadOnlyDictionary<string, string> ErrorExamples { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Responses by status code.</summary>
    public required IReadOnlyDictionary<string, long> Codes { get; init; }

    /// <summary>Redirects that were followed, each of them another exchange of its request.</summary>
    public long Redirects { get; init; }

    /// <summary>Bytes of response bodies.</summary>
    public long DownloadedBytes { get; init; }

    /// <summary>Arrivals started per second of the schedule, or of the time it took to start them if that was longer.</summary>
    public required double AchievedRate { get; init; }

    /// <summary>Arrivals that were due and never started.</summary>
    public required long DroppedArrivals { get; init; }

    /// <summary>Times in which this process was stopped, as by Ctrl-Z.</summary>
    public PausesResult Pauses { get; init; } = PausesResult.None;

    /// <summary>Whether this program, and not the server, limited what was sent or disturbed what was measured.</summary>
    public required bool GeneratorLimited { get; init; }

    /// <summary>In words why <see cref="GeneratorLimited"/>.</summary>
    public IReadOnlyList<string> GeneratorLimits { get; init; } = [];

    public required ConnectionsResult Connections { get; init; }

    public required LatencyResult LatencyMs { get; init; }

    public required PhasesResult PhasesMs { get; init; }

    /// <summary>How late arrivals were started after they were due.</summary>
    public required DurationSummary StartDelayMs { get; init; }

    /// <summary>Of the load generator itself.</summary>
    public required CpuResult Cpu { get; init; }

    /// <summary>Of the process of <c>--pid</c>.</summary>
    public ProcessResult? Process { get; init; }

    public required HistogramsResult Histogram { get; init; }

    public required SeriesResult Series { get; init; }

    public IReadOnlyList<EnsureResult> Ensure { get; init; } = [];

    /// <summary>The result in words, a sentence each.</summary>
    public IReadOnlyList<string> Verdict { get; init; } = [];

    /// <summary>How many results were merged into this one; 1 for a run.</summary>
    public int Merged { get; init; } = 1;

    /// <summary>The runs and shards that were merged into this one; none for a run.</summary>
    public IReadOnlyList<RunPart> Parts { get; init; } = [];

    /// <summary>Shards of the same runs that are not in this result.</summary>
    public IReadOnlyList<RunPart> MissingShards { get; init; } = [];
}

/// <summary>What was asked for.</summary>
internal sealed record TargetResult
{
    public required string Url { get; init; }

    public string Method { get; init; } = "GET";

    /// <summary>Of <see cref="Model"/>: arrivals start when they are due, whatever became of those before.</summary>
    public const string Open = "open";

    /// <summary>Of <see cref="Model"/>: users send their next request after their last response. Latencies are uncorrected.</summary>
    public const string Closed = "closed";

    public string Model { get; init; } = Open;

    [JsonIgnore]
    public bool IsClosedLoop => Model == Closed;

    /// <summary>Of a closed loop.</summary>
    public int? Users { get; init; }

    public double? ThinkSeconds { get; init; }

    /// <summary>Such as <c>30s:100</c>.</summary>
    public IReadOnlyList<string>? Stages { get; init; }

    /// <summary>Seconds of load before that which is counted.</summary>
    public double WarmUpSeconds { get; init; }

    /// <summary>Arrivals a second, with stages on average; 0 in a closed loop.</summary>
    public required double Rate { get; init; }

    public required double DurationSeconds { get; init; }

    /// <summary>Arrivals in all; 0 in a closed loop that only time limits.</summary>
    public required long Arrivals { get; init; }

    /// <summary>Requests that each arrival makes one after another.</summary>
    public int RequestsPerArrival { get; init; } = 1;

    public double TimeoutSeconds { get; init; }

    /// <summary><c>1.1</c> or <c>2</c>.</summary>
    public string HttpVersion { get; init; } = "1.1";

    /// <summary>The limit of <c>--max-connections</c>.</summary>
    public int? MaxConnections { get; init; }

    public bool NewConnectionPerRequest { get; init; }

    /// <summary>Which part of the load this was, such as <c>0/4</c>.</summary>
    public string? Shard { get; init; }
}

/// <summary>A condition of <c>--abort-on</c> that held.</summary>
/// <param name="Condition">As it was written.</param>
/// <param name="AtSeconds">When, from the first arrival's due time.</param>
/// <param name="Actual">What was measured until then, as text with its unit.</param>
internal sealed record AbortResult(string Condition, double AtSeconds, string Actual);

/// <summary>How often a check held and how often it did not.</summary>
internal sealed record CheckResult(long Passed, long Failed);

/// <summary>A condition of <c>--ensure</c> and whether it held.</summary>
/// <param name="Condition">As it was written.</param>
/// <param name="Held">Whether it was met.</param>
/// <param name="Actual">What was measured, as text with its unit.</param>
internal sealed record EnsureResult(string Condition, bool Held, string Actual);

/// <summary>Processor time of this program while it ran the load.</summary>
internal sealed record CpuResult
{
    public required double Seconds { get; init; }

    public required double MicrosPerRequest { get; init; }

    /// <summary>How many cores it kept busy on average.</summary>
    public required double Cores { get; init; }

    /// <summary>How many cores it may use.</summary>
    public required int AvailableCores { get; init; }

    /// <summary>
    /// How busy all processors of the machine were with all processes, 0 to 1; <see langword="null"/> where it is not known, and of several
    /// machines.
    /// </summary>
    public double? MachineBusy { get; init; }
}
