using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Differences;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Differences;

/// <summary>Simulations, all from fixed seeds: how often a difference is claimed where there is none, found where there is one.</summary>
public sealed class RunDifferenceTests
{
    private const int Pairs = 200;

    /// <summary>The stated 5 % and three standard deviations of what 200 pairs show of it.</summary>
    private const double MostClaims = 0.05 + (3 * 0.0154);

    [Theory]
    [InlineData(400, 400)]
    [InlineData(3200, 3200)]
    [InlineData(3200, 640)]
    public void Two_samples_of_one_distribution_are_rarely_called_different(int before, int after)
    {
        var random = new Random(before + after);
        int claims = Enumerable.Range(0, Pairs).Count(_ =>
            Compare(SimulatedRun.Of(random, before), SimulatedRun.Of(random, after)).Figures
                .Any(static figure => figure.Kind is FigureKind.Latency or FigureKind.Share && figure.IsTold && figure.Name != "reuse"));
        Assert.InRange((double)claims / Pairs, 0, MostClaims);
    }

    /// <summary>A tenth of the seconds are slow, in which all responses are: each run has four such groups, more or fewer.</summary>
    [Fact]
    public void Slow_responses_in_groups_count_as_few()
    {
        const int Fewer = Pairs / 2;
        var random = new Random(7);
        int claims = Enumerable.Range(0, Fewer).Count(_ =>
            Compare(
                SimulatedRun.Of(random, 4000, stalls: 0.1, seconds: 40),
                SimulatedRun.Of(random, 4000, stalls: 0.1, seconds: 40)).Figures
                .Any(static figure => figure.Kind is FigureKind.Latency && figure.IsTold));
        Assert.InRange((double)claims / Fewer, 0, 2 * MostClaims);
    }

    [Theory]
    [InlineData("p50", 4000, 1.1, 0.01, 0.95)]
    [InlineData("p99", 4000, 1.4, 0.01, 0.95)]
    [InlineData("p99", 40000, 1.1, 0.01, 0.95)]
    [InlineData("p50", 400, 1.3, 0.01, 0.9)]
    [InlineData("errors", 4000, 1, 0.03, 0.95)]
    public void A_shift_is_found(string name, int requests, double factor, double errors, double share)
    {
        const int Few = 40;
        var random = new Random(requests);
        int found = Enumerable.Range(0, Few).Count(_ =>
            Compare(SimulatedRun.Of(random, requests), SimulatedRun.Of(random, requests, factor, errors)).Figures
                .Single(figure => figure.Name == name) is { IsTold: true, Change.Value: > 0 });
        Assert.InRange((double)found / Few, share, 1);
    }

    [Fact]
    public void The_interval_of_a_percentile_has_the_true_one_as_often_as_it_says()
    {
        var random = new Random(3);
        double truth = 10 * Math.Exp(0.5 * 1.2815515655446004); // of p90
        int missed = Enumerable.Range(0, 500).Count(_ =>
        {
            Estimate p90 = new LatencySample(SimulatedRun.Of(random, 400).Result).Percentile(90, outside: 0.1);
            return truth < p90.Low || truth > p90.High;
        });
        Assert.InRange(missed, 12, 60);
    }

    [Fact]
    public void A_sample_too_small_for_a_percentile_has_no_upper_end()
    {
        Estimate estimate = new LatencySample(SimulatedRun.Of(new Random(1), 400).Result).Percentile(99.9, outside: 0.05);
        Assert.Equal(double.PositiveInfinity, estimate.High);
        Assert.InRange(estimate.Low, 1, estimate.Value);
    }

    [Fact]
    public void Connections_and_closes_are_compared_per_request()
    {
        NamedResult shared = SimulatedRun.Of(new Random(1), 4000);
        NamedResult perRequest = shared with
        {
            Result = shared.Result with
            {
                Connections = shared.Result.Connections with
                {
                    Opened = 4000,
                    ReuseRatio = 0,
                    ClosedBy = new Dictionary<string, long>(StringComparer.Ordinal) { ["ServerClosed"] = 4000 },
                },
            },
        };
        RunDifference difference = Compare(shared, perRequest);
        Assert.Equal(
            ["closes.ServerClosed", "connections", "reuse"],
            difference.Figures.Where(static figure => figure.IsTold).Select(static figure => figure.Name).Order(StringComparer.Ordinal));
        Assert.Equal((7.5, 1000.0), difference.Figures.Where(static figure => figure.Name == "connections")
            .Select(static figure => (figure.Before.Value, figure.After.Value)).Single());
    }

    [Fact]
    public void A_last_request_that_takes_long_does_not_lower_the_rate()
    {
        NamedResult run = SimulatedRun.Of(new Random(1), 4000);
        NamedResult longer = run with { Result = run.Result with { ElapsedSeconds = run.Result.ElapsedSeconds + 10 } };
        FigureDifference rate = Compare(run, longer).Figures.Single(static figure => figure.Name == "rate");
        Assert.Equal(0, rate.Change.Value);
        Assert.InRange(rate.Before.Value, 245, 250);
    }

    [Fact]
    public void A_run_with_itself_has_no_difference()
    {
        NamedResult run = SimulatedRun.Of(new Random(1), 400);
        Assert.All(Compare(run, run).Figures, static figure => Assert.Equal((0, false), (figure.Change.Value, figure.IsTold)));
    }

    [Fact]
    public void A_run_without_requests_cannot_be_compared()
    {
        CommandFailure failure = Assert.Throws<CommandFailure>(
            () => Compare(SimulatedRun.Of(new Random(1), 400), new NamedResult("empty.json", QuickResults.Empty())));
        Assert.Equal(("empty.json has no requests to compare", 2), (failure.Message, failure.ExitCode));
    }

    private static RunDifference Compare(NamedResult before, NamedResult after) =>
        RunDifference.Of(before, after, RunDifference.UsualPercentiles);
}
