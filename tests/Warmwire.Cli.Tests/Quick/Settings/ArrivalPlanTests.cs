using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Settings;

public sealed class ArrivalPlanTests
{
    [Fact]
    public void A_ramp_from_nothing_is_due_at_the_roots_of_its_parabola()
    {
        // In 10 s to 20/s: t² arrivals after t seconds.
        ArrivalPlan plan = ArrivalPlan.Of(0, [new Stage(10, 20)]);
        Assert.Equal((100L, 10.0), (plan.Arrivals, plan.Seconds));
        Assert.Equal([0, 1, 2, 9], new long[] { 0, 1, 4, 81 }.Select(plan.DueSeconds));
        Assert.Equal(25, plan.NumberAt(5));
    }

    [Fact]
    public void Stages_follow_one_another()
    {
        // Up to 10/s in 2 s, 10/s for 3 s, down to 0 in 4 s: 10 + 30 + 20 arrivals.
        ArrivalPlan plan = ArrivalPlan.Of(0, [new Stage(2, 10), new Stage(3, 10), new Stage(4, 0)]);
        Assert.Equal((60L, 9.0), (plan.Arrivals, plan.Seconds));
        Assert.Equal([2, 3, 4.9, 5], new long[] { 10, 20, 39, 40 }.Select(plan.DueSeconds));
        Assert.Equal(5 + 4 - Math.Sqrt(4 * 4 * (20 - 19) / 20.0), plan.DueSeconds(59), 9);
        Assert.Equal(60, plan.NumberAt(100));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Every_arrival_is_counted_where_it_is_due(double from)
    {
        ArrivalPlan plan = ArrivalPlan.Of(from, [new Stage(0.5, 300), new Stage(0.3, 0), new Stage(0.4, 0), new Stage(1, 77)]);
        foreach (Shard shard in (Shard[])[Shard.Whole, new Shard(2, 3)])
        {
            var schedule = new ArrivalSchedule(plan, shard);
            long[] due = [.. Enumerable.Range(0, (int)schedule.Count).Select(i => schedule.DueAt(i))];
            Assert.Equal(due.Order(), due);
            Assert.True(due[^1] <= schedule.Length);
            for (long time = 0; time < schedule.Length; time += 1_700_000)
            {
                Assert.Equal(due.Count(moment => moment < time), schedule.DueBefore(time));
            }
        }
    }
}
