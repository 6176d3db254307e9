using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class RequestCountsTests
{
    [Theory]
    [InlineData(new long[0], 0, 0, 0)]
    [InlineData(new long[] { 5 }, 5, 5, 5)]
    [InlineData(new long[] { 1, 9 }, 1, 5, 9)]
    [InlineData(new long[] { 0, 1, 1, 7, 300 }, 0, 1, 300)]
    [InlineData(new long[] { 1234, 1239, 98_765 }, 1234, 1230, 98_765)]
    public void The_middle_and_the_ends(long[] requests, long min, double median, long max)
    {
        var counts = new RequestCounts();
        foreach (long count in requests)
        {
            counts.Add(count);
        }

        RequestsPerConnection result = counts.Copy().GetResult();
        Assert.Equal((min, median, max), (result.Min, result.Median, result.Max));
        Assert.Equal(requests.Length, result.Counts.Values.Sum());
    }

    [Fact]
    public void Millions_of_different_numbers_take_little_room()
    {
        var counts = new RequestCounts();
        for (long i = 0; i < 1_000_000; i += 7)
        {
            counts.Add(i);
        }

        Assert.InRange(counts.GetResult().Counts.Count, 1000, 4000);
    }
}
