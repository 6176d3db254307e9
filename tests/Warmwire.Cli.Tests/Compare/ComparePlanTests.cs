using Warmwire.Cli.Compare;
using Xunit;

namespace Warmwire.Cli.Tests.Compare;

public sealed class ComparePlanTests
{
    private static readonly CompareSettings s_settings = new(null, Tls: false, TimeSpan.Zero, 32, Requests: null, Json: false);

    [Fact]
    public void Without_a_number_there_are_2000_requests_per_row()
    {
        ComparePlan plan = ComparePlan.Make(s_settings, portBudget: 2000);
        Assert.Equal(2000, plan.Requests);
        Assert.Equal(2000, plan.RequestsOfNewHandlers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(500)]
    [InlineData(1000)]
    public void A_long_round_trip_lowers_the_default_so_that_the_distance_takes_at_most_eleven_seconds(int milliseconds)
    {
        foreach (bool tls in new[] { false, true })
        {
            ComparePlan plan = ComparePlan.Make(
                s_settings with { Tls = tls, RoundTrip = TimeSpan.FromMilliseconds(milliseconds) }, portBudget: 2000);
            int opening = tls ? 2 : 1;
            double rounds = Math.Ceiling(plan.Requests / 32.0);
            double before = rounds * (opening + 1);
            double shared = 2 * (rounds + opening);
            Assert.InRange(plan.Requests, 32, 2000);
            Assert.True(rounds == 1 || (before + shared) * milliseconds <= 11_000);
        }
    }

    [Fact]
    public void A_number_that_was_asked_for_is_kept_whatever_the_round_trip()
    {
        ComparePlan plan = ComparePlan.Make(s_settings with { Requests = 1500, RoundTrip = TimeSpan.FromSeconds(2) }, portBudget: 2000);
        Assert.Equal(1500, plan.Requests);
    }

    [Fact]
    public void The_ports_bound_the_row_of_the_bug_only()
    {
        ComparePlan plan = ComparePlan.Make(s_settings with { Requests = 100_000 }, portBudget: 700);
        Assert.Equal(100_000, plan.Requests);
        Assert.Equal(700, plan.RequestsOfNewHandlers);
        Assert.Equal(175, plan.WarmUpRequestsOfNewHandlers);
    }

    [Fact]
    public void A_foreign_server_is_spared_a_long_warm_up()
    {
        var url = new Uri("http://example.com/");
        Assert.Equal(200, ComparePlan.Make(s_settings with { Url = url }, portBudget: 2000).WarmUpRequests);
        Assert.Equal(10, ComparePlan.Make(s_settings with { Url = url, Requests = 10 }, portBudget: 2000).WarmUpRequests);
    }

    [Theory]
    [InlineData(28_232, 0, 1, 2000)] // more than enough: the fixed bound
    [InlineData(28_232, 24_232, 1, 1000)] // a quarter of the 4,000 that are free
    [InlineData(28_232, 24_232, 2, 500)] // through the relay each connection takes two
    [InlineData(28_232, 30_000, 1, 1)] // none free: one request shows that
    [InlineData(4000, 0, 1, 1000)]
    public void The_port_budget_is_a_quarter_of_the_free_ports(int range, int timeWait, int portsPerConnection, int expected) =>
        Assert.Equal(expected, PortBudget.Connections(range, timeWait, portsPerConnection));
}
