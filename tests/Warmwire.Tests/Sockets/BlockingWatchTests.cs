using System.Diagnostics;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Sockets;

public sealed class BlockingWatchTests
{
    private readonly BlockingWatch _watch = new();
    private TimeSpan _now = TimeSpan.FromHours(1);

    public BlockingWatchTests() => Pass(SocketLimits.BlockingWindow);

    [Theory]
    [InlineData(0.4, false)]
    [InlineData(0.6, true)]
    public void Half_of_a_loops_time_decides(double part, bool isOn)
    {
        Block(part);
        Assert.Equal(isOn, _watch.IsOn);
        Assert.Equal(isOn ? 1 : 0, _watch.Times);
    }

    [Fact]
    public void It_ends_by_itself_and_lasts_longer_when_it_is_found_again()
    {
        TimeSpan pause = SocketLimits.BlockingAtFirst;
        for (int i = 0; i < 8; i++)
        {
            Block(1);
            Assert.True(_watch.IsOn);
            Pass(pause - TimeSpan.FromMilliseconds(1));
            Assert.True(_watch.IsOn, $"{i}: {pause}");
            Pass(TimeSpan.FromMilliseconds(1));
            Assert.False(_watch.IsOn, $"{i}: {pause}");
            pause = 2 * pause < SocketLimits.BlockingAtMost ? 2 * pause : SocketLimits.BlockingAtMost;
        }

        // It has stopped blocking, and begins once more later.
        Pass(pause);
        Block(1);
        Pass(SocketLimits.BlockingAtFirst);
        Assert.False(_watch.IsOn);
    }

    [Fact]
    public void What_is_told_while_it_is_on_counts_for_nothing()
    {
        Block(1);
        _watch.Note(TimeSpan.FromSeconds(1));
        Pass(SocketLimits.BlockingAtFirst);
        Pass(SocketLimits.BlockingWindow);
        Assert.False(_watch.IsOn);
    }

    [Fact]
    public void It_is_off_while_nothing_works()
    {
        Block(1);
        _watch.BecomeIdle();
        Assert.False(_watch.IsOn);
    }

    [Fact]
    public void A_thread_that_was_deposed_tells_of_short_blocks_only()
    {
        long now = Stopwatch.GetTimestamp();
        _watch.NoteDeposed(now - (long)(SocketLimits.BlockWorthATakeover.TotalSeconds * Stopwatch.Frequency));
        Pass(SocketLimits.BlockingWindow);
        Assert.False(_watch.IsOn);
        for (int i = 0; i < 10; i++)
        {
            _watch.NoteDeposed(Stopwatch.GetTimestamp() - (Stopwatch.Frequency / 1000));
        }

        Pass(SocketLimits.BlockingWindow);
        Assert.True(_watch.IsOn);
    }

    [Fact]
    public void A_thread_that_waits_is_told_from_one_that_computes()
    {
        ThreadUse before = ThreadUse.Now();
        // Real time: the system's account of a thread that waits.
        Thread.Sleep(20);
        ThreadUse after = ThreadUse.Now();
        Assert.InRange(after.BlockedSince(before), TimeSpan.FromMilliseconds(15), TimeSpan.FromSeconds(30));

        // The machine may take the processor away at any time, for longer than the computation: once in a while it does not.
        bool computes = false;
        for (int i = 0; i < 100 && !computes; i++)
        {
            before = ThreadUse.Now();
            long end = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 1000);
            while (Stopwatch.GetTimestamp() < end)
            {
                Thread.SpinWait(10);
            }

            after = ThreadUse.Now();
            computes = after.BlockedSince(before) == TimeSpan.Zero && after.Processor - before.Processor > TimeSpan.FromMilliseconds(0.9);
        }

        Assert.True(computes, "a computation is never seen as one");
    }

    private void Block(double part)
    {
        _watch.Note(part * SocketLimits.BlockingWindow);
        Pass(SocketLimits.BlockingWindow);
    }

    private void Pass(TimeSpan time)
    {
        _now += time;
        _watch.Look((long)(_now.TotalSeconds * Stopwatch.Frequency));
    }
}
