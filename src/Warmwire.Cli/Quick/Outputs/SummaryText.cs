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

    public static void Write(TextWriter writer, QuickResult result)
    {
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
            writer.WriteLine(value is null ? $"{name}:" : Dotted(name, value));
        }

        writer.WriteLine();
        if (result.LatencyMs.Corrected.Count > 0)
        {
            LatencyBars.Write(writer, result, Glyphs.For(writer.Encoding));
            writer.WriteLine();
        }

        foreach (string sentence in result.Verdict)
        {
            writer.WriteLine(sentence);
        }

        WriteConditions(writer, result);
    }

    /// <summary>The conditions of <c>--ensure</c>, or those of them that failed.</summary>
    public static void WriteConditions(TextWriter writer, QuickResult result, bool onlyFailed = false)
    {
        foreach (EnsureResult condition in result.Ensure.Where(condition => !onlyFailed || !condition.Held))
        {
            writer.WriteLine($"{(condition.Held ? "✓ passed" : "✗ failed")} {condition.Condition}: {condition.Actual}");
        }
    }

    private static IEnumerable<(string Name, string? Value)> Lines(QuickResult result)
    {
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
        double reusePercent = Math.Floor(connections.ReuseRatio * 1000) / 10;
        yield return ("connections.reuse", reusePercent.ToString("0.0", CultureInfo.InvariantCulture) + "%");
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

        foreach ((string kind, long count) in result.Errors)
        {
            yield return ($"errors.{kind}", Whole(count));
        }

        foreach ((string code, long count) in result.Codes)
        {
            yield return ($"http.codes.{code}", Whole(count));
        }

        yield return ("http.downloaded_bytes", Whole(result.DownloadedBytes));
        yield return ("http.request_rate", $"{Fraction(RequestRate(result))}/sec");
        yield return ("http.requests", Whole(result.Requests));
        IEnumerable<(string Name, string? Value)> latencies = Latencies("http.response_time", result.LatencyMs.Corrected)
            .Concat(Latencies("http.response_time.uncorrected", result.LatencyMs.Uncorrected));
        foreach ((string name, string? value) in latencies)
        {
            yield return (name, value);
        }

        yield return ("http.responses", Whole(result.Responses));
        if (result.Process is { } process)
        {
            foreach ((string name, string? value) in ProcessLines(process))
            {
                yield return (name, value);
            }
        }

        yield return ("vusers.achieved_rate", $"{Fraction(result.AchievedRate)}/sec");
        yield return ("vusers.created", Whole(result.Arrivals));
        yield return ("vusers.dropped", Whole(result.DroppedArrivals));
        yield return ("vusers.target_rate", $"{Fraction(result.Target.Rate)}/sec");
    }

    /// <summary>Over the whole schedule, which ends an interval after the last arrival.</summary>
    private static double RequestRate(QuickResult result)
    {
        double seconds = result.Interrupted ? result.ElapsedSeconds : Math.Max(result.ElapsedSeconds, result.Target.DurationSeconds);
        return seconds > 0 ? result.Requests / seconds : 0;
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
            yield return ($"  {figure}", Milliseconds(milliseconds));
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

        foreach ((string remote, long count) in process.TimeWaitSeen.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            yield return ($"process.went_to_time_wait.{remote}", Whole(count));
        }
    }

    private static string Dotted(string name, string value)
    {
        int dots = Math.Max(3, Width - name.Length - value.Length - 3);
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
