using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>What a watched process did, in plain words, and the fault if its connections or descriptors show one.</summary>
internal static class ProcessVerdict
{
    /// <summary>From this many connections per request, a client per request is the likely cause.</summary>
    private const double OneForEach = 0.5;

    /// <summary>From this growth for each request connections are left open; the collector closes some of them.</summary>
    private const double LeastConnections = 0.05;

    /// <summary>The same of other descriptors, of which a program that begins to work opens some.</summary>
    private const double LeastDescriptors = 0.25;

    private const string Remedy = "Create one client, keep it and share it.";

    public static IEnumerable<string> Sentences(QuickResult result)
    {
        if (result.Process is not { } process)
        {
            yield break;
        }

        yield return Invariant($"{Subject(process)} used {process.CpuMicrosPerRequest:N0} µs of CPU time per request.");
        yield return Invariant($"It had {Sum(process.Before):N0} outgoing connections before the run, at most ")
            + Invariant($"{Sum(process.During):N0} during it and {Sum(process.After):N0} after it; ")
            + Invariant($"{process.OutgoingSeen.Values.Sum():N0} different ones were seen.");
        foreach (string sentence in Connections(result, process).Concat(Descriptors(result, process)))
        {
            yield return sentence;
        }

        if (process.Ended)
        {
            yield return $"Process {process.Pid} exited during the run.";
        }
    }

    /// <summary>Whose figures they are.</summary>
    private static string Subject(ProcessResult process)
    {
        string listens = process.ListensOn is { } port ? Invariant($", which listens on port {port},") : "";
        int count = process.Descendants.Values.Sum();
        string names = string.Join(", ", process.Descendants.Keys.Take(5)) + (process.Descendants.Count > 5 ? ", …" : "");
        string others = count switch
        {
            0 => "",
            1 => $" and its child process ({names})",
            _ => Invariant($" and its {count:N0} child processes ({names})"),
        };
        return Invariant($"Process {process.Pid} ({process.Name}){listens}{others}");
    }

    private static IEnumerable<string> Connections(QuickResult result, ProcessResult process)
    {
        bool isExplained = false;
        foreach (string remote in ByGrowth(process))
        {
            (int before, int after) = (process.Before.Outgoing.GetValueOrDefault(remote), process.After.Outgoing.GetValueOrDefault(remote));
            if (ProcessGrowth.GrewWithRequests(result, before, after, LeastConnections, static point => point.Outgoing))
            {
                isExplained = true;
                yield return Invariant($"Its connections to {remote} grew from {before:N0} to {after:N0}, ")
                    + Invariant($"{PerRequest(after - before, result)} per request, and stayed open, as if a client were created for ")
                    + $"each request and never disposed. {Remedy}";
                break;
            }
        }

        foreach ((string remote, long count) in process.TimeWaitSeen.OrderByDescending(static pair => pair.Value).Take(1))
        {
            bool isEach = count >= OneForEach * result.Requests;
            isExplained |= isEach;
            yield return Invariant($"{count:N0} connections to {remote} were closed by this machine and entered TIME_WAIT")
                + (isEach
                    ? $", {PerRequest(count, result)} per request, as if a client were created and disposed for each request. {Remedy}"
                    : ".");
        }

        if (isExplained)
        {
            yield break;
        }

        foreach ((string remote, long count) in process.OutgoingSeen.OrderByDescending(static pair => pair.Value).Take(1))
        {
            if (count >= OneForEach * result.Requests)
            {
                isExplained = true;
                yield return Invariant($"{count:N0} different connections to {remote} were seen, {PerRequest(count, result)} per request, ")
                    + $"as if a client were created for each request. {Remedy}";
            }
        }

        foreach ((string remote, long count) in process.OtherTimeWait)
        {
            if (!isExplained && count >= OneForEach * result.Requests)
            {
                yield return Invariant($"{count:N0} connections to {remote} entered TIME_WAIT, {PerRequest(count, result)} per request. ")
                    + "The process was not seen using that address, so they may be another program's.";
            }
        }
    }

    private static IEnumerable<string> Descriptors(QuickResult result, ProcessResult process)
    {
        // Without connections, of which there is a sentence.
        (int before, int after) = (process.Before.Descriptors, process.After.Descriptors);
        int others = (after - Held(process.After)) - (before - Held(process.Before));
        if (ProcessGrowth.GrewWithRequests(result, 0, others, LeastDescriptors, static point => point.Descriptors - point.Outgoing))
        {
            yield return Invariant($"Its open descriptors grew from {before:N0} to {after:N0}, of which {others:N0} are not connections, ")
                + Invariant($"{PerRequest(others, result)} per request: something is opened for each request and not closed. ")
                + "Close or dispose it.";
        }
    }

    private static IEnumerable<string> ByGrowth(ProcessResult process) => process.After.Outgoing
        .OrderByDescending(pair => pair.Value - process.Before.Outgoing.GetValueOrDefault(pair.Key))
        .Select(static pair => pair.Key);

    private static int Held(ProcessState state) => Sum(state) + state.Incoming;

    private static int Sum(ProcessState state) => state.Outgoing.Values.Sum();

    private static string PerRequest(long count, QuickResult result) =>
        ((double)count / Math.Max(1, result.Requests)).ToString("0.00", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
