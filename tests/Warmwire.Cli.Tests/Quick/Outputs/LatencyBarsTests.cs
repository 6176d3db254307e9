using System.Globalization;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Rendering.Charts;
using Warmwire.Cli.Tests.Histograms;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Outputs;

public sealed class LatencyBarsTests
{
    /// <summary>1.1 ms, 2.1 ms and so on to 190.1 ms.</summary>
    private static readonly LatencyHistogram s_upTo190 =
        RandomValues.Record([.. Enumerable.Range(1, 190).Select(static i => (i * 1_000_000L) + 100_000)]);

    [Fact]
    public void Each_band_has_its_bar_its_count_and_its_share() => Assert.Equal(
        """
        corrected latency                        requests    share
           < 1.6 ms  ▍                                  1   0.53 %
           < 2.5 ms  ▍                                  1   0.53 %
             < 4 ms  ▍                                  1   0.53 %
           < 6.3 ms  █                                  3   1.58 %
            < 10 ms  █                                  3   1.58 %
            < 16 ms  ██▏                                6   3.16 %
            < 25 ms  ███▏                               9   4.74 %
            < 40 ms  █████▎                            15   7.89 %
            < 63 ms  ████████                          23  12.11 %
           < 100 ms  █████████████                     37  19.47 %
           < 160 ms  █████████████████████             60  31.58 %
           < 250 ms  ██████████▉                       31  16.32 %
        """,
        string.Join('\n', Draw(Of(s_upTo190), Glyphs.Blocks)));

    [Fact]
    public void All_responses_are_in_it()
    {
        string[] lines = Draw(QuickResults.Usual(), Glyphs.Blocks);
        long sum = lines.Skip(1).Sum(static line => long.Parse(
            line[34..49], NumberStyles.AllowThousands | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture));
        Assert.Equal(190, sum);
        Assert.Single(lines, static line => line.Contains(new string('█', 21), StringComparison.Ordinal));
    }

    [Fact]
    public void It_fits_60_columns_whatever_is_counted()
    {
        long[] counts = new long[LatencyHistogram.Length];
        counts[LatencyHistogram.IndexOf(1)] = 1;
        counts[LatencyHistogram.IndexOf(6_300_000)] = 9_999_999_999;
        counts[LatencyHistogram.IndexOf(LatencyHistogram.HighestTrackable)] = 3;
        string[] lines = Draw(Of(LatencyHistogram.Restore(counts)), Glyphs.Blocks);
        Assert.InRange(lines.Length, 5, 17);
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 60));
        Assert.Contains(lines, static line => line.Contains(" 9,999,999,999 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Ascii_is_ascii()
    {
        string[] lines = Draw(Of(RandomValues.Record([2_000, 3_000_000, 3_000_000])), Glyphs.Ascii);
        Assert.All(lines, static line => Assert.All(line, static letter => Assert.InRange(letter, ' ', '~')));
        Assert.Contains(lines, static line => line.Contains(new string('#', 21), StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains(" us ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_summary_has_it_under_the_dotted_lines_and_nothing_where_nothing_came()
    {
        using var busy = new StringWriter();
        SummaryText.Write(busy, QuickResults.Usual());
        Assert.Matches("vusers.target_rate: \\.+ [0-9/a-z]+\n\ncorrected latency ", busy.ToString());
        using var empty = new StringWriter();
        SummaryText.Write(empty, QuickResults.Empty());
        Assert.DoesNotContain("corrected latency", empty.ToString(), StringComparison.Ordinal);
    }

    private static string[] Draw(QuickResult result, Glyphs glyphs)
    {
        using var writer = new StringWriter();
        LatencyBars.Write(writer, result, glyphs);
        return writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static QuickResult Of(LatencyHistogram latency)
    {
        QuickResult empty = QuickResults.Empty();
        return empty with
        {
            LatencyMs = empty.LatencyMs with { Corrected = Summaries.Of(latency) },
            Histogram = empty.Histogram with { Corrected = HistogramCoder.Encode(latency) },
        };
    }
}
