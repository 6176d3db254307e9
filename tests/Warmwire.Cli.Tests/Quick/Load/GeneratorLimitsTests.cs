using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class GeneratorLimitsTests
{
    private static readonly GeneratorFacts s_good = new()
    {
        TargetRate = 1000,
        AchievedRate = 999,
        Dropped = 0,
        Pauses = PausesResult.None,
        StartDelayP99Ms = 1,
        PeakOpen = 30,
        MaxConnections = 1000,
        Cores = 0.5,
        AvailableCores = 2,
    };

    [Fact]
    public void A_generator_that_kept_up_is_not_the_limit() => Assert.Empty(GeneratorLimits.Find(s_good));

    [Fact]
    public void Each_limit_is_named_with_its_figures()
    {
        Says("7 arrivals were dropped because 100,000 requests, the maximum, were in progress.", s_good with { Dropped = 7 });
        Says(
            "The process of quick was stopped for 240.1 s, as by Ctrl-Z; 7,203 arrivals that were due meanwhile were dropped",
            s_good with { Dropped = 7203, Pauses = new PausesResult { Count = 1, Seconds = 240.1, DroppedArrivals = 7203 } });
        Says("quick started 985.5 of the planned 1000 arrivals/s.", s_good with { AchievedRate = 985.5 });
        Says("1 % of requests were sent at least 18 ms late.", s_good with { StartDelayP99Ms = 18 });
        Says("1,000 connections were open, the maximum for quick's descriptor limit", s_good with { PeakOpen = 1000 });
        Says("quick used 1.9 of 2 cores.", s_good with { Cores = 1.9 });
    }

    [Theory]
    [InlineData("cpu  100 0 50 800 40 5 5 0 0 0", 160, 1000)]
    [InlineData("cpu 1 2 3 4", 10, 10)]
    public void The_processors_line_is_read(string line, double busy, double total) => Assert.Equal((busy, total), MachineLoad.Parse(line));

    private static void Says(string text, GeneratorFacts facts) =>
        Assert.Contains(text, Assert.Single(GeneratorLimits.Find(facts)), StringComparison.Ordinal);
}
