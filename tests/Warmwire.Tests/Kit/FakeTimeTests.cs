using Xunit;

namespace Warmwire.Tests.Kit;

public class FakeTimeTests
{
    private readonly FakeTime _time = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Timers_fire_in_the_order_they_are_due_and_see_their_own_moment()
    {
        long start = _time.GetTimestamp();
        Timer("late", Seconds(3));
        Timer("early", Seconds(1));
        Timer("early too", Seconds(1));
        Assert.Equal(3, _time.PendingTimers);
        Assert.Equal(Seconds(1), _time.NextDue);

        _time.Advance(Seconds(5));

        Assert.Equal(["early 1", "early too 1", "late 3"], _fired);
        Assert.Equal(Seconds(5), _time.GetElapsedTime(start));
        Assert.Equal(0, _time.PendingTimers);
        Assert.Null(_time.NextDue);

        void Timer(string name, TimeSpan due) =>
            _time.CreateTimer(_ => _fired.Add($"{name} {_time.GetElapsedTime(start).TotalSeconds}"), null, due, Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void A_timer_does_not_fire_before_it_is_due()
    {
        Once("a", Seconds(2));
        _time.Advance(Seconds(2) - TimeSpan.FromTicks(1));
        Assert.Empty(_fired);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(["a"], _fired);
    }

    [Fact]
    public void A_periodic_timer_fires_once_per_period()
    {
        using ITimer timer = _time.CreateTimer(_ => _fired.Add("tick"), null, Seconds(1), Seconds(2));
        _time.Advance(Seconds(6));
        Assert.Equal(3, _fired.Count);
        Assert.Equal(Seconds(1), _time.NextDue);
    }

    [Fact]
    public void A_changed_timer_forgets_its_old_time_and_a_disposed_one_stays_silent()
    {
        ITimer changed = Once("changed", Seconds(1));
        ITimer stopped = Once("stopped", Seconds(1));
        ITimer disposed = Once("disposed", Seconds(1));
        Assert.True(changed.Change(Seconds(5), Timeout.InfiniteTimeSpan));
        Assert.True(stopped.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        disposed.Dispose();
        Assert.False(disposed.Change(Seconds(1), Timeout.InfiniteTimeSpan));

        _time.Advance(Seconds(4));
        Assert.Empty(_fired);
        _time.Advance(Seconds(4));
        Assert.Equal(["changed"], _fired);
    }

    [Fact]
    public void A_callback_may_set_timers_and_move_time_itself()
    {
        long start = _time.GetTimestamp();
        _time.CreateTimer(
            _ =>
            {
                Once("inner", Seconds(1));
                _time.Advance(Seconds(1));
                _fired.Add("outer");
            },
            null,
            Seconds(1),
            Timeout.InfiniteTimeSpan);

        _time.Advance(Seconds(2));

        Assert.Equal(["inner", "outer"], _fired);
        Assert.Equal(Seconds(3), _time.GetElapsedTime(start));
    }

    [Fact]
    public async Task A_timer_set_to_zero_fires_without_an_advance()
    {
        var fired = new TaskCompletionSource();
        await using ITimer timer = _time.CreateTimer(_ => fired.SetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await Guard.Within(fired.Task, () => "the timer");
    }

    [Fact]
    public void The_wall_clock_moves_alone()
    {
        Once("a", Seconds(1));
        long start = _time.GetTimestamp();
        DateTimeOffset wall = _time.GetUtcNow();
        _time.AdvanceWallClock(TimeSpan.FromHours(2));
        Assert.Equal(start, _time.GetTimestamp());
        Assert.Equal(TimeSpan.FromHours(2), _time.GetUtcNow() - wall);
        Assert.Empty(_fired);

        _time.Advance(Seconds(1));
        Assert.Equal(TimeSpan.FromHours(2) + Seconds(1), _time.GetUtcNow() - wall);
    }

    [Fact]
    public async Task It_drives_delays_and_cancellation()
    {
        Task delay = Task.Delay(Seconds(10), _time, TestContext.Current.CancellationToken);
        using var timeout = new CancellationTokenSource(Seconds(20), _time);
        _time.Advance(Seconds(10));
        await Guard.Within(delay, () => "the delay");
        Assert.False(timeout.IsCancellationRequested);
        _time.Advance(Seconds(10));
        Assert.True(timeout.IsCancellationRequested);
    }

    [Fact]
    public void Advances_of_several_threads_add_up()
    {
        long start = _time.GetTimestamp();
        int fired = 0;
        using ITimer timer = _time.CreateTimer(_ => Interlocked.Increment(ref fired), null, Seconds(1), Seconds(1));
        Parallel.For(0, 100, _ => _time.Advance(Seconds(1)));
        Assert.Equal(Seconds(100), _time.GetElapsedTime(start));
        Assert.Equal(100, fired);
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private ITimer Once(string name, TimeSpan due) => _time.CreateTimer(_ => _fired.Add(name), null, due, Timeout.InfiniteTimeSpan);
}
