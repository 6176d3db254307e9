using Warmwire.Cli.Histograms;
using Xunit;

namespace Warmwire.Cli.Tests.Histograms;

public sealed class LatencyBandsTests
{
    [Theory]
    [InlineData(1_000_000, 9_000_000, 16)]
    [InlineData(1_000_000, 900_000_000, 16)]
    [InlineData(0, LatencyHistogram.HighestTrackable, 16)]
    [InlineData(0, LatencyHistogram.HighestTrackable, 3)]
    [InlineData(0, 2 * LatencyHistogram.HighestTrackable, 1)]
    [InlineData(5, 5, 1)]
    [InlineData(long.MaxValue, long.MaxValue, 5)]
    public void They_cover_the_range_and_are_not_too_many(long min, long max, int most)
    {
        var bands = LatencyBands.Covering(min, max, most);
        Assert.InRange(bands.Count, 1, most);
        Assert.Equal(0, bands.BandOf(min));
        Assert.Equal(bands.Count - 1, bands.BandOf(max));
        Assert.True(bands.End(bands.Count - 1) > Math.Min(max, LatencyHistogram.HighestTrackable));
        Assert.All(Enumerable.Range(1, bands.Count - 1), i => Assert.True(bands.End(i) > bands.End(i - 1)));
    }

    [Fact]
    public void The_finest_that_fit_are_chosen()
    {
        Assert.Equal(10, LatencyBands.Covering(1_000_000, 9_999_999, 10).Count);
        Assert.Equal(5, LatencyBands.Covering(1_000_000, 9_999_999, 9).Count);
    }

    [Fact]
    public void Every_latency_is_counted_once_and_a_bound_belongs_to_the_next()
    {
        LatencyHistogram histogram = RandomValues.Record([900_000, 1_000_000, 1_600_000, 2_000_000, 60_000_000_000]);
        var bands = LatencyBands.Covering(histogram.Min, histogram.Max, 30);
        long[] counts = bands.CountsOf(histogram);
        Assert.Equal(5, counts.Sum());
        Assert.Equal(bands.BandOf(999_999) + 1, bands.BandOf(1_000_000));
        Assert.Equal(1, counts[bands.BandOf(60_000_000_000)]);
    }

    [Theory]
    [InlineData(1_250_000, "1.25 ms")]
    [InlineData(630_000, "630 µs")]
    [InlineData(3_200_000_000, "3.2 s")]
    public void Bounds_have_their_unit(long nanoseconds, string text) => Assert.Equal(text, LatencyBands.Text(nanoseconds));
}
