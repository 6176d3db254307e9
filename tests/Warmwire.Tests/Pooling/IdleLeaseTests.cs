using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Connections;
using Warmwire.Pooling;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;
using static Warmwire.Tests.Pooling.StubRig;

namespace Warmwire.Tests.Pooling;

/// <summary>The shortest way: a request finds an idle connection and gives it back. What it costs, and what may come in between.</summary>
public class IdleLeaseTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lease_that_finds_an_idle_connection_and_its_return_allocate_nothing(bool idleCounted)
    {
        using var rig = new StubRig(settings =>
        {
            settings.TimeProvider = TimeProvider.System;
            settings.MaxConnections = idleCounted ? 2000 : 10;
        });
        await rig.OpenIdle(2);
        Attempt attempt = rig.Attempt();
        long Measure()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                Assert.True(rig.Pool.TryLeaseIdle(RouteTo(), attempt, out HttpConnection? first));
                ValueTask<HttpConnection> second = rig.Pool.LeaseAsync(RouteTo(), attempt, replacementFor: null);
                Assert.True(second.IsCompletedSuccessfully);
                second.Result.Release();
                first.Release();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Measure();
        Assert.Equal(0, Measure());
    }

    [Fact]
    public async Task Leases_and_returns_leave_the_timer_alone()
    {
        using var rig = new StubRig();
        await rig.OpenIdle(1);
        long changes = rig.Time.TimerChanges;
        for (int i = 0; i < 100; i++)
        {
            (await rig.Lease()).Release();
            rig.Time.Advance(Ms(1));
        }

        Assert.Equal(changes, rig.Time.TimerChanges);
        rig.Time.Advance(Seconds(90));
        Assert.Equal(CloseReason.IdleTimeout, rig.Made[0].ClosedFor);
    }

    [Fact]
    public async Task A_lease_takes_the_connection_that_came_last_and_tells_what_it_is()
    {
        using var rig = new StubRig();
        StubConnection[] idle = await rig.OpenIdle(2);
        rig.Time.Advance(Ms(9));
        Attempt attempt = rig.Attempt();
        Assert.True(rig.Pool.TryLeaseIdle(RouteTo(), attempt, out HttpConnection? connection));
        Assert.Same(idle[1], connection);
        Assert.Equal((true, true, true, Ms(10), TimeSpan.Zero),
            (attempt.Lease.IsLeased, attempt.Lease.Reused, attempt.Lease.WasIdle, attempt.Lease.IdleTime, attempt.Lease.QueueTime));
        Assert.Equal((3L, 1L, 1), (rig.Origin.Requests, rig.Origin.Reused, rig.Origin.Idle));
    }

    [Fact]
    public async Task Without_an_idle_connection_the_short_way_says_no_and_leaves_no_trace()
    {
        using var rig = new StubRig();
        Assert.False(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out _));
        Assert.Empty(rig.Pool.GetSnapshot().Origins);
        await rig.Lease();
        Assert.False(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out _));
        Assert.Equal((1L, 0, 1), (rig.Origin.Requests, rig.Origin.Pending, rig.Origin.Open));
        rig.Pool.Dispose();
        Assert.False(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out _));
    }

    [Fact]
    public async Task A_connection_that_turns_out_dead_is_passed_over_and_counts_as_no_request()
    {
        using var rig = new StubRig(measured: true);
        StubConnection[] idle = await rig.OpenIdle(3);
        idle[2].OnLease = Die;
        idle[1].OnLease = Die;
        Assert.True(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out HttpConnection? connection));
        Assert.Same(idle[0], connection);
        Assert.Equal((4L, 1L, 2L), (rig.Origin.Requests, rig.Origin.Reused, rig.Origin.ClosedBy[CloseReason.ServerClosed]));
        AssertCounted(rig, active: 1, idle: 0);
    }

    [Fact]
    public async Task A_connection_that_comes_back_while_a_dead_one_is_leased_serves()
    {
        using var rig = new StubRig(measured: true);
        StubConnection busy = await rig.Lease();
        StubConnection[] idle = await rig.OpenIdle(1);
        idle[0].OnLease = dead =>
        {
            busy.Release();
            return Die(dead);
        };
        Assert.True(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out HttpConnection? connection));
        Assert.Same(busy, connection);
        AssertCounted(rig, active: 1, idle: 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_is_closed_in_the_middle_of_its_lease_is_counted_out_once(bool leaseSucceeds)
    {
        using var rig = new StubRig(measured: true);
        StubConnection[] idle = await rig.OpenIdle(1);
        idle[0].OnLease = connection =>
        {
            connection.Close(CloseReason.Disposed);
            return leaseSucceeds;
        };
        Assert.Equal(leaseSucceeds, rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out _));
        Assert.Equal((0, 0), (rig.Origin.Open, rig.Origin.Idle));
        AssertCounted(rig, active: 0, idle: 0);
    }

    [Fact]
    public async Task What_is_closed_or_swept_while_it_is_leased_is_not_closed_as_idle()
    {
        using var rig = new StubRig();
        StubConnection[] idle = await rig.OpenIdle(1);
        idle[0].OnLease = _ =>
        {
            Assert.Equal(0, rig.Pool.CloseIdleConnections());
            rig.Time.Advance(Seconds(100));
            return true;
        };
        Assert.True(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out HttpConnection? connection));
        Assert.Null(idle[0].ClosedFor);
        connection.Release();
        Assert.Equal(1, rig.Origin.Idle);
    }

    [Fact]
    public async Task An_old_connection_is_closed_instead_of_leased()
    {
        using var rig = new StubRig(measured: true);
        StubConnection[] idle = await rig.OpenIdle(2);
        rig.Time.AdvanceWallClock(Seconds(100));
        Assert.False(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out _));
        Assert.All(idle, connection => Assert.Equal(CloseReason.IdleTimeout, connection.ClosedFor));
        AssertCounted(rig, active: 0, idle: 0);
    }

    [Fact]
    public async Task An_origin_that_was_forgotten_is_found_anew()
    {
        using var rig = new StubRig();
        await rig.OpenIdle(1);
        rig.Time.Advance(TimeSpan.FromMinutes(20));
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out _));
        (await rig.Lease()).Release();
        Assert.True(rig.Pool.TryLeaseIdle(RouteTo(), rig.Attempt(), out _));

        rig.Time.Advance(TimeSpan.FromMinutes(1));
        rig.Made[^1].Close(CloseReason.ServerClosed);
        rig.Time.Advance(TimeSpan.FromMinutes(20));
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(2, await rig.Pool.PrewarmAsync(RouteTo(), 2, CancellationToken.None).WaitAsync(Seconds(10)));
    }

    [Fact]
    public async Task Origins_that_differ_in_a_letter_or_a_port_never_share_a_connection()
    {
        using var rig = new StubRig();
        RouteIdentity[] routes =
        [
            .. Enumerable.Range(0, 40).Select(i => RouteTo($"host{i}.test")),
            .. Enumerable.Range(0, 10).Select(i => RouteTo("host1.test", 8000 + i)),
        ];
        for (int round = 0; round < 3; round++)
        {
            foreach (RouteIdentity route in routes)
            {
                HttpConnection connection = await rig.Pool.LeaseAsync(route, rig.Attempt(), replacementFor: null);
                Assert.Equal(route, connection.Route.Identity);
                connection.Release();
            }
        }

        Assert.Equal(routes.Length, rig.Made.Count);
        Assert.True(rig.Pool.TryLeaseIdle(RouteTo("HOST7.test"), rig.Attempt(), out HttpConnection? upper));
        Assert.Equal("host7.test", upper.Route.Host);
    }

    [Fact]
    public void What_was_found_before_is_found_again_only_for_the_same_route()
    {
        using var rig = new StubRig();
        using var key = RSA.Create(2048);
        using X509Certificate2 certificate = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        RouteIdentity[] routes =
        [
            new(isTls: false, "a.test", 443, tlsHost: null, clientCertificate: null),
            new(isTls: false, "a.test", 443, tlsHost: null, clientCertificate: null, ProtocolOffer.Http2),
            new(isTls: true, "a.test", 443, tlsHost: null, clientCertificate: null, ProtocolOffer.Http2OrHttp1),
            new(isTls: true, "a.test", 443, tlsHost: null, clientCertificate: null),
            new(isTls: true, "a.test", 443, "b.test", clientCertificate: null),
            new(isTls: true, "a.test", 443, tlsHost: null, certificate),
        ];
        foreach (RouteIdentity known in routes)
        {
            var recent = new RecentOrigins();
            var pool = new OriginPool(rig.Pool, new Route(known));
            recent.Remember(known, pool);
            Assert.All(routes, route => Assert.Equal(route.Equals(known), recent.Find(route) == pool));
            recent.Forget(known, new OriginPool(rig.Pool, new Route(known)));
            Assert.Same(pool, recent.Find(known));
            recent.Forget(known, pool);
            Assert.Null(recent.Find(known));
        }
    }

    [Fact]
    public async Task The_idle_total_holds_over_many_origins_however_they_come_and_go()
    {
        using var rig = new StubRig(settings => settings.MaxIdleConnections = 5);
        string[] hosts = [.. Enumerable.Range(0, 8).Select(i => $"h{i}.test")];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (int i = 0; i < 300; i++)
            {
                StubConnection one = await rig.Lease(hosts[(worker + i) % hosts.Length]);
                StubConnection other = await rig.Lease(hosts[(worker * i) % hosts.Length]);
                one.Release();
                other.Release();
            }
        })));
        rig.Time.Advance(PoolLimits.KeepSurplusIdle);
        Assert.Equal((5, 5), (rig.Pool.GetSnapshot().Idle, rig.Pool.GetSnapshot().Open));
        Assert.Equal(8 * 300 * 2, rig.Pool.GetSnapshot().Requests);
    }

    private static bool Die(StubConnection connection)
    {
        connection.Close(CloseReason.ServerClosed);
        return false;
    }

    private static void AssertCounted(StubRig rig, int active, int idle)
    {
        Assert.Equal(active, rig.Metrics!.Sum("http.client.open_connections", ("http.connection.state", "active")));
        Assert.Equal(idle, rig.Metrics.Sum("http.client.open_connections", ("http.connection.state", "idle")));
    }
}
