using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Merging;

public sealed class ResultMergerTests
{
    private const int Seconds = 12;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 7)]
    [InlineData(4, 16)]
    public void Merging_the_parts_equals_recording_the_whole(int seed, int count)
    {
        var random = new Random(seed);
        RecordedLoad whole = RecordedLoad.Make(random, random.Next(50, 3_000), Seconds);
        QuickResult expected = whole.Result(1000, 5 * count, Seconds);
        QuickResult merged = MergedResults.Of(Parts(whole, random, count));

        AssertSame(
            expected with { Merged = count, Connections = expected.Connections with { FailedDials = merged.Connections.FailedDials } },
            merged);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void The_order_of_the_parts_does_not_matter(int seed)
    {
        var random = new Random(seed);
        QuickResult[] parts = Parts(RecordedLoad.Make(random, 800, Seconds), random, 6);
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = parts[i] with
            {
                StartedAt = parts[i].StartedAt.AddSeconds(i * 1.3),
                ErrorExamples = new Dictionary<string, string> { ["timeout"] = $"after {i}" },
            };
        }

        string first = QuickJson.Write(MergedResults.Of(parts));
        random.Shuffle(parts);
        Assert.Equal(first, QuickJson.Write(MergedResults.Of(parts)));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    public void A_merge_of_merges_is_the_merge_of_all(int seed)
    {
        var random = new Random(seed);
        QuickResult[] parts = Parts(RecordedLoad.Make(random, 900, Seconds), random, 6);
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = parts[i] with { StartedAt = parts[i].StartedAt.AddSeconds(i) };
        }

        QuickResult nested = MergedResults.Of(
            [MergedResults.Of(parts[..2]), MergedResults.Of([parts[5], MergedResults.Of(parts[2..5])])]);
        AssertSame(MergedResults.Of(parts), nested);
    }

    [Fact]
    public void One_result_stays_as_it_is()
    {
        QuickResult only = RecordedLoad.Make(new Random(9), 500, Seconds).Result(1000, 20, Seconds);
        AssertSame(only, MergedResults.Of([only]));
    }

    [Fact]
    public void What_is_written_and_read_merges_the_same()
    {
        var random = new Random(10);
        QuickResult[] parts = Parts(RecordedLoad.Make(random, 500, Seconds), random, 3);
        Assert.Equal(
            QuickJson.Write(MergedResults.Of(parts)),
            QuickJson.Write(MergedResults.Of([.. parts.Select(static part => QuickJson.Read(QuickJson.Write(part)))])));
    }

    [Fact]
    public void Series_are_laid_over_each_other_by_the_wall_clock()
    {
        QuickResult early = With(0, (0, 10, 1), (1, 20, 2), (2, 30, 3));
        QuickResult late = With(1.5, (0, 100, 5), (1, 200, 7)); // from 1.5 s to 3.5 s
        QuickResult merged = MergedResults.Of([late, early]);

        Assert.Equal(RecordedLoad.Start, merged.StartedAt);
        Assert.Equal(3.5, merged.ElapsedSeconds);
        Assert.Equal([0.0, 1, 2], merged.Series.Points.Select(static point => point.At));
        Assert.Equal([10L, 120, 230], merged.Series.Points.Select(static point => point.Due)); // where it begins
        Assert.Equal([1L, 2 + 5, 3 + 7], merged.Series.Points.Select(static point => point.PeakOpen)); // wherever it reaches
        Assert.Equal(10, merged.Connections.PeakOpen);
    }

    [Fact]
    public void Peaks_that_were_not_at_the_same_time_are_not_added() =>
        Assert.Equal(9, MergedResults.Of([With(0, (0, 1, 9), (1, 1, 0)), With(60, (0, 1, 8))]).Connections.PeakOpen);

    [Fact]
    public void Rates_of_runs_one_after_another_are_not_added()
    {
        QuickResult first = With(0, (0, 1, 1), (1, 1, 1)) with { AchievedRate = 50 };
        QuickResult merged = MergedResults.Of([first, first with { StartedAt = first.StartedAt.AddSeconds(2), AchievedRate = 60 }]);
        Assert.Equal((60.0, 100.0), (merged.AchievedRate, merged.Target.Rate));
        merged = MergedResults.Of([first, first with { StartedAt = first.StartedAt.AddSeconds(1.9), AchievedRate = 60 }]);
        Assert.Equal((110.0, 200.0), (merged.AchievedRate, merged.Target.Rate));
    }

    [Fact]
    public void Thirds_of_a_rate_add_up_to_the_rate()
    {
        QuickResult third = QuickResults.Usual() with { AchievedRate = 1000 / 3.0 };
        Assert.Equal(1000, MergedResults.Of([third, third, third]).AchievedRate);
    }

    [Fact]
    public void A_long_series_keeps_a_bounded_number_of_points()
    {
        QuickResult first = With(0, [.. Enumerable.Range(0, 600).Select(static i => ((double)i, 1L, 1L))]);
        QuickResult second = With(300, [.. Enumerable.Range(0, 600).Select(static i => ((double)i, 10L, 1L))]);
        QuickResult merged = MergedResults.Of([first, second]);
        Assert.Equal((2.0, 450), (merged.Series.IntervalSeconds, merged.Series.Points.Count));
        Assert.Equal(6_600, merged.Series.Points.Sum(static point => point.Due));
        Assert.Equal([2L, 22, 20], [merged.Series.Points[0].Due, merged.Series.Points[200].Due, merged.Series.Points[449].Due]);

        merged = MergedResults.Of([first, first with { StartedAt = first.StartedAt.AddYears(1) }]);
        Assert.InRange(merged.Series.Points.Count, 300, 600);
        Assert.Equal(1_200, merged.Series.Points.Sum(static point => point.Due));
    }

    [Fact]
    public void Intervals_of_different_lengths_become_the_longest()
    {
        QuickResult fine = With(0, (0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1), (4, 5, 1));
        QuickResult coarse = With(0, (0, 10, 1), (4, 20, 1));
        coarse = coarse with { Series = coarse.Series with { IntervalSeconds = 4 } };
        SeriesResult merged = MergedResults.Of([fine, coarse]).Series;
        Assert.Equal((4.0, 2), (merged.IntervalSeconds, merged.Points.Count));
        Assert.Equal([20L, 25], merged.Points.Select(static point => point.Due));
    }

    [Fact]
    public void What_limited_a_generator_is_listed_with_its_file()
    {
        QuickResult limited = QuickResults.Usual() with { GeneratorLimited = true, GeneratorLimits = ["both cores were busy"] };
        QuickResult merged = ResultMerger.Merge([new NamedResult("a.json", QuickResults.Usual()), new NamedResult("b.json", limited)]);
        Assert.True(merged.GeneratorLimited);
        Assert.Equal(["b.json: both cores were busy"], merged.GeneratorLimits);
    }

    [Fact]
    public void A_watched_process_is_kept_if_it_is_the_only_one()
    {
        var none = new ProcessState
        {
            Descriptors = 0,
            ResidentMegabytes = 0,
            Threads = 0,
            Outgoing = new Dictionary<string, int>(),
            Incoming = 0,
            TimeWait = new Dictionary<string, int>(),
        };
        var process = new ProcessResult
        {
            Pid = 7,
            Name = "server",
            CpuSeconds = 1,
            CpuMicrosPerRequest = 1,
            Before = none,
            During = none,
            After = none,
            OutgoingSeen = new Dictionary<string, long>(),
        };
        QuickResult watched = QuickResults.Usual() with { Process = process };

        QuickResult merged = MergedResults.Of([QuickResults.Usual(), watched], static result => [$"{result.Requests} requests."]);
        Assert.Equal((process, "400 requests."), (merged.Process, Assert.Single(merged.Verdict)));

        merged = MergedResults.Of([watched, watched], static result => [$"{result.Requests} requests."]);
        Assert.Null(merged.Process);
        Assert.Equal(["400 requests.", ResultMerger.SeveralProcesses], merged.Verdict);
    }

    [Fact]
    public void Conditions_are_not_taken_over() =>
        Assert.Empty(MergedResults.Of([QuickResults.Usual() with { Ensure = [new EnsureResult("max<1", false, "5 ms")] }]).Ensure);

    [Fact]
    public void A_figure_that_one_part_cannot_see_is_unknown_of_the_whole()
    {
        QuickResult blind = QuickResults.Usual();
        blind = blind with { Connections = blind.Connections with { TimeWait = null } };
        Assert.Null(MergedResults.Of([QuickResults.Usual(), blind]).Connections.TimeWait);
    }

    [Fact]
    public void Many_different_numbers_of_requests_are_rounded_down_and_ends_stay_exact()
    {
        QuickResult part = QuickResults.Usual();
        QuickResult many = part with
        {
            Connections = part.Connections with
            {
                RequestsPerConnection = RequestCounts.Of(
                    Enumerable.Range(100_001, 5_000).Select(static requests => KeyValuePair.Create((long)requests, 1L))).GetResult(),
            },
        };
        RequestsPerConnection merged = MergedResults.Of([many, many]).Connections.RequestsPerConnection;
        Assert.InRange(merged.Counts.Count, 1, 100);
        Assert.Equal((100_001L, 105_000L, 10_000L), (merged.Min, merged.Max, merged.Counts.Values.Sum()));
    }

    [Fact]
    public void Checks_users_and_what_ended_a_run_are_merged()
    {
        QuickResult part = QuickResults.Usual();
        QuickResult one = part with
        {
            Target = part.Target with { Model = TargetResult.Closed, Users = 3 },
            Checks = new Dictionary<string, CheckResult> { ["status==200"] = new(5, 2) },
            Redirects = 4,
            Connections = part.Connections with { OpenAtStart = 2 },
            Aborted = new AbortResult("errors>5%", 7, "6 %"),
        };
        QuickResult other = one with
        {
            Checks = new Dictionary<string, CheckResult> { ["body~x"] = new(1, 0), ["status==200"] = new(10, 1) },
            Aborted = new AbortResult("errors>5%", 3, "9 %"),
        };
        QuickResult merged = MergedResults.Of([one, other]);
        Assert.Equal(
            new Dictionary<string, CheckResult> { ["body~x"] = new(1, 0), ["status==200"] = new(15, 3) }, merged.Checks);
        Assert.Equal((6, 8, 4), (merged.Target.Users, merged.Redirects, merged.Connections.OpenAtStart));
        Assert.Equal(3, merged.Aborted!.AtSeconds);

        CommandFailure failure = Assert.Throws<CommandFailure>(() => MergedResults.Of([one, part]));
        Assert.Contains("the model of load is closed in ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loads_that_differ_are_told_with_both_values()
    {
        QuickResult one = QuickResults.Usual();
        AssertRefused(
            "the URL is http://127.0.0.1:5000/ in a.json and http://x/ in b.json",
            one with { Target = one.Target with { Url = "http://x/" } });
        AssertRefused("the method is GET in a.json and HEAD in b.json", one with { Target = one.Target with { Method = "HEAD" } });
        AssertRefused(
            "the number of requests per arrival is 1 in a.json and 3 in b.json",
            one with { Target = one.Target with { RequestsPerArrival = 3 } });
        AssertRefused("the HTTP version is 1.1 in a.json and 2 in b.json", one with { Target = one.Target with { HttpVersion = "2" } });
    }

    [Fact]
    public void Damage_is_told_with_its_file_and_place()
    {
        QuickResult one = QuickResults.Usual();
        AssertRefused(
            "b.json is damaged: its histogram 'corrected': it does not start",
            one with { Histogram = one.Histogram with { Corrected = "AAAA" } });
        AssertRefused(
            "b.json is damaged: its histogram 'dns': it has 1 values instead of 0",
            one with { Histogram = one.Histogram with { Dns = HistogramCoder.Encode(Histograms.RandomValues.Record([5])) } });
        AssertRefused(
            "b.json is damaged: the interval of its series is not 1, 2, 4", one with { Series = one.Series with { IntervalSeconds = 0 } });
        AssertRefused(
            "b.json is damaged: the interval of its series is not 1, 2, 4", one with { Series = one.Series with { Points = [null!] } });
        QuickResult bad = With(0, (0, 1, 1));
        AssertRefused(
            "b.json is damaged: the histogram of its series at 0 s",
            bad with { Series = bad.Series with { Points = [bad.Series.Points[0] with { Histogram = "HIST" }] } });
        AssertRefused("their counts are too large to add", one with { Requests = long.MaxValue });
    }

    private static QuickResult[] Parts(RecordedLoad whole, Random random, int count) =>
        [.. whole.Split(random, count).Select(part => part.Result(1000.0 / count, 5, Seconds))];

    /// <summary>A series of points: seconds after its start, arrivals due, connections open.</summary>
    private static QuickResult With(double startSeconds, params (double At, long Due, long Peak)[] points)
    {
        QuickResult result = QuickResults.Usual();
        return result with
        {
            StartedAt = RecordedLoad.Start.AddSeconds(startSeconds),
            ElapsedSeconds = points[^1].At + 1,
            Connections = result.Connections with { PeakOpen = points.Max(static point => point.Peak) },
            Series = new SeriesResult
            {
                IntervalSeconds = 1,
                Points = [.. points.Select(static point => new SeriesPoint
                {
                    At = point.At, Due = point.Due, Started = 0, Responses = 0, Errors = 0, Opened = 0, Closed = 0, PeakOpen = point.Peak,
                    P50 = 0, P99 = 0, Max = 0, Histogram = "",
                })],
            },
        };
    }

    /// <summary>
    /// Every field is equal; but an interval's percentiles come from its buckets alone, without the exact shortest, and so to three digits.
    /// </summary>
    private static void AssertSame(QuickResult expected, QuickResult actual)
    {
        foreach ((SeriesPoint ours, SeriesPoint theirs) in expected.Series.Points.Zip(actual.Series.Points))
        {
            Assert.InRange(theirs.P50, ours.P50 * 0.999, ours.P50 * 1.001);
            Assert.InRange(theirs.P99, ours.P99 * 0.999, ours.P99 * 1.001);
        }

        Assert.Equal(QuickJson.Write(WithoutPercentiles(expected)), QuickJson.Write(WithoutPercentiles(actual)));
    }

    private static QuickResult WithoutPercentiles(QuickResult result) =>
        result with
        {
            Series = result.Series with { Points = [.. result.Series.Points.Select(static point => point with { P50 = 0, P99 = 0 })] },
        };

    private static void AssertRefused(string message, QuickResult other)
    {
        CommandFailure failure = Assert.Throws<CommandFailure>(
            () => ResultMerger.Merge([new NamedResult("a.json", QuickResults.Usual()), new NamedResult("b.json", other)]));
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }
}
