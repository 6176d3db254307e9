using Warmwire.Connections;
using Warmwire.Pooling;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Why an HTTP/2 connection is opened and closed; those reasons of <see cref="ReasonTests"/> that only HTTP/2 has, and those that come to
/// it in another way.
/// </summary>
public class SharedReasonTests
{
    public static readonly CloseReason[] OnlyShared =
        [CloseReason.GoAway, CloseReason.PingTimeout, CloseReason.PeerFlood, CloseReason.StreamIdsExhausted, CloseReason.Http11Required];

    public static TheoryData<CloseReason> Reasons => [.. OnlyShared];

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task A_connection_that_retires_is_closed_for_that_reason_behind_its_last_exchange(CloseReason reason)
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection old = await rig.Lease();
        await rig.Lease();
        old.Retire(reason);
        StubMultiplexedConnection next = await rig.Lease();
        Assert.NotSame(old, next);
        Assert.Equal(2, rig.Origin.DialedBy[DialReason.First]);
        old.End();
        Assert.Null(old.ClosedFor);
        old.End();
        Assert.Equal(reason, old.ClosedFor);
        Assert.Equal(1, rig.Origin.ClosedBy[reason]);
        Assert.Equal(1, rig.Metrics.Sum("warmwire.client.connections_closed", ("warmwire.close.reason", reason)));
        rig.AssertCounted(active: 1, idle: 0, streams: 1);
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task A_connection_that_retires_while_idle_is_closed_at_once(CloseReason reason)
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection connection = await rig.Lease();
        connection.End();
        connection.Retire(reason);
        Assert.Equal(reason, connection.ClosedFor);
        Assert.Equal((0, 0), (rig.Origin.Open, rig.Origin.Idle));
        rig.AssertCounted(active: 0, idle: 0, streams: 0);
    }

    [Fact]
    public async Task A_slot_is_missing_and_another_connection_is_opened()
    {
        using var rig = new SharedRig(limit: 2);
        StubMultiplexedConnection first = await rig.Lease();
        await rig.Lease();
        StubMultiplexedConnection second = await rig.Lease();
        Assert.NotSame(first, second);
        Assert.Equal(1, rig.Origin.DialedBy[DialReason.AllAtStreamLimit]);
        Assert.Equal(1, rig.Metrics.Sum("warmwire.client.dials", ("warmwire.dial.reason", DialReason.AllAtStreamLimit)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_grows_too_old_while_it_serves_gets_no_more_exchanges(bool sweptFirst)
    {
        using var rig = new SharedRig(settings =>
        {
            settings.PooledConnectionLifetime = Ms(10);
            settings.PooledConnectionLifetimeJitter = 0;
            settings.DnsRefreshInterval = Timeout.InfiniteTimeSpan;
        });
        StubMultiplexedConnection old = await rig.Lease();

        // Sweeps are 50 ms apart, so the lease may come first.
        rig.Time.Advance(sweptFirst ? Ms(60) : Ms(10));
        Assert.NotSame(old, await rig.Lease());
        Assert.Null(old.ClosedFor);
        old.End();
        Assert.Equal(CloseReason.Lifetime, old.ClosedFor);
    }

    [Fact]
    public async Task A_shared_connection_whose_address_left_the_name_ends_behind_its_last_exchange()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection first = await rig.Lease();
        Assert.Null(first.ClosedFor);
        Answer(rig, System.Net.IPAddress.IPv6Loopback);
        Assert.Same(first, await rig.Lease());

        using var named = new SharedRig { ResolvedAddress = System.Net.IPAddress.Loopback };
        StubMultiplexedConnection gone = await named.Lease();
        StubMultiplexedConnection same = await named.Lease();
        Answer(named, System.Net.IPAddress.IPv6Loopback);
        Assert.NotSame(gone, await named.Lease());
        gone.End();
        Assert.Null(gone.ClosedFor);
        same.End();
        Assert.Equal(CloseReason.AddressRetired, gone.ClosedFor);
    }

    /// <summary>As many answers as it takes, over the time it takes.</summary>
    private static void Answer(SharedRig rig, System.Net.IPAddress address)
    {
        for (int version = 1; version <= 4; version++)
        {
            rig.Time.Advance(TimeSpan.FromSeconds(20));
            rig.Pool.Origins.Single().Answered(
                new Warmwire.Dialing.DatedAnswer([address], TimeToLive: null, rig.Time.GetTimestamp(), version));
        }
    }

    [Fact]
    public async Task Disposal_closes_what_serves_and_draining_waits_for_it()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection connection = await rig.Lease();
        Task drained = rig.Pool.DrainAsync();
        await rig.Lease();
        connection.End();
        Assert.False(drained.IsCompleted);
        connection.End();
        Assert.Equal(CloseReason.Disposed, connection.ClosedFor);
        await drained;

        using var other = new SharedRig();
        StubMultiplexedConnection busy = await other.Lease();
        other.Pool.Dispose();
        Assert.Equal(CloseReason.Disposed, busy.ClosedFor);
        busy.End();
        other.AssertCounted(active: 0, idle: 0, streams: 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposal_leaves_what_has_bodies_to_the_last_of_them_and_a_hard_stop_does_not(bool hardStop)
    {
        using var rig = new SharedRig(limit: 2);
        StubMultiplexedConnection read = await rig.Lease();
        await rig.Lease();
        read.HasBodies = true;
        rig.Pool.Dispose();
        Assert.Null(read.ClosedFor);
        read.End();
        Assert.Null(read.ClosedFor);
        if (hardStop)
        {
            rig.Pool.Abort();
        }
        else
        {
            read.End();
        }

        Assert.Equal(CloseReason.Disposed, read.ClosedFor);
        rig.AssertCounted(active: 0, idle: 0, streams: 0);
    }

    [Fact]
    public async Task The_limits_on_idle_connections_hold_for_it()
    {
        using var rig = new SharedRig(settings => settings.MaxIdleConnectionsPerServer = 1, limit: 4);
        StubMultiplexedConnection[] open = await rig.OpenBusy(3, 1, 1);
        open[1].End();
        open[2].End();
        Assert.Null(open[1].ClosedFor);
        rig.Time.Advance(PoolLimits.KeepSurplusIdle);
        Assert.Equal((CloseReason.IdleLimit, null), (open[1].ClosedFor, open[2].ClosedFor));
        Assert.Equal(1, rig.Pool.CloseIdleConnections());
        Assert.Equal(CloseReason.ClosedByUser, open[2].ClosedFor);
        Assert.Null(open[0].ClosedFor);
        rig.AssertCounted(active: 1, idle: 0, streams: 3);
    }

    [Fact]
    public async Task A_connection_that_is_never_idle_makes_room_for_an_origin_without_any()
    {
        using var rig = new SharedRig(settings => settings.MaxConnections = 2, limit: 4);
        StubMultiplexedConnection[] open = await rig.OpenBusy(3, 3);
        Task<HttpConnection> destitute = rig.Ask(host: "b.test");
        Assert.False(destitute.IsCompleted);
        open[1].End();
        open[0].End();
        open[0].End();
        Assert.Same(open[0], await rig.Lease());
        open[1].End();
        Assert.Null(open[1].ClosedFor);
        open[1].End();
        Assert.Equal(CloseReason.MadeRoom, open[1].ClosedFor);
        Assert.Equal("b.test", (await rig.Done(destitute)).Route.Host);
        Assert.Null(open[0].ClosedFor);
    }
}
