using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class ArrivalScheduleTests
{
    [Fact]
    public void Arrivals_are_evenly_spaced_from_the_start()
    {
        var schedule = new ArrivalSchedule(rate: 4, arrivals: 10, Shard.Whole);
        Assert.Equal([0, 250_000_000, 500_000_000], Enumerable.Range(0, 3).Select(i => schedule.DueAt(i)));
        Assert.Equal((10, 2_500_000_000), (schedule.Count, schedule.Length));
    }

    [Fact]
    public void Shards_interleave()
    {
        var schedule = new ArrivalSchedule(rate: 4, arrivals: 10, new Shard(1, 2));
        Assert.Equal([250_000_000, 750_000_000], Enumerable.Range(0, 2).Select(i => schedule.DueAt(i)));
        Assert.Equal((5, 2_500_000_000), (schedule.Count, schedule.Length));
    }

    [Theory]
    [InlineData(0.3, 20)]
    [InlineData(7, 100)]
    [InlineData(30, 9000)]
    [InlineData(19_999, 5000)]
    [InlineData(1_000_000, 1000)]
    public void How_many_are_due_before_a_time_agrees_with_when_each_is_due(double rate, long arrivals)
    {
        var random = new Random(1);
        foreach (Shard shard in new[] { Shard.Whole, new Shard(2, 3), new Shard(6, 7) })
        {
            var schedule = new ArrivalSchedule(rate, arrivals, shard);
            for (int i = 0; i < 200; i++)
            {
                long index = random.NextInt64(schedule.Count);
                long due = schedule.DueAt(index);
                Assert.Equal(index, schedule.DueBefore(due));
                Assert.Equal(index + 1, schedule.DueBefore(due + 1));
            }

            Assert.Equal((0, schedule.Count), (schedule.DueBefore(0), schedule.DueBefore(long.MaxValue / 2)));
        }
    }

    [Fact]
    public void No_error_adds_up_over_a_week()
    {
        var schedule = new ArrivalSchedule(rate: 30, arrivals: 30L * 7 * 24 * 3600, Shard.Whole);
        Assert.Equal(7L * 24 * 3600 * 1_000_000_000, schedule.Length);
        Assert.InRange(schedule.DueAt(schedule.Count - 1), schedule.Length - 33_333_400, schedule.Length - 33_333_200);
    }
}
