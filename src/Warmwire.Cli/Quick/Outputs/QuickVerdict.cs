using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>A result in plain words. Every sentence states only what was measured, whichever way it came out.</summary>
internal static class QuickVerdict
{
    /// <summary>From this share of requests on reused connections, the pool does what it is for.</summary>
    private const double GoodReuse = 0.9;

    /// <summary>What the uncorrected 99th percentile hides is worth a sentence from this factor on.</summary>
    private const double HiddenFactor = 1.5;

    /// <summary>From so many connections for each request on, there is hardly another cause.</summary>
    private const double OneForEach = 0.5;

    public static IReadOnlyList<string> Sentences(QuickResult result)
    {
        if (result.Requests == 0)
        {
            return ["No request was sent."];
        }

        List<string> sentences = [Connections(result)];
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
        string text = $"{Count(result.Requests, "request")} went over {Count(connections.Opened, "connection")}, at most {connections.PeakOpen:N0} open at a time";
        return connections switch
        {
            { Opened: 0 } => $"{Count(result.Requests, "request")} {Were(result.Requests)} made and no connection was opened.",
            _ when result.Target.NewConnectionPerRequest => text + ": one for each, as asked; this is what a client made for each request costs.",
            { ReuseRatio: >= GoodReuse } => text + Invariant($": each carried {(double)result.Requests / connections.Opened:0.#} on average, and {Percent(connections.ReuseRatio)} of the requests found one open."),
            { ReuseRatio: 0 } => text + ": not one was used again.",
            _ => text + Invariant($": only {Percent(connections.ReuseRatio)} of the requests found one open."),
        };
    }

    private static IEnumerable<string> Closes(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        if (result.Target.NewConnectionPerRequest || connections.ClosedBy.Count == 0)
        {
            yield break;
        }

        string reasons = string.Join(", ", connections.ClosedBy.OrderByDescending(static pair => pair.Value).Select(static pair => $"{pair.Key} {pair.Value:N0}"));
        yield return $"During the run {Count(connections.ClosedByServer, "connection")} {Were(connections.ClosedByServer)} closed by the server and {connections.ClosedByClient:N0} by this side ({reasons}).";
    }

    private static IEnumerable<string> Outcome(QuickResult result)
    {
        long failed = result.Errors.Values.Sum();
        if (failed > 0)
        {
            (string kind, long most) = result.Errors.MaxBy(static pair => pair.Value);
            string example = result.ErrorExamples.TryGetValue(kind, out string? text) ? $" The last {kind} said: {text}" : "";
            yield return $"{failed:N0} of {Count(result.Requests, "request")} got no whole response and {(failed == 1 ? "is" : "are")} not in the latencies; most often {kind} ({most:N0}).{example}";
        }

        long bad = result.Codes.Where(static pair => pair.Key[0] is '4' or '5').Sum(static pair => pair.Value);
        if (bad > 0)
        {
            yield return $"{bad:N0} of {Count(result.Responses, "response")} had a status of 400 or more.";
        }
    }

    private static string Rate(QuickResult result)
    {
        string held = Invariant($"{result.AchievedRate:0.##} arrivals a second were started of {result.Target.Rate:0.##} aimed at");
        return result.GeneratorLimited
            ? $"{held}. The load generator was a limit, so the figures are not the server's alone: {string.Join(' ', result.GeneratorLimits)}"
            : $"{held}; the load generator was not the limit.";
    }

    private static IEnumerable<string> Stalls(QuickResult result)
    {
        double corrected = result.LatencyMs.Corrected.P99;
        double uncorrected = result.LatencyMs.Uncorrected.P99;
        if (uncorrected > 0 && corrected > HiddenFactor * uncorrected && corrected - uncorrected > 1)
        {
            yield return Invariant($"Counted from when requests were really sent, the 99th percentile would be {uncorrected:0.#} ms; from when they were due it is {corrected:0.#} ms.");
        }
    }

    private static IEnumerable<string> OfProcess(QuickResult result)
    {
        if (result.Process is not { } process)
        {
            yield break;
        }

        yield return Invariant(
            $"Process {process.Pid} ({process.Name}) took {process.CpuMicrosPerRequest:N0} µs of processor time for each request. It had {process.Before.Outgoing.Values.Sum():N0} outgoing connections before and at most {process.During.Outgoing.Values.Sum():N0} during the run, and {process.OutgoingSeen.Values.Sum():N0} different ones were seen.");
        if (process.TimeWaitSeen.Count > 0)
        {
            (string remote, long count) = process.TimeWaitSeen.MaxBy(static pair => pair.Value);
            double each = (double)count / result.Requests;
            string share = each >= OneForEach ? Invariant($", {each:0.00} for each request: a client made for each request does that") : "";
            yield return Invariant($"{count:N0} connections to {remote} were closed by this machine and went to TIME_WAIT{share}.");
        }

        if (process.Ended)
        {
            yield return $"Process {process.Pid} ended during the run.";
        }
    }

    private static string Count(long count, string thing) => count == 1 ? $"1 {thing}" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} {thing}s");

    private static string Were(long count) => count == 1 ? "was" : "were";

    /// <summary>Rounded down: 100 % is claimed only where it is so.</summary>
    private static string Percent(double ratio) => (Math.Floor(ratio * 1000) / 10).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
