using Warmwire.Connections;
using Warmwire.Pooling;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;
using static Warmwire.Tests.Pooling.StubRig;

namespace Warmwire.Tests.Pooling;

/// <summary>What one request costs does not grow with the number of origins: the pool looks at those that have something to do.</summary>
public class ManyOriginsTests
{
    private const int Few = 10;
    private const int Many = 5000;

    [Fact]
    public async Task Leases_returns_dials_at_the_limit_and_closes_look_at_as_many_origins_among_5000_as_among_10()
    {
        (long Lease, long Dial, long Wait, long Return, long Close) few = await CountVisits(Few);
        Assert.Equal(few, await CountVisits(Many));

        // What makes room is looked at, and where a request waits the origin that needs it.
        Assert.Equal((0, 1, 1, 2, 0), few);
    }

    private static async Task<(long Lease, long Dial, long Wait, long Return, long Close)> CountVisits(int origins)
    {
        using StubRig rig = await RigWith(origins);
        long before = rig.Pool.Visits.Visits;
        long Since()
        {
            long since = rig.Pool.Visits.Visits - before;
            before = rig.Pool.Visits.Visits;
            return since;
        }

        (await rig.Lease(Host(0))).Release();
        long lease = Since();

        StubConnection stranger = await rig.Lease("stranger.test");
        Assert.Equal((null, CloseReason.MadeRoom), (rig.Made[0].ClosedFor, rig.Made[1].ClosedFor));
        long dial = Since();

        // All busy, so that a request of one more origin waits.
        for (int i = 0; i < origins; i++)
        {
            if (i != 1)
            {
                _ = await rig.Lease(Host(i));
            }
        }

        Since();
        Task<StubConnection> waiting = rig.Lease("waiting.test");
        long wait = Since();
        Assert.False(waiting.IsCompleted);
        stranger.Release();
        StubConnection served = await waiting;
        Assert.Equal(CloseReason.MadeRoom, stranger.ClosedFor);
        long returned = Since();

        served.Close(CloseReason.ServerClosed);
        return (lease, dial, wait, returned, Since());
    }

    [Theory]
    [InlineData(Few)]
    [InlineData(Many)]
    public async Task A_sweep_looks_at_the_origins_that_are_due_and_at_no_other(int origins)
    {
        using StubRig rig = await RigWith(origins);
        rig.Time.Advance(Seconds(30));
        StubConnection late = await rig.Lease("late.test");
        late.Close(CloseReason.ServerClosed);
        long before = rig.Pool.Visits.Visits;
        rig.Time.Advance(PoolLimits.KeepUnusedOrigin);

        // Both have no connection any more: the late one, and the one whose connection made room for it.
        Assert.Equal(2, rig.Pool.Visits.Visits - before);
        Assert.Equal(origins - 1, rig.Pool.Origins.Count());

        // Each of the others is looked at once a minute, and when its time is over.
        rig.Time.Advance(Seconds(52));
        Assert.All(rig.Made.Skip(1).SkipLast(1), static one => Assert.Equal(CloseReason.IdleTimeout, one.ClosedFor));
        Assert.InRange(rig.Pool.Visits.Visits - before, origins, 2 * origins);
    }

    [Fact]
    public async Task A_surplus_of_all_origins_is_closed_by_looks_at_what_is_closed()
    {
        const int Surplus = 3;
        using StubRig rig = await RigWith(Many, kept: Many - Surplus);
        long before = rig.Pool.Visits.Visits;
        rig.Time.Advance(PoolLimits.KeepSurplusIdle);
        Assert.Equal(Surplus, rig.Pool.Visits.Visits - before);
        Assert.Equal(Surplus, rig.Made.Take(Surplus).Count(static one => one.ClosedFor == CloseReason.IdleLimit));
    }

    [Fact]
    public async Task Origins_without_connections_are_forgotten_within_seconds_however_many_they_are()
    {
        using StubRig rig = await RigWith(Many);
        Assert.Equal(Many, rig.Pool.CloseIdleConnections());
        Assert.Equal(Many, rig.Pool.Origins.Count());

        // A sweep looks after a number of them, so the last ones have some sweeps to wait.
        rig.Time.Advance(PoolLimits.KeepUnusedOrigin + (PoolLimits.SweepSpacing * (Many / PoolLimits.OriginsPerSweep)));
        Assert.Empty(rig.Pool.Origins);
        OriginSnapshot sum = Assert.Single(rig.Pool.GetSnapshot().Origins);
        Assert.Equal((Many, Many), (sum.Requests, sum.ConnectionsOpened));
        Assert.Equal(Many, sum.ClosedBy[CloseReason.ClosedByUser]);
        Assert.Equal(0, rig.Time.PendingTimers);
    }

    [Fact]
    public async Task A_drain_of_many_origins_ends_with_the_last_of_them()
    {
        using var rig = new StubRig();
        StubConnection[] busy = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => rig.Lease(Host(i))));
        Task drained = rig.Pool.DrainAsync();
        foreach (StubConnection connection in busy)
        {
            Assert.False(drained.IsCompleted);
            connection.Release();
            Assert.Equal(CloseReason.Disposed, connection.ClosedFor);
        }

        await Guard.Within(drained, () => $"not drained; {rig.Pool.GetSnapshot()}");
    }

    [Fact]
    public void An_origin_that_is_expected_while_a_sweep_has_taken_it_out_is_looked_after_at_the_earlier_time()
    {
        using var rig = new StubRig();
        using var sweeper = new Sweeper(rig.Pool, rig.Time);
        OriginPool origin = NewOrigin(rig, 0);
        long start = rig.Time.GetTimestamp();
        sweeper.Expect(origin, Seconds(10), start);
        Assert.Null(sweeper.TakeDue(start + Seconds(9).Ticks));
        long now = start + Seconds(10).Ticks;
        Assert.Same(origin, sweeper.TakeDue(now));
        Assert.Null(sweeper.TakeDue(now));

        // A connection becomes idle, and the sweep puts the origin back behind that; then the other way round.
        sweeper.Expect(origin, Seconds(5), now);
        sweeper.ExpectAgain(origin, Seconds(60), now);
        Assert.Same(origin, sweeper.TakeDue(now + Seconds(5).Ticks));
        sweeper.ExpectAgain(origin, Seconds(60), now);
        sweeper.Expect(origin, Seconds(5), now);
        Assert.Same(origin, sweeper.TakeDue(now + Seconds(5).Ticks));
        Assert.Null(sweeper.TakeDue(long.MaxValue - 1));
    }

    [Fact]
    public void Origins_come_in_the_order_in_which_they_are_due()
    {
        using var rig = new StubRig();
        OriginPool[] origins = [.. Enumerable.Range(0, 60).Select(i => NewOrigin(rig, i))];
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var due = new DueOrigins();
            var model = new Dictionary<OriginPool, long>();
            for (int i = 0; i < 300; i++)
            {
                if (random.Next(3) > 0)
                {
                    OriginPool origin = origins[random.Next(origins.Length)];
                    long at = random.Next(100);
                    model[origin] = Math.Min(at, model.GetValueOrDefault(origin, DueOrigins.Never));
                    due.Expect(origin, at);
                }
                else
                {
                    AssertTakes(due, model, random.Next(100));
                }

                Assert.Equal((model.Count, model.Count == 0 ? DueOrigins.Never : model.Values.Min()), (due.Count, due.FirstDueAt));
            }

            while (model.Count > 0)
            {
                AssertTakes(due, model, 100);
            }

            Assert.Null(due.TakeDue(100));
        }
    }

    private static void AssertTakes(DueOrigins due, Dictionary<OriginPool, long> model, long now)
    {
        long first = model.Count == 0 ? DueOrigins.Never : model.Values.Min();
        OriginPool? taken = due.TakeDue(now);
        Assert.Equal(first <= now, taken is not null);
        if (taken is not null)
        {
            Assert.True(model.Remove(taken, out long at));
            Assert.Equal((first, DueOrigins.Never), (at, taken.DueAt));
        }
    }

    private static string Host(int number) => $"o{number}.test";

    private static OriginPool NewOrigin(StubRig rig, int number) => new(rig.Pool, new Route(RouteTo(Host(number))));

    /// <summary>So many origins with an idle connection each, which are as many connections as there may be.</summary>
    private static async Task<StubRig> RigWith(int origins, int? kept = null)
    {
        var rig = new StubRig(settings =>
        {
            settings.MaxConnections = origins;
            settings.MaxIdleConnections = kept ?? origins;
            settings.DnsRefreshInterval = Timeout.InfiniteTimeSpan;
        });
        for (int i = 0; i < origins; i++)
        {
            (await rig.Lease(Host(i))).Release();
        }

        return rig;
    }
}
