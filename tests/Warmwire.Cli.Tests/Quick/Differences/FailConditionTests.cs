using Warmwire.Cli.Quick.Differences;
using Warmwire.Cli.Quick.Merging;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Differences;

public sealed class FailConditionTests
{
    private static readonly NamedResult s_before = SimulatedRun.Of(new Random(1), 8000);
    private static readonly NamedResult s_after = SimulatedRun.Of(new Random(2), 8000, factor: 1.3, errors: 0.05);

    [Theory]
    [InlineData("p50>+10%", true)]
    [InlineData("p(50) >= +10 %", true)]
    [InlineData("p50>+60%", false)]
    [InlineData("p50>+1ms", true)]
    [InlineData("p50>+500us", true)]
    [InlineData("p50>+1s", false)]
    [InlineData("p50<-10%", false)]
    [InlineData("P99.9>+2%", false)] // 30 % were measured, but eight values above it do not tell
    [InlineData("errors>+1%", true)]
    [InlineData("p99_9<-2%", false)]
    [InlineData("failed>+5%", false)]
    [InlineData("reuse<-1%", false)]
    [InlineData("connections>+0%", false)]
    [InlineData("closes.IdleTimeout>+1", false)]
    public void It_fails_by_a_change_beyond_it_that_is_told(string text, bool failed)
    {
        FailResult result = Evaluate(text, s_before, s_after);
        Assert.Equal((text, failed), (result.Condition, result.Failed));
        Assert.NotEqual("there were no responses", result.Actual);
    }

    [Fact]
    public void The_other_way_round_it_falls()
    {
        Assert.True(Evaluate("p50<-10%", s_after, s_before).Failed);
        Assert.False(Evaluate("p50>+10%", s_after, s_before).Failed);
        Assert.True(Evaluate("errors<-1%", s_after, s_before).Failed);
    }

    [Fact]
    public void A_change_that_chance_explains_is_said_to_be_one() => Assert.EndsWith(
        "which is not more than chance explains",
        Evaluate("p99.9>+2%", s_before, s_after).Actual);

    [Theory]
    [InlineData("p99>10%", "it is not of the form FIGURE>+CHANGE or FIGURE<-CHANGE; examples are p99>+10%, rate<-5% and errors>+0.5%")]
    [InlineData("p99==+10%", "it is not of the form FIGURE>+CHANGE or FIGURE<-CHANGE; examples are p99>+10%, rate<-5% and errors>+0.5%")]
    [InlineData("p99<+10%", "a rise is > with a + and a fall is < with a -, such as p99>+10% and rate<-5%")]
    [InlineData("p100>+1%", "there is no figure 'p100'; there are p50 and other percentiles, rate, errors, failed, reuse, connections "
        + "and closes.REASON")]
    [InlineData("speed>+1%", "there is no figure 'speed'; there are p50 and other percentiles, rate, errors, failed, reuse, connections "
        + "and closes.REASON")]
    [InlineData("errors>+5", "the change of errors is in points of %, such as +0.5%")]
    [InlineData("p99>+1h", "the change of p99 is in % or in ms, us or s")]
    [InlineData("rate<-1ms", "the change of rate is in % or in /s")]
    [InlineData("connections>+1ms", "the change of connections is in %, or a number per 1,000 requests")]
    public void What_is_wrong_is_named(string text, string problem)
    {
        Assert.False(FailCondition.TryParse(text, out _, out string? error));
        Assert.Equal($"--fail-on '{text}': {problem}", error);
    }

    private static FailResult Evaluate(string text, NamedResult before, NamedResult after)
    {
        Assert.True(FailCondition.TryParse(text, out FailCondition? condition, out string? error), error);
        return condition.Evaluate(RunDifference.Of(before, after, RunDifference.UsualPercentiles));
    }
}
