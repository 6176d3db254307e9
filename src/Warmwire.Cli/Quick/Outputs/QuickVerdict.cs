using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>A result in plain words. Every sentence states only what was measured.</summary>
internal static class QuickVerdict
{
    /// <summary>From this share of requests on reused connections, reuse is good.</summary>
    private const double GoodReuse = 0.9;

    /// <summary>From this factor between the corrected and the uncorrected 99th percentile, both are told.</summary>
    private const double HiddenFactor = 1.5;

    /// <summary>From this many connections per request, a client per request is the likely cause.</summary>
    private const double OneForEach = 0.5;

    public static IReadOnlyList<string> Sentences(QuickResult result)
    {
        if (result.Requests == 0)
        {
            return ["No request was sent."];
        }

        List<string> sentences = result.MissingShards.Count == 0
            ? [Connections(result)]
            : [$"A part of the run is missing: {ShardText.Of(result.MissingShards)}.", Connections(result)];
        sentences.AddRange(Closes(result));
        sentences.AddRange(Outcome(result));
        sentences.Add(Rate(result));
        sentences.AddRange(Stalls(result));
        sentences.AddRange(OfProcess(result));
        return sentences;
    }

    private static string Connections(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        if (connections.Opened == 0)
        {
            return $"{Count(result.Requests, "request")} {Were(result.Requests)} sent and no connection was opened.";
        }

        string text = Invariant(
            $"{Count(result.Requests, "request")} used {Count(connections.Opened, "connection")}, at most {connections.PeakOpen:N0} ")
            + "open at a time";
        return connections switch
        {
            _ when result.Target.NewConnectionPerRequest =>
                $"{text}: a new connection per request, which is what creating a client per request costs.",
            { ReuseRatio: >= GoodReuse } => Invariant($"{text}. {Percent(connections.ReuseRatio)} of requests reused a connection."),
            { ReuseRatio: 0 } => $"{text}. No connection was reused.",
            _ => Invariant($"{text}. Only {Percent(connections.ReuseRatio)} of requests reused a connection."),
        };
    }

    private static IEnumerable<string> Closes(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        if (result.Target.NewConnectionPerRequest || connections.ClosedBy.Count == 0)
        {
            yield break;
        }

        string reasons = string.Join(
            ", ", connections.ClosedBy.OrderByDescending(static pair => pair.Value).Select(static pair => $"{pair.Key} {pair.Value:N0}"));
        yield return Invariant($"During the run the server closed {Count(connections.ClosedByServer, "connection")} and the client closed ")
            + Invariant($"{connections.ClosedByClient:N0} ({reasons}).");
    }

    private static IEnumerable<string> Outcome(QuickResult result)
    {
        long failed = result.Errors.Values.Sum();
        if (failed > 0)
        {
            (string kind, long most) = result.Errors.MaxBy(static pair => pair.Value);
            string example = result.ErrorExamples.TryGetValue(kind, out string? text) ? $" Last message of {kind}: {text}" : "";
            yield return Invariant($"{failed:N0} of {Count(result.Requests, "request")} got no complete response; most often {kind} ")
                + Invariant($"({most:N0}).{example}");
            if (result.ReplaySafeErrors > 0)
            {
                yield return Invariant($"A client that replays what is safe to replay would not have seen {result.ReplaySafeErrors:N0} of ")
                    + (failed == 1 ? "this error" : "these errors") + ": it would have sent the request again. quick never does.";
            }
        }

        if (result.Unanswered > 0)
        {
            yield return Invariant($"{Count(result.Unanswered, "request")} {Were(result.Unanswered)} under way at Ctrl-C and unanswered a ")
                + "second later; the latencies contain the time that they had waited.";
        }

        long bad = result.Codes.Where(static pair => pair.Key[0] is '4' or '5').Sum(static pair => pair.Value);
        if (bad > 0)
        {
            yield return Invariant($"{bad:N0} of {Count(result.Responses, "response")} had a status of 400 or above.");
        }
    }

    private static string Rate(QuickResult result)
    {
        // Where an arrival is one request, its rate is that of requests.
        (string verb, string unit) = result.Target.RequestsPerArrival == 1 ? ("Sent", "requests/s") : ("Started", "arrivals/s");
        string sent = Invariant($"{verb} {result.AchievedRate:0.##} of the planned {result.Target.Rate:0.##} {unit}");
        return result.GeneratorLimited
            ? $"{sent}. The load generator was a limit, so the figures do not describe the server alone: "
                + $"{string.Join(' ', result.GeneratorLimits)}"
            : $"{sent}; the load generator kept up.";
    }

    private static IEnumerable<string> Stalls(QuickResult result)
    {
        double corrected = result.LatencyMs.Corrected.P99;
        double uncorrected = result.LatencyMs.Uncorrected.P99;
        if (uncorrected > 0 && corrected > HiddenFactor * uncorrected && corrected - uncorrected > 1)
        {
            yield return Invariant(
                $"p99: {corrected:0.#} ms from schedule, {uncorrected:0.#} ms from send; the difference was waiting in the client.");
        }
    }

    private static IEnumerable<string> OfProcess(QuickResult result)
    {
        if (result.Process is not { } process)
        {
            yield break;
        }

        yield return Invariant($"Process {process.Pid} ({process.Name}) used {process.CpuMicrosPerRequest:N0} µs of CPU time per request.");
        yield return Invariant($"It had {process.Before.Outgoing.Values.Sum():N0} outgoing connections before the run and at most ")
            + Invariant(
                $"{process.During.Outgoing.Values.Sum():N0} during it; {process.OutgoingSeen.Values.Sum():N0} different ones were seen.");
        if (process.TimeWaitSeen.Count > 0)
        {
            (string remote, long count) = process.TimeWaitSeen.MaxBy(static pair => pair.Value);
            double each = (double)count / result.Requests;
            string share = each >= OneForEach ? Invariant($", {each:0.00} per request, as if a client were created for each request") : "";
            yield return Invariant($"{count:N0} connections to {remote} were closed by this machine and entered TIME_WAIT{share}.");
        }

        if (process.Ended)
        {
            yield return $"Process {process.Pid} exited during the run.";
        }
    }

    private static string Count(long count, string thing) =>
        count == 1 ? $"1 {thing}" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} {thing}s");

    private static string Were(long count) => count == 1 ? "was" : "were";

    /// <summary>Rounded down, so that 100 % means all.</summary>
    private static string Percent(double ratio) => (Math.Floor(ratio * 1000) / 10).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
