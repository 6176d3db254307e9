using Warmwire.Cli.Quick.Differences;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Differences;

public sealed class OrderStatisticsTests
{
    /// <summary>Tables of the sign test have these ranks for the median at 95 %.</summary>
    [Theory]
    [InlineData(6, 1, 6)]
    [InlineData(10, 2, 9)]
    [InlineData(20, 6, 15)]
    [InlineData(100, 40, 61)]
    public void The_median_has_the_ranks_of_the_tables(long count, long low, long high) =>
        Assert.Equal((low, high), OrderStatistics.Ranks(count, 0.5, 0.05));

    [Fact]
    public void Five_values_do_not_bound_a_median() => Assert.Equal((0L, 6L), OrderStatistics.Ranks(5, 0.5, 0.05));

    [Fact]
    public void Both_sides_are_mirrored()
    {
        (long low, long high) = OrderStatistics.Ranks(1000, 0.99, 0.05);
        Assert.Equal((1000 - high + 1, 1000 - low + 1), OrderStatistics.Ranks(1000, 0.01, 0.05));
    }

    [Fact]
    public void Where_the_sum_ends_the_normal_distribution_goes_on_from()
    {
        (long exactLow, long exactHigh) = OrderStatistics.Ranks(3999, 0.5, 0.05);
        (long low, long high) = OrderStatistics.Ranks(4001, 0.5, 0.05);
        Assert.InRange(low - exactLow, -2, 3);
        Assert.InRange(high - exactHigh, -2, 3);
    }

    [Theory]
    [InlineData(0.05, 1.959964)]
    [InlineData(0.01, 2.575829)]
    [InlineData(0.0005, 3.480756)]
    public void Standard_deviations_are_those_of_the_tables(double outside, double z) =>
        Assert.Equal(z, NormalDistribution.TwoSided(outside), 5);
}
