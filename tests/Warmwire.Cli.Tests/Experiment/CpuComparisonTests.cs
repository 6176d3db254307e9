using Warmwire.Cli.Experiment;
using Xunit;

namespace Warmwire.Cli.Tests.Experiment;

public sealed class CpuComparisonTests
{
    [Theory]
    [InlineData(9000, 1563, 1040, "A client per invocation used 1.5 times the CPU time of a shared client.")]
    [InlineData(9000, 1563, 1500, "The CPU times differ by less than two runs of the same function do.")]
    [InlineData(9000, 1400, 1500, "The CPU times differ by less than two runs of the same function do.")]
    [InlineData(
        9000, 700, 1000, "A client per invocation used less CPU time than a shared client. Only other work on this machine explains that: "
            + "run it again.")]
    [InlineData(300, 700, 1000, "The functions used too little CPU time to compare it; use a longer -d.")]
    [InlineData(9000, 700, 0, "The functions used too little CPU time to compare it; use a longer -d.")]
    public void Only_a_difference_that_is_no_noise_is_told(long invocations, double before, double after, string sentence) =>
        Assert.Equal(sentence, CpuComparison.Of(Run(invocations, before), Run(invocations, after)));

    private static FunctionReport Run(long invocations, double micros) => new()
    {
        Invocations = invocations,
        Failed = 0,
        UpstreamConnections = 1,
        UpstreamRequests = invocations,
        DnsLookups = 1,
        CpuMicrosPerInvocation = micros,
        P50Ms = 1,
        P99Ms = 1,
        TimeWaitSockets = 0,
        GeneratorLimited = false,
    };
}
