using System.Globalization;
using Warmwire.Cli.Histograms;
using Xunit;

namespace Warmwire.Cli.Tests.Histograms;

public sealed class HgrmTextTests
{
    [Fact]
    public void It_is_a_head_rising_percentiles_and_a_foot()
    {
        long[] values = RandomValues.Make(new Random(3), 10_000);
        string[] lines = Lines(RandomValues.Record(values));

        Assert.Equal("       Value     Percentile TotalCount 1/(1-Percentile)", lines[0]);
        Assert.Equal("", lines[1]);
        Assert.StartsWith("#[Mean    = ", lines[^3], StringComparison.Ordinal);
        Assert.StartsWith("#[Max     = ", lines[^2], StringComparison.Ordinal);
        Assert.Equal("#[Buckets =           32, SubBuckets     =         2048]", lines[^1]);

        double[][] rows =
        [
            .. lines[2..^3].Select(
                static line =>
                    line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                        .Select(static field => double.Parse(field, CultureInfo.InvariantCulture))
                        .ToArray()),
        ];
        for (int i = 1; i < rows.Length; i++)
        {
            Assert.True(rows[i][0] >= rows[i - 1][0], lines[i + 2]);
            Assert.True(rows[i][1] > rows[i - 1][1], lines[i + 2]);
            Assert.True(rows[i][2] >= rows[i - 1][2], lines[i + 2]);
        }

        Assert.All(rows[..^1], static row => Assert.Equal(4, row.Length));
        Assert.Equal(3, rows[^1].Length); // 1/(1-1) is left out
        Assert.Equal((1.0, 10_000.0), (rows[^1][1], rows[^1][2]));
        Assert.Equal(values.Max() / 1e6, rows[^1][0], tolerance: 0.0006);
        Assert.InRange(rows.Length, 40, 90);
    }

    [Fact]
    public void One_duration_is_one_line() => Assert.Equal(
        ["       1.500 1.000000000000          1"],
        Lines(RandomValues.Record([1_500_000]))[2..^3]);

    [Fact]
    public void Nothing_recorded_has_no_lines_between_head_and_foot() => Assert.Equal(5, Lines(new LatencyHistogram()).Length);

    [Fact]
    public void Mean_and_deviation_are_in_milliseconds() => Assert.Equal(
        "#[Mean    =        2.000, StdDeviation   =        1.000]",
        Lines(RandomValues.Record([1_000_000, 3_000_000]))[^3]);

    [Fact]
    public void More_durations_than_a_double_can_tell_apart_come_to_an_end()
    {
        long[] counts = new long[LatencyHistogram.Length];
        counts[1] = 1L << 61;
        counts[2] = 1;
        Assert.EndsWith("1.000000000000 2305843009213693953", Lines(LatencyHistogram.Restore(counts))[^4], StringComparison.Ordinal);
    }

    private static string[] Lines(LatencyHistogram histogram)
    {
        using var writer = new StringWriter();
        HgrmText.Write(writer, histogram);
        string text = writer.ToString();
        Assert.EndsWith("]\n", text, StringComparison.Ordinal);
        return text[..^1].Split('\n');
    }
}
