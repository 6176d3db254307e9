using Warmwire.Cli.Quick.Ensuring;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Ensuring;

public sealed class EnsureConditionTests
{
    [Theory]
    [InlineData("p(95)<500", true, "180.944896 ms")]
    [InlineData("P( 95 ) < 500MS", true, "180.944896 ms")]
    [InlineData("p(99.9)<0.19s", false, "190 ms")]
    [InlineData("p(99.9)<=0.19s", true, "190 ms")]
    [InlineData("p(100)<=190000us", true, "190 ms")]
    [InlineData("p(0)>=1", true, "1 ms")]
    [InlineData("min==1", true, "1 ms")]
    [InlineData("max == 190 ms", true, "190 ms")]
    [InlineData("avg<=95.5", true, "95.5 ms")]
    [InlineData("mean<95.5", false, "95.5 ms")]
    [InlineData("med<96", true, "94.994432 ms")]
    [InlineData("uncorrected.max!=190", false, "190 ms")]
    [InlineData("Uncorrected.P(50)<1s", true, "94.994432 ms")]
    [InlineData("errors==10", true, "10")]
    [InlineData("errors<5%", false, "5 % (10 of 200)")]
    [InlineData("errors<=5 %", true, "5 % (10 of 200)")]
    [InlineData("codes.503==5", true, "5")]
    [InlineData("codes.500==0", true, "0")]
    [InlineData("codes.5xx<=2.5%", true, "2.5 % (5 of 200)")]
    [InlineData("CODES.5XX<2.5%", false, "2.5 % (5 of 200)")]
    [InlineData("codes.2xx>=92%", true, "92 % (184 of 200)")]
    [InlineData("failed==16", true, "16")]
    [InlineData("failed<8%", false, "8 % (16 of 200)")]
    [InlineData("connections<=10", true, "10")]
    [InlineData("peak<8", false, "8")]
    [InlineData("reuse>=0.95", true, "0.95")]
    [InlineData("reuse>=95%", true, "95 %")]
    [InlineData("reuse>95%", false, "95 %")]
    [InlineData("rate>=100", true, "100/s")]
    [InlineData("rate>=99.5/s", true, "100/s")]
    [InlineData("dropped==0", false, "3")]
    [InlineData("timewait<=2", true, "2")]
    [InlineData("perconnection.min>=20", true, "20")]
    public void A_condition_holds_or_not_and_tells_what_was_measured(string text, bool held, string actual) =>
        Assert.Equal(new EnsureResult(text, held, actual), Parse(text).Evaluate(QuickResults.Usual()));

    [Theory]
    [InlineData("p(95)", "it has no comparison; examples are p(95)<500 and errors<1%")]
    [InlineData("", "it has no comparison; examples are p(95)<500 and errors<1%")]
    [InlineData("p95<500", "there is no metric 'p95'; did you mean p(95)?")]
    [InlineData("uncorrected.p99.9<500", "there is no metric 'uncorrected.p99.9'; did you mean uncorrected.p(99.9)?")]
    [InlineData("p(101)<5", "'p(101)' is not a percentile; N in p(N) is a number from 0 to 100")]
    [InlineData("p(-1)<5", "'p(-1)' is not a percentile; N in p(N) is a number from 0 to 100")]
    [InlineData("p()<5", "'p()' is not a percentile; N in p(N) is a number from 0 to 100")]
    [InlineData("max=5", "'=' is not a comparison; use < <= > >= == !=")]
    [InlineData("max=>5", "'=>' is not a comparison; use < <= > >= == !=")]
    [InlineData("max<>5", "'<>' is not a comparison; use < <= > >= == !=")]
    [InlineData("max<", "< must be followed by a number from 0 to 1000000000, not ''")]
    [InlineData("max<-5", "< must be followed by a number from 0 to 1000000000, not '-5'")]
    [InlineData("max<1e3", "'e3' is not a unit of max; compare it with a time in ms (or us, s)")]
    [InlineData("max<1.2.3", "< must be followed by a number from 0 to 1000000000, not '1.2.3'")]
    [InlineData("max<2000000000", "< must be followed by a number from 0 to 1000000000, not '2000000000'")]
    [InlineData("max<fast", "< must be followed by a number from 0 to 1000000000, not 'fast'")]
    [InlineData("max<5%", "'%' is not a unit of max; compare it with a time in ms (or us, s)")]
    [InlineData("max<5m", "'m' is not a unit of max; compare it with a time in ms (or us, s)")]
    [InlineData("errors<5ms", "'ms' is not a unit of errors; compare it with a number, or a share of the requests in %")]
    [InlineData("connections<5%", "'%' is not a unit of connections; compare it with a number")]
    [InlineData("reuse>5x", "'x' is not a unit of reuse; compare it with a share from 0 to 1, or in %")]
    [InlineData("max<5<6", "'<6' is not a unit of max; compare it with a time in ms (or us, s)")]
    public void What_is_no_condition_is_told_in_one_line(string text, string error)
    {
        Assert.False(EnsureCondition.TryParse(text, out _, out string? told));
        Assert.Equal($"--ensure '{text}': {error}", told);
    }

    [Theory]
    [InlineData("<5")]
    [InlineData("latency<5")]
    [InlineData("codes.600==0")]
    [InlineData("codes.50==0")]
    [InlineData("uncorrected.errors==0")]
    public void An_unknown_metric_is_answered_with_those_there_are(string text)
    {
        Assert.False(EnsureCondition.TryParse(text, out _, out string? told));
        Assert.Contains("p(N), min, avg, med, max", told, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told);
    }

    [Theory]
    [InlineData("p(95)<500", "no request")]
    [InlineData("max>=0", "no request")]
    [InlineData("errors<1%", "no request")]
    [InlineData("reuse>=0", "no request")]
    [InlineData("perconnection.min>=0", "no connection")]
    [InlineData("timewait==0", "TIME_WAIT cannot be seen on this system")]
    public void What_was_not_measured_does_not_hold(string text, string actual) =>
        Assert.Equal(new EnsureResult(text, false, actual), Parse(text).Evaluate(QuickResults.Empty()));

    [Theory]
    [InlineData("reuse>0.98", "0.9866")]
    [InlineData("reuse>98%", "98.66 %")]
    public void A_share_has_no_more_digits_than_mean_something(string text, string actual)
    {
        QuickResult usual = QuickResults.Usual();
        QuickResult result = usual with { Connections = usual.Connections with { ReuseRatio = 74.0 / 75 } };
        Assert.Equal(new EnsureResult(text, true, actual), Parse(text).Evaluate(result));
    }

    [Fact]
    public void A_count_of_nothing_is_zero() => Assert.True(Parse("errors==0").Evaluate(QuickResults.Empty()).Held);

    [Fact]
    public void A_share_that_equals_the_limit_on_paper_equals_it_here()
    {
        QuickResult usual = QuickResults.Usual();
        for (int whole = 1; whole <= 1_000; whole++)
        {
            int part = whole * 7 / 10;
            decimal percent = 100m * part / whole;
            if (decimal.Round(percent, 6) != percent)
            {
                continue;
            }

            QuickResult result = usual with
            {
                Requests = whole,
                Errors = new Dictionary<string, long>(StringComparer.Ordinal) { ["reset"] = part },
                Connections = usual.Connections with { ReuseRatio = (double)part / whole },
            };
            Assert.All(
                [
                    $"errors=={percent}%", $"errors<={percent}%", $"errors>={percent}%", $"reuse=={percent}%", $"reuse>={percent / 100}",
                    $"reuse<={percent / 100}",
                ],
                text => Assert.True(Parse(text).Evaluate(result).Held, $"{text} of {part}/{whole}"));
        }
    }

    [Fact]
    public void Figures_beyond_all_bounds_are_compared_too()
    {
        QuickResult usual = QuickResults.Usual();
        QuickResult result = usual with
        {
            AchievedRate = 1e300,
            Requests = long.MaxValue,
            Errors = new Dictionary<string, long>(StringComparer.Ordinal) { ["reset"] = long.MaxValue },
        };
        Assert.True(Parse("rate>1000000000").Evaluate(result).Held);
        Assert.True(Parse("errors<=1000000000%").Evaluate(result).Held);
    }

    private static EnsureCondition Parse(string text)
    {
        Assert.True(EnsureCondition.TryParse(text, out EnsureCondition? condition, out string? error), error);
        return condition;
    }
}
