using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Requests waited because <c>--max-connections</c> allows no more connections.</summary>
internal sealed class ConnectionLimit : IVerdict
{
    /// <summary>The failure of a request that got no connection within its time.</summary>
    private const string TimedOutInQueue = "Timeout.Queue";

    /// <summary>A shorter wait is that for a thread.</summary>
    private const double LongWaitMilliseconds = 1;

    public string? Of(QuickResult result)
    {
        if (!WasReached(result))
        {
            return null;
        }

        long gaveUp = result.Errors.GetValueOrDefault(TimedOutInQueue);
        string waited = result.PhasesMs.Queue.P99 > LongWaitMilliseconds
            ? $" 1 % of responses waited at least {Amounts.Milliseconds(result.PhasesMs.Queue.P99)} for one."
            : "";
        string failed = gaveUp > 0 ? $" {Amounts.Count(gaveUp, "request")} got none within --timeout." : "";
        return $"--max-connections was a limit: {Amounts.Number(result.Connections.PeakOpen)} of at most "
            + $"{Amounts.Count(result.Target.MaxConnections ?? 0, "connection")} {Amounts.Were(result.Connections.PeakOpen)} open, and "
            + $"requests waited for one.{waited}{failed}";
    }

    public static bool WasReached(QuickResult result) =>
        result.Target.MaxConnections is { } limit
        && result.Connections.PeakOpen >= limit
        && (result.PhasesMs.Queue.P99 > LongWaitMilliseconds || result.Errors.GetValueOrDefault(TimedOutInQueue) > 0);
}
