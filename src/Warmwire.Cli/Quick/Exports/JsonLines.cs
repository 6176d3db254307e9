using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>The lines of <c>--json-lines</c>: a JSON object for each second while the run goes on, and one at its end.</summary>
internal sealed class JsonLines : ISecondObserver, IDisposable
{
    private static readonly JsonLinesContext s_compact =
        new(new JsonSerializerOptions(JsonLinesContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private readonly TextWriter _writer;
    private readonly bool _isOwned;
    private Exception? _failed;

    /// <param name="writer">Where lines go, each at once.</param>
    /// <param name="isOwned">Whether it is closed at the end.</param>
    public JsonLines(TextWriter writer, bool isOwned)
    {
        _writer = writer;
        _isOwned = isOwned;
    }

    public void SecondEnded(long second, LiveInterval interval) => Write(JsonSerializer.Serialize(
        new SecondLine
        {
            At = second,
            Started = interval.Started,
            Responses = interval.Responses,
            Errors = interval.Errors,
            Opened = interval.Opened,
            Closed = interval.Closed,
            Open = interval.Open,
            PeakOpen = interval.PeakOpen,
            LatencyMs = interval.Latencies.Total == 0
                ? null
                : new SecondLatency(
                    Summaries.Milliseconds(interval.Latencies.ValueAt(50)),
                    Summaries.Milliseconds(interval.Latencies.ValueAt(99)),
                    Summaries.Milliseconds(interval.Latencies.Max)),
        },
        s_compact.SecondLine));

    /// <exception cref="CommandFailure">A line could not be written.</exception>
    public void Finish(QuickResult result)
    {
        Write(JsonSerializer.Serialize(EndLine.Of(result), s_compact.EndLine));
        if (_failed is { } error)
        {
            throw new CommandFailure($"--json-lines: {error.Message}", error, ExitCodes.CouldNotRun);
        }
    }

    public void Dispose()
    {
        if (_isOwned)
        {
            _writer.Dispose();
        }
    }

    /// <summary>A reader that went away does not end the run; it is told at the end.</summary>
    private void Write(string line)
    {
        if (_failed is not null)
        {
            return;
        }

        try
        {
            _writer.Write(line + "\n");
            _writer.Flush();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or CommandFailure)
        {
            _failed = error;
        }
    }
}

/// <summary>A second.</summary>
internal sealed record SecondLine
{
    public string Type { get; init; } = "second";

    /// <summary>Where it begins, in seconds from the first arrival's due time.</summary>
    public required long At { get; init; }

    public required long Started { get; init; }

    public required long Responses { get; init; }

    public required long Errors { get; init; }

    public required long Opened { get; init; }

    public required long Closed { get; init; }

    /// <summary>Connections that were open at its end.</summary>
    public required long Open { get; init; }

    public required long PeakOpen { get; init; }

    /// <summary>Missing where no response came.</summary>
    public SecondLatency? LatencyMs { get; init; }
}

/// <summary>Corrected latencies of a second.</summary>
internal sealed record SecondLatency(double P50, double P99, double Max);

/// <summary>The whole, as the file of <c>--output</c> has it, without its histograms and its series.</summary>
internal sealed record EndLine
{
    public string Type { get; init; } = "end";

    public ToolResult? Tool { get; init; }

    public required TargetResult Target { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required double ElapsedSeconds { get; init; }

    public required bool Interrupted { get; init; }

    public required long Arrivals { get; init; }

    public required long DroppedArrivals { get; init; }

    public required long Requests { get; init; }

    public required long Responses { get; init; }

    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    public required IReadOnlyDictionary<string, long> Codes { get; init; }

    public required double AchievedRate { get; init; }

    public required bool GeneratorLimited { get; init; }

    public required ConnectionsResult Connections { get; init; }

    public required LatencyResult LatencyMs { get; init; }

    public required IReadOnlyList<EnsureResult> Ensure { get; init; }

    public required IReadOnlyList<string> Verdict { get; init; }

    public static EndLine Of(QuickResult result) => new()
    {
        Tool = result.Tool,
        Target = result.Target,
        StartedAt = result.StartedAt,
        ElapsedSeconds = result.ElapsedSeconds,
        Interrupted = result.Interrupted,
        Arrivals = result.Arrivals,
        DroppedArrivals = result.DroppedArrivals,
        Requests = result.Requests,
        Responses = result.Responses,
        Errors = result.Errors,
        Codes = result.Codes,
        AchievedRate = result.AchievedRate,
        GeneratorLimited = result.GeneratorLimited,
        Connections = result.Connections,
        LatencyMs = result.LatencyMs,
        Ensure = result.Ensure,
        Verdict = result.Verdict,
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SecondLine))]
[JsonSerializable(typeof(EndLine))]
internal sealed partial class JsonLinesContext : JsonSerializerContext;
