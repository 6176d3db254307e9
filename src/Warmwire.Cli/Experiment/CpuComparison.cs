namespace Warmwire.Cli.Experiment;

/// <summary>The CPU time of both runs in words, where it says more than what else the machine was doing.</summary>
internal static class CpuComparison
{
    /// <summary>With less than this, the last compilation and one collection of garbage decide.</summary>
    private const double LeastSeconds = 0.5;

    /// <summary>Two runs of the same function differ by as much.</summary>
    private const double Noise = 1.2;

    public static string Of(FunctionReport before, FunctionReport after)
    {
        double factor = before.CpuMicrosPerInvocation / after.CpuMicrosPerInvocation;
        return Math.Min(Seconds(before), Seconds(after)) < LeastSeconds || !double.IsFinite(factor)
            ? "The functions used too little CPU time to compare it; use a longer -d."
            : factor switch
            {
                >= Noise => FormattableString.Invariant(
                    $"A client per invocation used {factor:0.0} times the CPU time of a shared client."),
                > 1 / Noise => "The CPU times differ by less than two runs of the same function do.",
                _ => "A client per invocation used less CPU time than a shared client. Only other work on this machine explains that: run "
                    + "it again.",
            };
    }

    private static double Seconds(FunctionReport run) => run.Invocations * run.CpuMicrosPerInvocation / 1e6;
}
