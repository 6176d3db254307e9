using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>What kind of load it was, where that bears on what the figures mean, and what its checks found.</summary>
internal static class LoadModelVerdict
{
    public static IEnumerable<string> Sentences(QuickResult result)
    {
        if (result.Aborted is { } aborted)
        {
            yield return Invariant($"Aborted after {aborted.AtSeconds:0.#} s because {aborted.Condition} held: {aborted.Actual}.");
        }

        if (result.Target.IsClosedLoop)
        {
            string think = result.Target.ThinkSeconds is > 0 and var seconds ? Invariant($" {1000 * seconds:0.#} ms") : "";
            yield return Invariant(
                $"Closed loop: {result.Target.Users:N0} users each sent the next request{think} after the last response. ")
                + "All latencies are uncorrected: while the server was slow, fewer requests were sent, and the wait of those that were not "
                + "sent is not in them.";
        }

        if (result.Target.WarmUpSeconds > 0)
        {
            yield return Invariant($"The {result.Target.WarmUpSeconds:0.###} s of warm-up before are not in the figures.");
        }

        (long passed, long failed) = (result.Checks.Values.Sum(static c => c.Passed), result.Checks.Values.Sum(static c => c.Failed));
        if (failed > 0)
        {
            (string check, CheckResult most) = result.Checks.MaxBy(static pair => pair.Value.Failed);
            yield return Invariant($"{failed:N0} of {passed + failed:N0} checks failed, most often {check} ({most.Failed:N0}).");
        }
        else if (passed > 0)
        {
            yield return passed == 1 ? "The check passed." : Invariant($"All {passed:N0} checks passed.");
        }

        if (result.Redirects > 0)
        {
            yield return Invariant($"{result.Redirects:N0} redirects were followed; the latency of a request includes them.");
        }
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
