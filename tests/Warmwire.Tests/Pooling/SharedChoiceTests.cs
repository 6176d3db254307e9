using Warmwire.Connections;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>Which HTTP/2 connection serves the next request, and what it is told.</summary>
public class SharedChoiceTests
{
    [Fact]
    public async Task One_connection_serves_many_and_is_idle_behind_the_last()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection first = await rig.Lease();
        Assert.True(first.Started);
        Assert.Same(first, await rig.Lease());
        Assert.Equal((1, 0, 2), (rig.Origin.Open, rig.Origin.Idle, rig.Origin.StreamsActive));
        rig.AssertCounted(active: 1, idle: 0, streams: 2);
        first.End();
        Assert.Equal((0, 1), (rig.Origin.Idle, rig.Origin.StreamsActive));
        first.End();
        Assert.Equal((1, 0), (rig.Origin.Idle, rig.Origin.StreamsActive));
        rig.AssertCounted(active: 0, idle: 1, streams: 0);
        Assert.Same(first, await rig.Lease());
        rig.AssertCounted(active: 1, idle: 0, streams: 1);
    }

    [Fact]
    public async Task The_least_loaded_in_use_serves_and_of_equal_ones_the_oldest()
    {
        using var rig = new SharedRig(limit: 10);
        StubMultiplexedConnection[] open = await rig.OpenBusy(3, 2, 2);
        Assert.Same(open[1], await rig.Lease());
        Assert.Same(open[2], await rig.Lease());
        Assert.Same(open[0], await rig.Lease());
    }

    [Fact]
    public async Task An_idle_one_is_used_only_when_the_best_in_use_is_at_half_its_limit()
    {
        using var rig = new SharedRig(limit: 4);
        StubMultiplexedConnection[] open = await rig.OpenBusy(1, 0);
        Assert.Equal(1, rig.Origin.Idle);
        Assert.Same(open[0], await rig.Lease());
        Assert.Equal(1, rig.Origin.Idle);
        Assert.Same(open[1], await rig.Lease());
        Assert.Equal(0, rig.Origin.Idle);
    }

    [Fact]
    public async Task The_surplus_of_a_burst_becomes_idle_and_ages_while_one_goes_on()
    {
        using var rig = new SharedRig(limit: 4);
        StubMultiplexedConnection[] open = await rig.OpenBusy(1, 0);
        for (int i = 0; i < 100; i++)
        {
            Assert.Same(open[0], await rig.Lease());
            rig.Time.Advance(Seconds(1));
            open[0].End();
        }

        Assert.Equal(CloseReason.IdleTimeout, open[1].ClosedFor);
        Assert.Null(open[0].ClosedFor);
    }

    [Fact]
    public async Task The_short_way_takes_a_slot_and_tells_what_it_is()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection connection = await rig.Lease();
        Attempt shared = rig.Attempt();
        Assert.True(rig.Pool.TryLeaseIdle(SharedRig.RouteTo(), shared, out HttpConnection? same));
        Assert.Same(connection, same);
        Assert.Equal(
            (true, true, false, TimeSpan.Zero), (shared.Lease.IsLeased, shared.Lease.Reused, shared.Lease.WasIdle, shared.Lease.IdleTime));
        connection.End();
        connection.End();
        rig.Time.Advance(Seconds(3));
        Attempt idleLease = rig.Attempt();
        Assert.True(rig.Pool.TryLeaseIdle(SharedRig.RouteTo(), idleLease, out _));
        Assert.Equal(
            (true, true, Seconds(3), Seconds(3)),
            (idleLease.Lease.Reused, idleLease.Lease.WasIdle, idleLease.Lease.IdleTime, connection.LastIdleTime));
        Assert.Equal((3L, 2L), (rig.Origin.Requests, rig.Origin.Reused));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_slot_and_its_end_allocate_nothing(bool inUse)
    {
        using var rig = new SharedRig(settings => settings.MeterFactory = null);
        StubMultiplexedConnection connection = await rig.Lease();
        if (!inUse)
        {
            connection.End();
        }

        Attempt attempt = rig.Attempt();
        long Measure()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                Assert.True(rig.Pool.TryLeaseIdle(SharedRig.RouteTo(), attempt, out HttpConnection? first));
                ValueTask<HttpConnection> second = rig.Pool.LeaseAsync(SharedRig.RouteTo(), attempt, replacementFor: null);
                Assert.True(second.IsCompletedSuccessfully);
                second.Result.Release();
                first.Release();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Measure();
        Assert.Equal(0, Measure());
    }
}
