using Warmwire.Cli.Measuring;
using Xunit;

namespace Warmwire.Cli.Tests.Measuring;

public sealed class PercentileTests
{
    [Theory]
    [InlineData(1, 50, 1)]
    [InlineData(1, 99, 1)]
    [InlineData(2, 50, 1)]
    [InlineData(3, 50, 2)]
    [InlineData(100, 50, 50)]
    [InlineData(100, 99, 99)]
    [InlineData(100, 100, 100)]
    [InlineData(2000, 99, 1980)]
    [InlineData(60, 99, 60)]
    [InlineData(60, 0.1, 1)]
    public void It_is_the_sample_of_the_nearest_rank(int samples, double percent, long expected) =>
        Assert.Equal(expected, Percentile.Of([.. Enumerable.Range(1, samples).Select(static n => (long)n)], percent));

    [Fact]
    public void There_is_none_of_no_samples() => Assert.Throws<ArgumentOutOfRangeException>(() => Percentile.Of([], 50));

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void A_percentage_outside_its_range_is_refused(double percent) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Percentile.Of([1, 2], percent));
}
