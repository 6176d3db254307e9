using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

/// <summary>Times in which the process was stopped.</summary>
public sealed class PauseTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_look_that_comes_late_tells_how_long_the_process_did_not_run()
    {
        var watch = new PauseWatch(5 * Second);
        Assert.Equal(0, watch.Saw((5 * Second) + 50_000_000));
        Assert.Equal(0, watch.Saw(6 * Second));
        Assert.Equal(240 * Second, watch.Saw(246 * Second));
        Assert.Equal(0, watch.Saw((246 * Second) + 1));
    }

    [Fact]
    public void Arrivals_of_a_pause_are_dropped_for_it()
    {
        var recorder = new RunRecorder();
        recorder.ArrivalDropped();
        recorder.Paused(3 * Second, 90);
        recorder.Paused(Second / 2, 0);
        RunRecord record = recorder.Finish(10, new ArrivalSchedule(1, 1, Shard.Whole));
        Assert.Equal((91, new PausesResult { Count = 2, Seconds = 3.5, DroppedArrivals = 90 }), (record.Dropped, record.Pauses));
    }

    [Fact]
    public void Seconds_of_a_pause_take_no_memory()
    {
        var recorder = new RunRecorder();
        recorder.ArrivalStarted(0, 1);
        recorder.PutAwaySeconds(10 * Second);
        long before = GC.GetAllocatedBytesForCurrentThread();
        recorder.PutAwaySeconds(310 * Second);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        Assert.Equal(311, recorder.Finish(310 * Second, new ArrivalSchedule(1, 1, Shard.Whole)).Series.Points.Count);
    }

    [Theory]
    [InlineData(100_000_000, 500_000)] // ten per second
    [InlineData(10_000_000, 200_000)]
    [InlineData(100_000, 2_000)] // ten thousand per second
    [InlineData(0, 0)]
    [InlineData(-1, 0)]
    public void Spinning_takes_a_50th_of_the_time_at_most(long interval, long spin) => Assert.Equal(spin, LoadClock.SpinOf(interval));
}
