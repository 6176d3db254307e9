using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class SeriesBuilderTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(599, 1, 599)]
    [InlineData(600, 2, 300)]
    [InlineData(601, 2, 301)]
    [InlineData(1300, 4, 325)]
    [InlineData(5000, 16, 313)]
    public void However_long_it_is_there_are_at_most_600_points_and_nothing_is_lost(int seconds, double interval, int points)
    {
        var builder = new SeriesBuilder();
        for (int i = 0; i < seconds; i++)
        {
            var second = new LiveInterval { Started = 3, Responses = 2, Errors = 1, Opened = 1, Closed = 1, PeakOpen = i };
            second.Latencies.Record((i + 1) * 1_000_000L);
            second.Latencies.Record(1);
            builder.Add(second);
        }

        SeriesResult series = builder.Finish(seconds * 1_000_000_000L, new ArrivalSchedule(3, 3L * seconds, Shard.Whole));
        Assert.Equal((interval, points), (series.IntervalSeconds, series.Points.Count));
        Assert.Equal(Enumerable.Range(0, points).Select(i => i * interval), series.Points.Select(static point => point.At));
        Assert.Equal(
            (3L * seconds, 3L * seconds, 2L * seconds, seconds),
            (
                series.Points.Sum(static p => p.Due),
                series.Points.Sum(static p => p.Started),
                series.Points.Sum(static p => p.Responses),
                series.Points.Sum(static p => p.Errors)));
        Assert.Equal((seconds - 1, seconds), (series.Points[^1].PeakOpen, series.Points.Max(static point => point.Max)));
        Assert.Equal(2L * seconds, series.Points.Sum(static point => SeriesPoints.HistogramOf(point).Total));
    }
}
