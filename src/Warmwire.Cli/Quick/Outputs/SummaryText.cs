using System.Globalization;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Rendering.Charts;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>
/// The summary at the end of a run: a name, dots and a value on each line, as artillery prints it; then a histogram and
/// the verdict in sentences.
/// </summary>
internal static class SummaryText
{
    private const int Width = 79;

    /// <summary>For a figure of nothing: 0 would be a very good one.</summary>
    private const string Missing = "–";

    public static void Write(TextWriter writer, QuickResult result, SummaryStyle? style = null)
    {
        style ??= SummaryStyle.Plain;
        DateTimeOffset end = result.StartedAt.AddSeconds(result.ElapsedSeconds).ToLocalTime();
        string zone = end.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal);
        string heading = string.Create(CultureInfo.InvariantCulture, $"Summary report @ {end:HH:mm:ss}({zone})");
        string rule = new('-', heading.Length);
        writer.WriteLine();
        writer.WriteLine(rule);
        writer.WriteLine(heading);
        writer.WriteLine(rule);
        writer.WriteLine();
        foreach ((string name, string? value) in Lines(result))
        {
            writer.WriteLine(value is null ? $"{name}:" : Dotted(name, value, Math.Min(Width, style.Columns ?? Width)));
        }

        writer.WriteLine();
        if (result.LatencyMs.Corrected.Count > 0)
        {
            LatencyBars.Write(writer, result, Glyphs.For(writer.Encoding));
            writer.WriteLine();
        }

        foreach (string sentence in result.Verdict)
        {
            writer.WriteLine(style.Sentence(sentence, isBad: result.Responses == 0));
        }

        WriteConditions(writer, result, style);
    }

    /// <summary>The conditions of <c>--ensure</c>, or those of them that failed.</summary>
    public static void WriteConditions(TextWriter writer, QuickResult result, SummaryStyle style, bool onlyFailed = false)
    {
        foreach (EnsureResult condition in result.Ensure.Where(condition => !onlyFailed || !condition.Held))
        {
            string text = $"{(condition.Held ? "✓ passed" : "✗ failed")} {condition.Condition}: {condition.Actual}";
            writer.WriteLine(style.Sentence(text, isBad: !condition.Held));
        }
    }

    private static IEnumerable<(string Name, string? Value)> Lines(QuickResult result) =>
    [
        .. ConnectionLines(result),
        .. RequestLines(result),
        .. result.Process is { } process ? ProcessLines(process) : [],
        ("vusers.achieved_rate", $"{Fraction(result.AchievedRate)}/sec"),
        ("vusers.created", Whole(result.Arrivals)),
        ("vusers.dropped", Whole(result.DroppedArrivals)),
        ("vusers.paused", $"{Fraction(result.Pauses.Seconds)} s"),
        ("vusers.start_delay.p99", result.StartDelayMs.Count == 0 ? Missing : Milliseconds(result.StartDelayMs.P99)),
        result.Target.IsClosedLoop
            ? ("vusers.users", Whole(result.Target.Users ?? 0))
            : ("vusers.target_rate", $"{Fraction(result.Target.Rate)}/sec"),
    ];

    private static IEnumerable<(string Name, string? Value)> ConnectionLines(QuickResult result)
    {
        foreach ((string name, string value) in CheckLines(result))
        {
            yield return (name, value);
        }

        ConnectionsResult connections = result.Connections;
        foreach ((string reason, long count) in connections.ClosedBy)
        {
            yield return ($"connections.closed.{(ClosingSide.IsServer(reason) ? "by_server" : "by_client")}.{reason}", Whole(count));
        }

        if (connections.FailedDials > 0)
        {
            yield return ("connections.failed_dials", Whole(connections.FailedDials));
        }

        yield return ("connections.opened", Whole(connections.Opened));
        yield return ("connections.peak_open", Whole(connections.PeakOpen));
        yield return ("connections.requests_per_connection", null);
        yield return ("  min", Whole(connections.RequestsPerConnection.Min));
        yield return ("  median", Fraction(connections.RequestsPerConnection.Median));
        yield return ("  max", Whole(connections.RequestsPerConnection.Max));
        string reuse = Share.Percent(connections.ReuseRatio).ToString("0.0", CultureInfo.InvariantCulture) + "%";
        yield return ("connections.reuse", connections.Exchanges == 0 && result.Requests == 0 ? Missing : reuse);
        if (connections.TimeWait is { } timeWait)
        {
            yield return ("connections.time_wait", Whole(timeWait));
        }

        foreach ((string name, DurationSummary phase) in Phases(result))
        {
            yield return ($"connections.time.{name}", null);
            yield return ("  mean", Milliseconds(phase.Mean));
            yield return ("  max", Milliseconds(phase.Max));
            yield return ("  total", Milliseconds(phase.Total));
        }

        if (connections.TlsHandshakes > 0)
        {
            yield return ("connections.tls_handshakes", Whole(connections.TlsHandshakes));
        }
    }

    private static IEnumerable<(string Name, string? Value)> RequestLines(QuickResult result)
    {
        foreach ((string kind, long count) in result.Errors)
        {
            yield return ($"errors.{kind}", Whole(count));
        }

        if (result.Errors.Count > 0)
        {
            yield return ("errors_safe_to_replay", Whole(result.ReplaySafeErrors));
        }

        foreach ((string code, long count) in result.Codes)
        {
            yield return ($"http.codes.{code}", Whole(count));
        }

        yield return ("http.downloaded_bytes", Whole(result.DownloadedBytes));
        yield return ("http.request_rate", $"{Fraction(RequestRate(result))}/sec");
        yield return ("http.requests", Whole(result.Requests));
        IEnumerable<(string Name, string? Value)> latencies = ModelLines(result)
            .Concat(Latencies("http.response_time", result.LatencyMs.Corrected))
            .Concat(Latencies("http.response_time.uncorrected", result.LatencyMs.Uncorrected));
        foreach ((string name, string? value) in latencies)
        {
            yield return (name, value);
        }

        yield return ("http.responses", Whole(result.Responses));
        if (result.Unanswered > 0)
        {
            yield return ("http.unanswered", Whole(result.Unanswered));
        }
    }

    /// <summary>Over the whole schedule, which ends an interval after the last arrival.</summary>
    private static double RequestRate(QuickResult result)
    {
        double seconds = result.EndedEarly || result.Target.IsClosedLoop ? result.ElapsedSeconds : Math.Max(result.ElapsedSeconds,
            result.Target.DurationSeconds);
        return seconds > 0 ? result.Requests / seconds : 0;
    }

    private static IEnumerable<(string Name, string Value)> CheckLines(QuickResult result)
    {
        foreach ((string check, CheckResult count) in result.Checks)
        {
            yield return ($"checks.failed.{check}", Whole(count.Failed));
            yield return ($"checks.passed.{check}", Whole(count.Passed));
        }
    }

    private static IEnumerable<(string Name, string? Value)> ModelLines(QuickResult result)
    {
        if (result.Redirects > 0)
        {
            yield return ("http.redirects", Whole(result.Redirects));
        }

        if (result.Target.IsClosedLoop)
        {
            yield return ("http.response_time.model", "closed loop, uncorrected");
        }
    }

    private static IEnumerable<(string Name, DurationSummary Phase)> Phases(QuickResult result)
    {
        (string, DurationSummary)[] phases =
        [
            ("connect", result.PhasesMs.Connect), ("dns", result.PhasesMs.Dns), ("tls", result.PhasesMs.Tls),
        ];
        return phases.Where(static phase => phase.Item2.Count > 0);
    }

    private static IEnumerable<(string Name, string? Value)> Latencies(string name, DurationSummary latency)
    {
        yield return (name, null);
        foreach ((string figure, double milliseconds) in LatencyFigures.Of(latency))
        {
            yield return ($"  {figure}", latency.Count == 0 ? Missing : Milliseconds(milliseconds));
        }
    }

    private static IEnumerable<(string Name, string? Value)> ProcessLines(ProcessResult process)
    {
        yield return ("process.cpu.per_request", $"{Fraction(process.CpuMicrosPerRequest)} µs");
        yield return ("process.cpu.seconds", Fraction(process.CpuSeconds));
        yield return ("process.descriptors", $"{process.Before.Descriptors} > {process.During.Descriptors} > {process.After.Descriptors}");
        IEnumerable<string> remotes = process.OutgoingSeen.Keys.Union(process.Before.Outgoing.Keys, StringComparer.Ordinal);
        foreach (string remote in remotes.Order(StringComparer.Ordinal))
        {
            ProcessState[] moments = [process.Before, process.During, process.After];
            string states = string.Join(" > ", moments.Select(state => state.Outgoing.GetValueOrDefault(remote)));
            yield return ($"process.outgoing.{remote}", $"{states} (seen {process.OutgoingSeen.GetValueOrDefault(remote):N0})");
        }

        yield return ("process.pid", $"{process.Pid} ({process.Name})");
        foreach ((string remote, long count) in process.TimeWaitSeen.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            yield return ($"process.went_to_time_wait.{remote}", Whole(count));
        }
    }

    private static string Dotted(string name, string value, int width)
    {
        int dots = Math.Max(3, width - name.Length - value.Length - 3);
        return $"{name}: {new string('.', dots)} {value}";
    }

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(double value) => $"{Fraction(value)} ms";

    private static string Fraction(double value) => value switch
    {
        0 => "0",
        < 10 => value.ToString("0.###", CultureInfo.InvariantCulture),
        < 1000 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0", CultureInfo.InvariantCulture),
    };
}
