using System.Globalization;

namespace Warmwire.Diagnostics;

/// <summary>Texts of failures that a limit which follows latency has caused.</summary>
internal static class ConcurrencyErrorTexts
{
    public static string PendingTimeout(string origin, TimeSpan waited, ConcurrencySnapshot limit, int ahead) =>
        $"Waited {ErrorTexts.Seconds(waited)} for one of {limit.InFlight} exchanges with {origin} to end: the adaptive limit is "
        + $"{limit.Limit}{Latencies(limit)}, {ahead} {(ahead == 1 ? "request" : "requests")} ahead; see "
        + "PooledHttpHandler.PendingRequestTimeout and ConcurrencyLimit.";

    public static string TooManyPending(string origin, int pending, int limit, int underWay, int atATime) =>
        $"{pending} {(pending == 1 ? "request already waits" : "requests already wait")} for one of {underWay} exchanges with {origin} to "
        + $"end: the adaptive limit is {atATime}; see PooledHttpHandler.MaxPendingRequestsPerServer ({limit}) and ConcurrencyLimit.";

    private static string Latencies(ConcurrencySnapshot limit) =>
        limit is { SampledLatency: { } sampled, MinLatency: { } min }
            ? string.Create(
                CultureInfo.InvariantCulture,
                $" (latency {sampled.TotalMilliseconds:0.##} ms, at least {min.TotalMilliseconds:0.##} ms)")
            : "";
}
