using System.Runtime.CompilerServices;
using Warmwire.Tests.Kit;
using Warmwire.Timing;
using Xunit;

namespace Warmwire.Tests.Timing;

public sealed class DeadlineQueueTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly DeadlineQueue _queue;
    private readonly List<string> _expired = [];

    public DeadlineQueueTests() => _queue = new DeadlineQueue(_time);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void Deadlines_expire_in_the_order_they_are_due()
    {
        Schedule("c", 3000);
        Schedule("a", 1000);
        Schedule("b", 2000);
        Schedule("d", 3000);
        Assert.Equal(4, _queue.Count);
        _time.Advance(Ms(2999));
        Assert.Equal(["a", "b"], _expired);
        _time.Advance(Ms(1));
        Assert.Equal(["a", "b", "c", "d"], _expired);
        Assert.Equal((0, 0), (_queue.Count, _queue.ListCount));
    }

    [Fact]
    public void A_cancelled_deadline_does_not_expire_and_cancelling_tells_who_won()
    {
        TestDeadline first = Schedule("first", 10);
        TestDeadline middle = Schedule("middle", 10);
        TestDeadline last = Schedule("last", 10);
        TestDeadline expired = Schedule("expired", 10);
        Assert.True(_queue.Cancel(middle));
        Assert.True(_queue.Cancel(first));
        Assert.True(_queue.Cancel(last));
        Assert.False(_queue.Cancel(last));
        Assert.False(last.IsScheduled);
        Assert.True(expired.IsScheduled);
        _time.Advance(Ms(10));
        Assert.Equal(["expired"], _expired);
        Assert.False(expired.IsScheduled);
        Assert.False(_queue.Cancel(expired));
    }

    [Fact]
    public void A_deadline_is_used_again_after_expiry_and_after_cancelling()
    {
        var deadline = new TestDeadline(() => _expired.Add("x"));
        for (int i = 0; i < 3; i++)
        {
            Assert.True(_queue.Schedule(deadline, Ms(5)));
            Assert.True(_queue.Cancel(deadline));
            Assert.True(_queue.Schedule(deadline, Ms(7)));
            _time.Advance(Ms(7));
        }

        Assert.Equal(3, _expired.Count);
    }

    [Fact]
    public void A_deadline_may_schedule_itself_and_cancel_others_when_it_expires()
    {
        TestDeadline victim = new(() => _expired.Add("victim"));
        TestDeadline again = null!;
        again = new TestDeadline(() =>
        {
            _expired.Add("again");
            Assert.True(_expired.Count > 1 || _queue.Cancel(victim));
            _queue.Schedule(again, Ms(10));
        });
        _queue.Schedule(again, Ms(10));
        _queue.Schedule(victim, Ms(10));
        _time.Advance(Ms(35));
        Assert.Equal(["again", "again", "again"], _expired);
    }

    [Fact]
    public void Scheduling_twice_is_refused()
    {
        TestDeadline deadline = Schedule("x", 10);
        Assert.Throws<InvalidOperationException>(() => _queue.Schedule(deadline, Ms(20)));
        _time.Advance(Ms(10));
        Assert.Equal(["x"], _expired);
    }

    [Fact]
    public void An_infinite_time_schedules_nothing()
    {
        var deadline = new TestDeadline(() => _expired.Add("x"));
        Assert.False(_queue.Schedule(deadline, Timeout.InfiniteTimeSpan));
        Assert.False(deadline.IsScheduled);
        Assert.False(_queue.Cancel(deadline));
        Assert.Equal((0, 0), (_queue.Count, _time.PendingTimers));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-50_000, 1)]
    [InlineData(1, 1)]
    [InlineData(10_000, 1)]
    [InlineData(10_001, 2)]
    [InlineData(99_999, 10)]
    public void Times_are_rounded_up_to_milliseconds(long ticks, int expiresAfterMs)
    {
        _queue.Schedule(new TestDeadline(() => _expired.Add("x")), TimeSpan.FromTicks(ticks));
        _time.Advance(Ms(expiresAfterMs) - TimeSpan.FromTicks(1));
        Assert.Empty(_expired);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Single(_expired);
    }

    [Fact]
    public void Nearly_equal_times_share_a_list_and_lists_no_longer_used_are_gone()
    {
        var deadlines = new List<TestDeadline>();
        for (int ticks = 1; ticks <= 100_000; ticks += 100)
        {
            deadlines.Add(new TestDeadline(() => _expired.Add("x")));
            _queue.Schedule(deadlines[^1], TimeSpan.FromTicks(ticks));
        }

        Assert.Equal(10, _queue.ListCount);
        Assert.All(deadlines.Take(500), deadline => Assert.True(_queue.Cancel(deadline)));
        Assert.Equal(5, _queue.ListCount);
        _time.Advance(Ms(10));
        Assert.Equal(500, _expired.Count);
        Assert.Equal(0, _queue.ListCount);
    }

    [Fact]
    public void Very_long_times_are_reached_in_steps()
    {
        Schedule("month", 30L * 24 * 60 * 60 * 1000);
        _queue.Schedule(new TestDeadline(() => _expired.Add("century")), TimeSpan.MaxValue);
        _time.Advance(TimeSpan.FromDays(30) - Ms(1));
        Assert.Empty(_expired);
        _time.Advance(Ms(1));
        Assert.Equal(["month"], _expired);
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void The_wall_clock_does_not_matter()
    {
        Schedule("x", 1000);
        _time.AdvanceWallClock(TimeSpan.FromDays(1));
        _time.Advance(Ms(999));
        Assert.Empty(_expired);
    }

    [Fact]
    public void Requests_that_finish_in_time_hardly_touch_the_timer()
    {
        var deadlines = new Queue<TestDeadline>(Enumerable.Range(0, 20).Select(_ => new TestDeadline(() => _expired.Add("x"))));
        foreach (TestDeadline deadline in deadlines)
        {
            _queue.Schedule(deadline, Ms(10_000));
        }

        long before = _time.TimerChanges;
        for (int i = 0; i < 10_000; i++)
        {
            TestDeadline deadline = deadlines.Dequeue();
            Assert.True(_queue.Cancel(deadline));
            _queue.Schedule(deadline, Ms(10_000));
            deadlines.Enqueue(deadline);
            _time.Advance(Ms(1));
        }

        Assert.Empty(_expired);
        Assert.InRange(_time.TimerChanges - before, 0, 2); // 10 s of time, 10 s timeouts
    }

    [Fact]
    public void One_request_at_a_time_touches_the_timer_once_and_allocates_nothing()
    {
        var deadline = new TestDeadline(() => { });
        for (int i = 0; i < 100; i++)
        {
            _queue.Schedule(deadline, Ms(10_000));
            _queue.Cancel(deadline);
        }

        long changes = _time.TimerChanges;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _queue.Schedule(deadline, Ms(10_000));
            _queue.Cancel(deadline);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
        Assert.Equal(changes, _time.TimerChanges);
        _time.Advance(Ms(10_000));
        Assert.Equal(0, _time.PendingTimers); // fired for nothing once, and is not set again
    }

    [Fact]
    public async Task Thousands_due_at_once_expire_outside_the_lock()
    {
        for (int i = 0; i < 5000; i++)
        {
            Schedule("x", 10);
        }

        var other = new TestDeadline(() => { });
        Task<bool>? elsewhere = null;
        _queue.Schedule(
            new TestDeadline(() =>
                elsewhere = Guard.Within(Task.Run(() => _queue.Schedule(other, Ms(10)) && _queue.Cancel(other)), () => "the lock is held")),
            Ms(10));
        _queue.Schedule(new TestDeadline(() => Assert.True(elsewhere!.Wait(Guard.Limit))), Ms(10));
        _time.Advance(Ms(10));
        Assert.True(await elsewhere!);
        Assert.Equal(5000, _expired.Count);
    }

    [Fact]
    public async Task A_callback_that_blocks_does_not_hold_up_the_others_for_long()
    {
        using var release = new ManualResetEventSlim();
        var blocked = new TaskCompletionSource();
        _queue.Schedule(
            new TestDeadline(() =>
            {
                blocked.SetResult();
                release.Wait();
            }),
            Ms(10));
        var expired = new TaskCompletionSource();
        _queue.Schedule(new TestDeadline(expired.SetResult), Ms(10));
        Task advance = Task.Run(() => _time.Advance(Ms(10)));
        await Guard.Within(blocked.Task, () => "the first callback");
        _time.Advance(Ms(1));
        await Guard.Within(expired.Task, () => "the second callback");
        release.Set();
        await Guard.Within(advance, () => "the first timer thread");
    }

    [Fact]
    public void The_context_of_a_request_does_not_reach_the_callback()
    {
        var local = new AsyncLocal<string?>();
        string? seen = "not run";
        DeadlineQueue queue = InContext(() => new DeadlineQueue(_time));
        InContext(() => queue.Schedule(new TestDeadline(() => seen = local.Value), Ms(10)));
        _time.Advance(Ms(10));
        Assert.Null(seen);

        T InContext<T>(Func<T> run)
        {
            local.Value = "request";
            try
            {
                return run();
            }
            finally
            {
                local.Value = null;
            }
        }
    }

    [Fact]
    public void After_disposal_nothing_expires_and_cancelling_still_tells()
    {
        TestDeadline waiting = Schedule("x", 10);
        _queue.Dispose();
        Assert.Equal(0, _queue.Count);
        _time.Advance(Ms(100));
        Assert.Empty(_expired);
        Assert.True(_queue.Cancel(waiting));
        Assert.False(_queue.Schedule(waiting, Ms(10)));
        Assert.Equal(0, _time.PendingTimers);
        _queue.Dispose();
    }

    [Fact]
    public void The_timer_does_not_keep_the_queue_alive()
    {
        WeakReference queue = Abandon(_time);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(queue.IsAlive);
        _time.Advance(Ms(20));
        Assert.Equal(0, _time.PendingTimers);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Abandon(FakeTime time)
    {
        var queue = new DeadlineQueue(time);
        queue.Schedule(new TestDeadline(() => throw new InvalidOperationException("expired after its owner")), Ms(10));
        return new WeakReference(queue);
    }

    private static TimeSpan Ms(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private TestDeadline Schedule(string name, long afterMs)
    {
        var deadline = new TestDeadline(() => _expired.Add(name));
        Assert.True(_queue.Schedule(deadline, Ms(afterMs)));
        return deadline;
    }
}
