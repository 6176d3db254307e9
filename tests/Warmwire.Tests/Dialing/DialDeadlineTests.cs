using Warmwire.Dialing;
using Xunit;

namespace Warmwire.Tests.Dialing;

/// <summary>What ends the wait of a dial: its time, or its pool.</summary>
public sealed class DialDeadlineTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(3);

    private readonly ManualClock _clock = new();

    [Fact]
    public void Its_time_ends_it_and_is_told()
    {
        using var pool = new CancellationTokenSource();
        using var deadline = new DialDeadline(s_time, _clock, pool.Token);
        _clock.Advance(s_time - TimeSpan.FromTicks(1));
        Assert.False(deadline.Token.IsCancellationRequested);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(deadline.Token.IsCancellationRequested);
        Assert.True(deadline.Expired);
        deadline.ThrowIfPoolCancelled();
    }

    /// <summary>Whichever of the two was first: a handler that is disposed is the reason then.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Its_pool_ends_it_and_that_is_no_timeout(bool isLate)
    {
        using var pool = new CancellationTokenSource();
        using var deadline = new DialDeadline(s_time, _clock, pool.Token);
        _clock.Advance(isLate ? s_time : TimeSpan.Zero);
        await pool.CancelAsync();
        Assert.True(deadline.Token.IsCancellationRequested);
        Assert.False(deadline.Expired);
        Assert.Throws<OperationCanceledException>(deadline.ThrowIfPoolCancelled);
    }

    [Fact]
    public async Task One_that_is_over_is_not_told_of_its_pool_or_its_time()
    {
        using var pool = new CancellationTokenSource();
        bool told = false;
        var deadline = new DialDeadline(s_time, _clock, pool.Token);
        deadline.Token.Register(() => told = true);
        deadline.Dispose();
        _clock.Advance(s_time);

        // A registration that was left would throw here: its source is disposed.
        await pool.CancelAsync();
        Assert.False(told);
    }

    /// <summary>
    /// The timer's thread has made the source a cancelled one, and has not yet called what was registered: it disposes the timer in
    /// between. At that moment the dial sees that its time is over, and disposes the deadline.
    /// </summary>
    [Fact]
    public void What_is_registered_is_called_although_the_dial_ends_meanwhile()
    {
        using var pool = new CancellationTokenSource();
        bool told = false;
        var clock = new OneTimer();
        var deadline = new DialDeadline(s_time, clock, pool.Token);
        deadline.Token.Register(() => told = true);
        clock.Disposing = () =>
        {
            Assert.True(deadline.Token.IsCancellationRequested);
            deadline.Dispose();
        };
        clock.Fire!();
        Assert.True(told);
    }

    /// <summary>A clock with one timer, which tells of its end.</summary>
    private sealed class OneTimer : TimeProvider, ITimer
    {
        public Action? Fire { get; private set; }

        public Action? Disposing { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Fire = () => callback(state);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => Disposing?.Invoke();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
