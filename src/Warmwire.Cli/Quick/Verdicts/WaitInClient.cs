using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>What a tool that measures from the send would not have shown.</summary>
internal sealed class WaitInClient : IVerdict
{
    /// <summary>From this factor between the two 99th percentiles, both are told.</summary>
    private const double Factor = 1.5;

    public string? Of(QuickResult result)
    {
        double corrected = result.LatencyMs.Corrected.P99;
        double uncorrected = result.LatencyMs.Uncorrected.P99;
        return uncorrected > 0 && corrected > Factor * uncorrected && corrected - uncorrected > 1
            ? $"p99: {Amounts.Milliseconds(corrected)} from {(result.Target.IsClosedLoop ? "start" : "schedule")}, "
                + $"{Amounts.Milliseconds(uncorrected)} from send; the difference was waiting in the client."
            : null;
    }
}
