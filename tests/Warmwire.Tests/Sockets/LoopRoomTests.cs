using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>As many loops as there are processors for.</summary>
public sealed class LoopRoomTests
{
    private readonly FakeTime _time = new();
    private readonly Dictionary<int, TimeSpan> _waited = new() { [1] = TimeSpan.Zero, [2] = TimeSpan.Zero };
    private readonly LoopRoom _room;
    private TimeSpan? _idle = TimeSpan.Zero;

    public LoopRoomTests() => _room = new LoopRoom(
        _time,
        new IdleProcessors(_time, () => _idle),
        new ProcessorWaits(_time, thread => _waited.TryGetValue(thread, out TimeSpan wait) ? wait : null));

    [Fact]
    public void A_loop_is_added_only_when_a_processor_was_idle_since_the_last_wish()
    {
        Assert.Equal(0, Wish(1, led: 1));
        Pass(idle: 0.7);
        Assert.Equal(0, Wish(1, led: 1));
        Pass(idle: 0.8);
        Assert.Equal(1, Wish(1, led: 1));
        Pass(idle: 0.8);
        Assert.Equal(0, Wish(1, led: 2));
    }

    [Fact]
    public void What_was_idle_long_ago_does_not_count()
    {
        Assert.Equal(0, Wish(1, led: 1));
        _idle += TimeSpan.FromSeconds(50);
        _time.Advance(SocketLimits.IdleTimeIsOld);
        Assert.Equal(0, Wish(1, led: 1));
        Pass(idle: 1);
        Assert.Equal(1, Wish(1, led: 1));
    }

    [Fact]
    public void Where_the_system_does_not_tell_loops_are_added_as_they_are_wished_for()
    {
        _idle = null;
        Assert.Equal(1, Wish(1, led: 1));
        Assert.Equal(0, Wish(1, led: 2));
        Assert.Equal(-1, Wish(-1, led: 2));
        Assert.Equal(0, Wish(0, led: 2));
    }

    /// <summary>Half a processor is free, a loop is added, waits for the other half, goes, and half a processor is free again.</summary>
    [Fact]
    public void A_loop_that_waits_for_its_processor_goes_and_none_is_added_for_longer_and_longer()
    {
        foreach (int pause in (int[])[1, 2, 4, 8, 16, 30, 30])
        {
            _ = Wish(0, led: 2);
            Pass(idle: 0, waited: 0.2);
            Assert.Equal(0, Wish(0, led: 2));
            Pass(idle: 0, waited: 0.3);
            Assert.Equal(-1, Wish(1, led: 2));
            DateTimeOffset until = _time.GetUtcNow() + TimeSpan.FromSeconds(pause);
            while (_time.GetUtcNow() < until)
            {
                Assert.Equal(0, Wish(1, led: 1));
                Pass(idle: 1);
            }

            _ = Wish(1, led: 1);
            Pass(idle: 1);
            Assert.Equal(1, Wish(1, led: 1));
        }
    }

    [Fact]
    public void A_thread_that_is_new_or_unknown_did_not_wait()
    {
        _waited[2] = TimeSpan.FromHours(1);
        Assert.Equal(0, _room.WhatFits(0, [1, 3], most: 2));
        Pass(idle: 0);
        Assert.Equal(0, _room.WhatFits(0, [1, 2, 3], most: 3));
    }

    [Fact]
    public void Idle_and_waiting_time_of_the_processors_that_may_be_used_are_added()
    {
        byte[] text = """
            cpu  9 9 9 1000 9 9
            cpu0 1 2 3 40 5 6 7 8 9 0
            cpu1 1 1 1 100 0 1
            cpu70 1 1 1 3 4 0
            intr 7 8
            cpu2 1 1 1 1 1
            """u8.ToArray();
        Assert.Equal(TimeSpan.FromMilliseconds(450), IdleProcessors.Parse(text, [0b001]));
        Assert.Equal(TimeSpan.FromMilliseconds(1450), IdleProcessors.Parse(text, [0b111]));
        Assert.Equal(TimeSpan.FromMilliseconds(70), IdleProcessors.Parse(text, [0, 1 << 6]));
        Assert.Null(IdleProcessors.Parse(text, [0b100]));
        Assert.Null(IdleProcessors.Parse("cpu0 1 2 x"u8, [1]));
        Assert.Null(IdleProcessors.Parse([], [1]));
    }

    [Fact]
    public void The_wait_of_a_thread_is_the_second_figure()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(3), ProcessorWaits.Parse("7000000 3000000 12\n"u8));
        Assert.Null(ProcessorWaits.Parse("7000000"u8));
        Assert.Null(ProcessorWaits.Parse("a b c"u8));
    }

    /// <summary>The real files, where there are such.</summary>
    [Fact]
    public void The_system_tells_of_this_machine()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/proc/stat"), "There is no /proc.");
        Span<ulong> processors = stackalloc ulong[16];
        Assert.True(LibC.ProcessorsOfThread(processors));
        Assert.NotNull(IdleProcessors.Parse(File.ReadAllBytes("/proc/stat"), processors));
        Assert.Contains(LibC.NumberOfThread().ToString(), Directory.GetDirectories("/proc/self/task").Select(Path.GetFileName));
    }

    private int Wish(int wish, int led) => _room.WhatFits(wish, [.. Enumerable.Range(1, led)], most: 2);

    private void Pass(double idle, double waited = 0)
    {
        TimeSpan time = TimeSpan.FromMilliseconds(64);
        _time.Advance(time);
        _idle += time * idle;
        _waited[2] += time * waited;
    }
}
