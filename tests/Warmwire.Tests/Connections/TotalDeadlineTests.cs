using System.Reflection;
using System.Runtime.CompilerServices;
using Warmwire.Connections;
using Warmwire.Tests.Kit;
using Warmwire.Timing;
using Xunit;

namespace Warmwire.Tests.Connections;

/// <summary>Who is told that the total time is over, in every order of events, and when the object may serve another request.</summary>
public sealed class TotalDeadlineTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private readonly FakeTime _time = new();
    private readonly DeadlineQueue _queue;

    public TotalDeadlineTests() => _queue = new DeadlineQueue(_time);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void The_last_one_who_watches_is_told_and_no_other()
    {
        TotalDeadline total = Begin();
        Target first = new(), second = new();
        total.Watch(first);
        total.Watch(second);
        _time.Advance(s_limit);
        Assert.Equal((0, 1), (first.Told, second.Told));
        Assert.True(total.HasExpired);
    }

    [Fact]
    public void One_who_comes_when_the_time_is_over_is_told_at_once()
    {
        TotalDeadline total = Begin();
        _time.Advance(s_limit);
        Target waits = new(), body = new();
        total.Watch(waits);
        total.WatchBody(body);
        Assert.Equal((1, 1), (waits.Told, body.Told));
    }

    [Fact]
    public void One_who_has_left_is_not_told_and_knows_whether_it_may_still_be()
    {
        TotalDeadline total = Begin();
        Target left = new();
        total.Watch(left);
        Assert.True(total.Leave(left));
        _time.Advance(s_limit);
        Assert.Equal(0, left.Told);

        // Its call may be on its way.
        Assert.False(total.Leave(left));
    }

    [Fact]
    public void One_who_leaves_behind_another_takes_nothing_from_it()
    {
        TotalDeadline total = Begin();
        Target before = new(), now = new();
        total.Watch(before);
        total.Watch(now);
        Assert.True(total.Leave(before));
        _time.Advance(s_limit);
        Assert.Equal((0, 1), (before.Told, now.Told));
    }

    [Fact]
    public void A_body_is_told_and_not_held()
    {
        TotalDeadline total = Begin();
        Target body = new();
        total.WatchBody(body);
        WeakReference lost = WatchLost(Begin());
        GC.Collect();
        Assert.False(lost.IsAlive);
        _time.Advance(s_limit);
        Assert.Equal(1, body.Told);
    }

    [Fact]
    public void It_serves_again_behind_a_first_attempt_that_was_in_time_and_with_nothing_left_of_before() => OnThread(() =>
    {
        TotalDeadline total = Begin();
        Target old = new(), oldBody = new();
        total.Watch(old);
        total.WatchBody(oldBody);
        total.AllowReuse();
        total.End(_queue);
        Assert.Equal(0, _queue.Count);

        TotalDeadline again = TotalDeadline.Rent(2 * s_limit, "another");
        Assert.Same(total, again);
        Assert.Equal((2 * s_limit, "another", false), (again.Limit, again.Setting, again.HasExpired));
        _queue.Schedule(again, again.Limit);
        _time.Advance(2 * s_limit);
        Assert.Equal((0, 0), (old.Told, oldBody.Told));
        Assert.NotSame(again, TotalDeadline.Rent(s_limit, "a third"));
    });

    [Fact]
    public void It_does_not_where_others_may_know_it() => OnThread(() =>
    {
        TotalDeadline total = Begin();
        total.End(_queue);
        Assert.Null(Spare);
    });

    // The exchange comes to its end while the call that tells it of its time is under way.
    [Fact]
    public void It_does_not_where_its_call_is_on_its_way() => OnThread(() =>
    {
        TotalDeadline total = Begin();
        bool ended = false;
        total.Watch(new Target(told =>
        {
            told.AllowReuse();
            told.End(_queue);
            ended = true;
        }));
        _time.Advance(s_limit);
        Assert.True(ended);
        Assert.Null(Spare);
    });

    private static object? Spare =>
        typeof(TotalDeadline).GetField("t_spare", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null);

    private TotalDeadline Begin()
    {
        var total = new TotalDeadline(s_limit, "a setting");
        _queue.Schedule(total, total.Limit);
        return total;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference WatchLost(TotalDeadline total)
    {
        var body = new Target();
        total.WatchBody(body);
        return new WeakReference(body);
    }

    /// <summary>On a thread that keeps nothing yet.</summary>
    private static void OnThread(Action test)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(test));
        thread.Start();
        Assert.True(thread.Join(Guard.Limit));
        Assert.Null(failure);
    }

    private sealed class Target(Action<TotalDeadline>? act = null) : ITotalDeadlineTarget
    {
        public int Told { get; private set; }

        void ITotalDeadlineTarget.TotalTimeExpired(TotalDeadline total)
        {
            Told++;
            act?.Invoke(total);
        }
    }
}
