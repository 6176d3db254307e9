using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class RunRecorderTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public async Task Nothing_is_lost_while_seconds_are_put_away()
    {
        var recorder = new RunRecorder();
        const int Each = 20_000;
        Task[] recording = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (long i = 0; i < Each; i++)
            {
                long now = i * (5 * Second / Each);
                recorder.ArrivalStarted(now, now);
                recorder.RequestStarted();
                recorder.Responded(200, 10, new RequestTimes(now, now, now + 1, 0, 0));
            }
        }))];
        while (!recording.All(static task => task.IsCompleted))
        {
            recorder.PutAwaySeconds(0);
        }

        await Task.WhenAll(recording);
        RunRecord record = recorder.Finish((5 * Second) - 1, new ArrivalSchedule(4 * Each / 5, 4 * Each, Shard.Whole));
        Assert.Equal((4 * Each, 4 * Each, 40 * Each), (record.Arrivals, record.Responses, record.Bytes));
        Assert.Equal(
            (4 * Each, 4 * Each, 4 * Each),
            (
                record.Series.Points.Sum(static p => p.Started),
                record.Series.Points.Sum(static p => p.Responses),
                record.Series.Points.Sum(static p => p.Due)));
        Assert.Equal(5, record.Series.Points.Count);
    }

    [Fact]
    public void Connections_stay_open_from_one_second_to_the_next()
    {
        var recorder = new RunRecorder();
        recorder.Opened(0);
        recorder.Opened(1);
        recorder.Closed(2 * Second);
        recorder.Opened((2 * Second) + 1);
        RunRecord record = recorder.Finish((4 * Second) + 1, new ArrivalSchedule(1, 1, Shard.Whole));
        Assert.Equal([2, 2, 2, 2, 2], record.Series.Points.Select(static point => point.PeakOpen));
        Assert.Equal([2, 0, 1, 0, 0], record.Series.Points.Select(static point => point.Opened));
    }

    [Fact]
    public void What_failed_or_was_cut_off_is_in_the_latencies_with_the_time_until_then()
    {
        var recorder = new RunRecorder();
        recorder.RequestStarted();
        recorder.RequestStarted();
        recorder.Failed("Timeout.Connect", "no", isReplaySafe: true, new RequestTimes(1, 2, 5, 0, 0));
        recorder.Unanswered(new RequestTimes(1, 2, 8, 0, 0));
        Assert.Equal((2, 2, 7), (recorder.Look().Requests, recorder.Look().Failed, recorder.Look().Max));
        RunRecord record = recorder.Finish(10, new ArrivalSchedule(1, 1, Shard.Whole));
        Assert.Equal((2, 0, 1), (record.Requests, record.Responses, record.Errors.Values.Sum()));
        Assert.Equal((1, 1), (record.ReplaySafe, record.Unanswered));
        Assert.Equal("no", record.ErrorExamples["Timeout.Connect"]);
        Assert.Equal((4, 7), (record.Corrected.Min, record.Corrected.Max));
        Assert.Equal((3, 6), (record.Uncorrected.Min, record.Uncorrected.Max));
        Assert.Equal((0, 0), (record.Queue.Total, record.FirstByte.Total));
        Assert.Equal(2, SeriesPoints.HistogramOf(Assert.Single(record.Series.Points)).Total);
    }
}
