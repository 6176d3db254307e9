using Warmwire.Pooling;
using Warmwire.Runtime;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>When connections grow too old, by idling or by age, and what becomes of origins nobody uses.</summary>
public class EvictionTests
{
    [Fact]
    public async Task The_sweeper_closes_each_connection_when_its_idle_time_is_over_and_not_before()
    {
        using var rig = new PoolRig();
        await rig.OpenIdle(2);
        rig.Time.Advance(Seconds(90) - Ms(3));
        Assert.Equal(2, rig.Snapshot.Idle);
        rig.Time.Advance(Ms(1));
        Assert.Equal(1, rig.Snapshot.Idle);
        rig.Time.Advance(PoolLimitsSpacing);
        Assert.Equal(0, rig.Snapshot.Open);
        rig.AssertClosed((CloseReason.IdleTimeout, 2));
    }

    /// <summary>Sweeps are at least this far apart.</summary>
    private static TimeSpan PoolLimitsSpacing => Warmwire.Pooling.PoolLimits.SweepSpacing;

    [Fact]
    public async Task A_frozen_instance_does_not_write_into_a_connection_that_was_idle_too_long_by_the_wall_clock()
    {
        using var rig = new PoolRig();
        ScriptedPeer old = (await rig.OpenIdle())[0];
        rig.Time.AdvanceWallClock(Seconds(91));
        Task<HttpResponseMessage> response = rig.Get();
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(response)).Dispose();
        rig.AssertClosed((CloseReason.IdleTimeout, 1));
        await old.ExpectClosedAsync();
    }

    [Fact]
    public async Task A_wall_clock_set_back_closes_nothing()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        rig.Time.AdvanceWallClock(-TimeSpan.FromDays(1));
        rig.Time.Advance(Seconds(60));
        Assert.True((await rig.Exchange(peer)).Reused);
        rig.AssertClosed();
    }

    [Fact]
    public async Task A_sweep_after_a_thaw_goes_by_the_wall_clock()
    {
        using var rig = new PoolRig();
        await rig.OpenIdle();
        rig.Time.AdvanceWallClock(Seconds(91));
        rig.Time.Advance(Seconds(60));
        rig.AssertClosed((CloseReason.IdleTimeout, 1));
    }

    [Fact]
    public async Task A_stale_connection_is_found_at_the_lease_when_no_sweep_came_in_time()
    {
        using var rig = new PoolRig(handler => handler.PooledConnectionIdleTimeout = Ms(10));
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        rig.Time.Advance(Ms(10));
        Assert.Equal(1, rig.Snapshot.Idle);
        Task<HttpResponseMessage> response = rig.Get();
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(response)).Dispose();
        await peer.ExpectClosedAsync();
        rig.AssertClosed((CloseReason.IdleTimeout, 1));
    }

    [Fact]
    public async Task A_server_that_hints_at_five_seconds_gets_no_request_after_four()
    {
        using var rig = new PoolRig();
        await rig.OpenIdle(1, A, "Keep-Alive: timeout=5, max=100");
        rig.Time.Advance(Seconds(4) - Ms(2));
        Assert.Equal(1, rig.Snapshot.Idle);
        rig.Time.Advance(Ms(1));
        rig.AssertClosed((CloseReason.IdleTimeout, 1));
    }

    [Fact]
    public async Task A_hint_longer_than_the_setting_changes_nothing()
    {
        using var rig = new PoolRig();
        await rig.OpenIdle(1, A, "Keep-Alive: timeout=3600");
        rig.Time.Advance(Seconds(90));
        rig.AssertClosed((CloseReason.IdleTimeout, 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_hint_that_leaves_no_second_closes_at_once(int seconds)
    {
        using var rig = new PoolRig();
        await rig.OpenIdle(1, A, $"Keep-Alive: timeout={seconds}");
        Assert.Equal(0, rig.Snapshot.Open);
        rig.AssertClosed((CloseReason.IdleTimeout, 1));
    }

    [Fact]
    public async Task Each_connection_lives_its_lifetime_less_a_jitter_of_its_own()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.PooledConnectionLifetime = Seconds(1000);
            handler.PooledConnectionLifetimeJitter = 0.2;
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        });
        const int Count = 60;
        var busy = new List<(Task<HttpResponseMessage> Response, ScriptedPeer Peer)>();
        for (int i = 0; i < Count; i++)
        {
            busy.Add(await rig.Busy());
        }

        foreach ((Task<HttpResponseMessage> Response, ScriptedPeer Peer) one in busy)
        {
            await rig.Finish(one);
        }

        rig.Time.Advance(Seconds(800) - Ms(1));
        Assert.Equal(Count, rig.Snapshot.Open);
        rig.Time.Advance(Seconds(100));
        Assert.InRange(rig.Snapshot.Open, Count / 6, Count * 5 / 6); // half, give or take what happens once in a billion runs
        rig.Time.Advance(Seconds(100) + Ms(1));
        rig.Time.Advance(PoolLimitsSpacing);
        Assert.Equal(0, rig.Snapshot.Open);
        rig.AssertClosed((CloseReason.Lifetime, Count));
    }

    [Fact]
    public async Task A_busy_connection_that_grew_too_old_finishes_its_exchange_and_serves_no_other()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.PooledConnectionLifetime = Seconds(60);
            handler.MaxConnectionsPerServer = 1;
        });
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage> waiting = rig.Get();
        rig.Time.Advance(Seconds(120));
        Assert.Equal(1, rig.Snapshot.Open);
        await rig.Finish(busy);
        rig.AssertClosed((CloseReason.Lifetime, 1));
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(waiting)).Dispose();
    }

    [Fact]
    public async Task A_lifetime_of_zero_uses_each_connection_once()
    {
        using var rig = new PoolRig(handler => handler.PooledConnectionLifetime = TimeSpan.Zero);
        await rig.OpenIdle(1);
        await rig.OpenIdle(1);
        rig.AssertClosed((CloseReason.Lifetime, 2));
        Assert.Equal((0, 2L), (rig.Snapshot.Open, rig.Snapshot.ConnectionsOpened));
    }

    [Fact]
    public async Task An_idle_timeout_of_zero_keeps_no_connection()
    {
        using var rig = new PoolRig(handler => handler.PooledConnectionIdleTimeout = TimeSpan.Zero);
        await rig.OpenIdle(1);
        await rig.OpenIdle(1);
        rig.AssertClosed((CloseReason.IdleTimeout, 2));
    }

    [Fact]
    public async Task An_infinite_idle_timeout_keeps_a_connection_for_a_month()
    {
        using var rig = new PoolRig(handler => handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan);
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        rig.Time.Advance(TimeSpan.FromDays(30));
        Assert.True((await rig.Exchange(peer)).Reused);
    }

    [Fact]
    public async Task A_sweep_with_nothing_to_do_comes_once_a_minute()
    {
        using var rig = new PoolRig(handler => handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan);
        await rig.OpenIdle();
        long before = rig.Time.TimerChanges;
        rig.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.InRange(rig.Time.TimerChanges - before, 1, 12);
    }

    [Fact]
    public async Task An_origin_nobody_uses_is_forgotten_after_seconds_and_its_counts_are_not()
    {
        using var rig = new PoolRig(handler => handler.PooledConnectionIdleTimeout = Seconds(10));
        await rig.OpenIdle(2, A);
        await rig.OpenIdle(1, B);
        rig.Time.Advance(Seconds(15));
        await rig.OpenIdle(1, B);
        Assert.Equal(2, rig.Snapshot.Origins.Count);
        rig.Time.Advance(Seconds(8));
        PoolSnapshot snapshot = rig.Snapshot;
        Assert.DoesNotContain(snapshot.Origins, origin => origin.Origin == "http://a.test:80");
        Assert.Contains(snapshot.Origins, origin => origin.Origin == "http://b.test:80");
        Assert.Equal((4L, 4L), (snapshot.Requests, snapshot.ConnectionsOpened));
        rig.Time.Advance(TimeSpan.FromMinutes(10));
        snapshot = rig.Snapshot;
        OriginSnapshot sum = Assert.Single(snapshot.Origins);
        Assert.StartsWith("(", sum.Origin, StringComparison.Ordinal);
        Assert.Equal((4L, 4L, 0), (snapshot.Requests, snapshot.ConnectionsOpened, snapshot.Open));
        rig.AssertClosed((CloseReason.IdleTimeout, 4));
        Assert.Equal(4, rig.DialedBy.Values.Sum());
        Assert.Equal(0, rig.Time.PendingTimers);

        await rig.OpenIdle(1, A);
        Assert.Equal(5, rig.Snapshot.Requests);
    }

    [Fact]
    public async Task A_handler_nobody_holds_is_collected_with_its_timers()
    {
        (WeakReference handler, PeerNetwork network) = await Abandoned();
        await Eventually.IsTrue(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return !handler.IsAlive;
        }, "the handler is collected");
        network.Time.Advance(Seconds(300));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static async Task<(WeakReference Handler, PeerNetwork Network)> Abandoned()
    {
        var network = new PeerNetwork();
        PooledHttpHandler handler = network.CreateHandler(
            handler => handler.ConnectCallback = (_, _) => ValueTask.FromException<Stream>(new IOException("no route")));
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        await Assert.ThrowsAsync<TransportException>(
            () => invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, A), CancellationToken.None));
        return (new WeakReference(handler), network);
    }
}
