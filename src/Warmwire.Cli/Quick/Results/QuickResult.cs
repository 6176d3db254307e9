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

    public required TargetResult Target { get; init; }

    /// <summary>The time when the first arrival was due.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>From the first arrival's due time to the end of the last request.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Ctrl-C ended it before its time.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Arrivals that were started.</summary>
    public required long Arrivals { get; init; }

    /// <summary>Requests that were started; those that Ctrl-C took back are not among them.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests that got a response, whatever its status, and its whole body.</summary>
    public required long Responses { get; init; }

    /// <summary>Requests without a whole response, by kind.</summary>
    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    /// <summary>The last message of each kind of error.</summary>
    public IReadOnlyDictionary<string, string> ErrorExamples { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Responses by status code.</summary>
    public required IReadOnlyDictionary<string, long> Codes { get; init; }

    /// <summary>Bytes of response bodies.</summary>
    public long DownloadedBytes { get; init; }

    /// <summary>Arrivals started per second of the schedule, or of the time it took to start them if that was longer.</summary>
    public required double AchievedRate { get; init; }

    /// <summary>Arrivals that were due and never started.</summary>
    public required long DroppedArrivals { get; init; }

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
}

/// <summary>What was asked for.</summary>
internal sealed record TargetResult
{
    public required string Url { get; init; }

    public string Method { get; init; } = "GET";

    /// <summary>Arrivals a second.</summary>
    public required double Rate { get; init; }

    public required double DurationSeconds { get; init; }

    /// <summary>Arrivals in all.</summary>
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
}
