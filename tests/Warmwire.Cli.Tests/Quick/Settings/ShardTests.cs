using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Settings;

public sealed class ShardTests
{
    [Theory]
    [InlineData("0/1", 0, 1)]
    [InlineData("0/4", 0, 4)]
    [InlineData("3/4", 3, 4)]
    [InlineData("9999/10000", 9999, 10_000)]
    public void A_shard_is_written_as_its_number_of_how_many(string text, int index, int count)
    {
        Assert.True(Shard.TryParse(text, out Shard shard, out string? error), error);
        Assert.Equal((new Shard(index, count), text), (shard, shard.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("/")]
    [InlineData("1/")]
    [InlineData("/2")]
    [InlineData("0/0")]
    [InlineData("-1/4")]
    [InlineData("0/-4")]
    [InlineData("0/10001")]
    [InlineData("0/4/8")]
    [InlineData("a/b")]
    [InlineData("$(JOB_COMPLETION_INDEX)/4")]
    [InlineData("0/99999999999")]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(Shard.TryParse(text, out _, out string? error));
        Assert.Equal($"--shard must be I/N with N from 1 to 10000 and I from 0 to N-1, such as 0/4, not '{text}'", error);
    }

    [Fact]
    public void Who_counts_from_1_is_told_that_it_is_from_0()
    {
        Assert.False(Shard.TryParse("4/4", out _, out string? error));
        Assert.Equal("--shard counts from 0: the last of 4 shards is 3/4, not '4/4'", error);
    }

    [Fact]
    public void The_shards_are_together_exactly_the_whole_schedule()
    {
        var random = new Random(7);
        for (int round = 0; round < 300; round++)
        {
            int count = random.Next(1, 60);
            int arrivals = random.Next(0, 2_000);
            double rate = Math.Exp(random.NextDouble() * 12) / 7;
            var due = new List<double>();
            for (int i = 0; i < count; i++)
            {
                var shard = new Shard(i, count);
                long own = shard.CountOf(arrivals);
                for (long k = 0; k < own; k++)
                {
                    due.Add(shard.DueSeconds(k, rate));
                }
            }

            due.Sort();
            Assert.Equal(Enumerable.Range(0, arrivals).Select(k => k / rate), due);
        }
    }

    [Fact]
    public void Counts_add_up_for_any_number_of_arrivals_and_shards()
    {
        var random = new Random(8);
        for (int round = 0; round < 200; round++)
        {
            int count = random.Next(1, Shard.MaxCount + 1);
            long arrivals = random.NextInt64(0, 1L << random.Next(1, 62));
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                sum += new Shard(i, count).CountOf(arrivals);
            }

            Assert.Equal(arrivals, sum);
        }
    }

    [Fact]
    public void A_late_arrival_is_due_as_exactly_as_an_early_one() =>
        Assert.Equal(8_640_000_003 / 3000.0, new Shard(3, 4).DueSeconds(2_160_000_000, 3000));

    [Fact]
    public void Rates_add_up() => Assert.Equal(1000, 8 * new Shard(5, 8).RateOf(1000));
}
