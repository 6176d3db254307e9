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

    public static IReadOnlyList<string> Sentences(QuickResult result)
    {
        if (result.Requests == 0)
        {
            return ["No request was sent."];
        }

        List<string> sentences = [.. LoadModelVerdict.Sentences(result), Connections(result)];
        sentences.AddRange(Closes(result));
        sentences.AddRange(Outcome(result));
        sentences.Add(Rate(result));
        sentences.AddRange(Stalls(result));
        sentences.AddRange(ProcessVerdict.Sentences(result));
        return sentences;
    }

    private static string Connections(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        if (connections is { Opened: 0, OpenAtStart: > 0 })
        {
            return Invariant(
                $"{Count(result.Requests, "request")} used the {Count(connections.OpenAtStart, "connection")} that the warm-up ")
                + "had opened. No connection was opened.";
        }

        if (connections.Opened == 0)
        {
            return $"{Count(result.Requests, "request")} {Were(result.Requests)} sent and no connection was opened.";
        }

        string text = Invariant(
            $"{Count(result.Requests, "request")} used {Count(connections.Opened, "connection")}")
            + (connections.OpenAtStart > 0 ? Invariant($" besides {connections.OpenAtStart:N0} that the warm-up had opened") : "")
            + Invariant($", at most {connections.PeakOpen:N0} open at a time");
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
            yield return Invariant(
                $"{failed:N0} of {Count(result.Requests, "request")} got no complete response and {(failed == 1 ? "is" : "are")} not ")
                + Invariant($"in the latencies; most often {kind} ({most:N0}).{example}");
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
        string sent = result.Target.IsClosedLoop
            ? Invariant($"{verb} {result.AchievedRate:0.##} {unit}, which the responses determined")
            : Invariant($"{verb} {result.AchievedRate:0.##} of the planned {result.Target.Rate:0.##} {unit}");
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

    private static string Count(long count, string thing) =>
        count == 1 ? $"1 {thing}" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} {thing}s");

    private static string Were(long count) => count == 1 ? "was" : "were";

    /// <summary>Rounded down, so that 100 % means all.</summary>
    private static string Percent(double ratio) => (Math.Floor(ratio * 1000) / 10).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
