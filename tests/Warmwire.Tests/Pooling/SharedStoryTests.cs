using System.Net;
using Warmwire.Connections;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>The races between a multiplexed connection and its pool, each forced by order.</summary>
public class SharedStoryTests
{
    [Fact]
    public async Task A_suspended_connection_gets_nothing_until_it_is_resumed()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection first = await rig.Lease();
        first.Suspend();
        StubMultiplexedConnection second = await rig.Lease();
        Assert.NotSame(first, second);
        second.Suspend();
        rig.HoldDials = true;
        Task<HttpConnection> waiting = rig.Ask();
        Assert.False(waiting.IsCompleted);
        rig.UntilDialsBegan(1);
        first.Resume();
        Assert.Same(first, await rig.Done(waiting));
        rig.EndDial();
        rig.Until(origin => origin.Idle == 1);
    }

    [Fact]
    public async Task A_resumption_that_overtakes_its_suspension_leaves_the_connection_usable()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection connection = await rig.Lease();
        connection.Resume();
        connection.Suspend();
        Assert.Same(connection, await rig.Lease());
    }

    [Fact]
    public async Task A_suspended_one_becomes_idle_and_serves_when_it_is_resumed()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 1);
        StubMultiplexedConnection connection = await rig.Lease();
        connection.Suspend();
        connection.End();
        Assert.Equal(1, rig.Origin.Idle);
        Attempt attempt = rig.Attempt();
        Assert.False(rig.Pool.TryLeaseIdle(SharedRig.RouteTo(), attempt, out _));
        Task<HttpConnection> waiting = rig.Ask(attempt);
        rig.Time.Advance(PoolRig.Seconds(2));
        connection.Resume();
        Assert.Same(connection, await rig.Done(waiting));
        Assert.Equal((true, PoolRig.Seconds(2)), (attempt.Lease.WasIdle, attempt.Lease.IdleTime));
        rig.AssertCounted(active: 1, idle: 0, streams: 1);
    }

    [Fact]
    public async Task A_connection_that_turns_a_request_away_is_not_asked_again_before_it_has_said_why()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 2);
        StubMultiplexedConnection first = await rig.Lease();
        int asked = 0;
        first.OnLease = _ =>
        {
            asked++;
            return false;
        };
        StubMultiplexedConnection second = await rig.Lease();
        Assert.NotSame(first, second);
        await rig.Lease();
        Assert.Equal((1, 2), (asked, rig.Origin.Open));
        Assert.Equal((3L, 3), (rig.Origin.Requests, rig.Origin.StreamsActive));
        first.Suspend();
        first.OnLease = null;
        first.Resume();
        Assert.Same(first, await rig.Lease());
        rig.AssertCounted(active: 2, idle: 0, streams: 4);
    }

    [Fact]
    public async Task A_connection_that_has_said_all_before_the_pool_knows_of_the_refusal_is_asked_again()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection connection = await rig.Lease();
        connection.OnLease = refusing =>
        {
            refusing.OnLease = null;
            refusing.Suspend();
            refusing.Resume();
            return false;
        };
        Assert.Same(connection, await rig.Lease());
        Assert.Equal((1, 2), (rig.Origin.Open, rig.Origin.StreamsActive));
    }

    [Fact]
    public async Task A_waiter_whose_slot_is_refused_goes_back_to_the_head_of_the_line()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 1, limit: 1);
        StubMultiplexedConnection connection = await rig.Lease();
        Task<HttpConnection> first = rig.Ask();
        Task<HttpConnection> second = rig.Ask();
        connection.OnLease = static _ => false;
        connection.End();
        Assert.Equal((2, 0), (rig.Origin.Pending, rig.Origin.StreamsActive));
        connection.OnLease = null;
        connection.Suspend();
        connection.Resume();
        Assert.Same(connection, await rig.Done(first));
        Assert.False(second.IsCompleted);
        connection.End();
        await rig.Done(second);
        rig.AssertCounted(active: 1, idle: 0, streams: 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_retires_or_dies_while_a_slot_of_it_is_leased_leaves_the_counts_right(bool dies)
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection old = await rig.Lease();
        old.End();
        old.OnLease = leasing =>
        {
            if (dies)
            {
                leasing.Close(CloseReason.ServerClosed);
            }
            else
            {
                leasing.Retire();
            }

            return false;
        };
        StubMultiplexedConnection next = await rig.Lease();
        Assert.NotSame(old, next);
        Assert.Equal(dies ? CloseReason.ServerClosed : CloseReason.GoAway, old.ClosedFor);
        Assert.Equal((2L, 0L), (rig.Origin.Requests, rig.Origin.Reused));
        rig.AssertCounted(active: 1, idle: 0, streams: 1);
    }

    [Fact]
    public async Task What_comes_for_a_connection_that_is_gone_is_ignored()
    {
        using var rig = new SharedRig();
        StubMultiplexedConnection gone = await rig.Lease();
        await rig.Lease();
        gone.Close(CloseReason.ReadError);
        Assert.Equal((0, 0), (rig.Origin.Open, rig.Origin.StreamsActive));
        gone.End();
        gone.End();
        gone.Limit(5);
        gone.Suspend();
        gone.Resume();
        gone.Retire();
        Assert.Equal((0, 0, 1L), (rig.Origin.Open, rig.Origin.Idle, rig.Origin.ClosedBy.Values.Sum()));
        Assert.NotSame(gone, await rig.Lease());
        rig.AssertCounted(active: 1, idle: 0, streams: 1);
    }

    [Fact]
    public async Task A_waiter_that_has_gone_gives_its_slot_to_the_next()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 1, limit: 1);
        using var source = new CancellationTokenSource();
        StubMultiplexedConnection connection = await rig.Lease();
        Task<HttpConnection> gone = rig.Ask(rig.Attempt(token: source.Token));
        Task<HttpConnection> next = rig.Ask();

        // The slot is on its way to the first when that one gives up.
        connection.OnLease = leasing =>
        {
            leasing.OnLease = null;
            source.Cancel();
            return true;
        };
        connection.End();
        Assert.Same(connection, await rig.Done(next));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.Equal(1, rig.Origin.StreamsActive);
        connection.End();
        rig.AssertCounted(active: 0, idle: 1, streams: 0);
    }

    [Fact]
    public async Task The_last_of_those_who_wait_goes_and_the_slot_comes_back()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 1, limit: 1);
        using var source = new CancellationTokenSource();
        StubMultiplexedConnection connection = await rig.Lease();
        Task<HttpConnection> gone = rig.Ask(rig.Attempt(token: source.Token));
        connection.OnLease = leasing =>
        {
            source.Cancel();
            return true;
        };
        connection.End();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.Equal((1, 0), (rig.Origin.Idle, connection.Leased));
        rig.AssertCounted(active: 0, idle: 1, streams: 0);
    }

    [Fact]
    public async Task A_request_that_comes_while_a_connection_opens_neither_dials_nor_passes_those_who_wait()
    {
        using var rig = new SharedRig(holdDials: true, limit: -1);
        Task<HttpConnection>? late = null;
        rig.OnMade = made => made.OnStart = _ =>
        {
            late = rig.Ask();
            made.Limit(3);
        };
        Task<HttpConnection>[] early = rig.AskFor(2);
        rig.EndDial();
        HttpConnection connection = (await rig.Done(Task.WhenAll(early)))[0];
        Assert.Same(connection, await rig.Done(late!));
        Assert.Equal((1L, 0), (rig.Origin.DialedBy.Values.Sum(), rig.Origin.Dialing));
    }

    [Fact]
    public async Task What_is_about_to_be_closed_while_idle_serves_nobody_whatever_it_says()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 2, limit: 1);
        StubMultiplexedConnection[] open = await rig.OpenBusy(0, 1);
        Task<HttpConnection>? waiting = null;
        open[0].OnLease = static _ => throw new InvalidOperationException("leased on its way to the end");
        open[0].OnClose = closing =>
        {
            waiting = rig.Ask();
            closing.Limit(5);
            closing.Suspend();
            closing.Resume();
        };
        Assert.Equal(1, rig.Pool.CloseIdleConnections());
        Assert.Equal(CloseReason.ClosedByUser, open[0].ClosedFor);
        Assert.NotSame(open[0], await rig.Done(waiting!));
    }

    // ---- Both kinds -------------------------------------------------------------------------------------------------

    [Fact]
    public async Task A_request_that_needs_HTTP_2_fails_when_the_server_chooses_HTTP_1_1_and_others_take_it()
    {
        using var rig = new SharedRig(holdDials: true) { Http2 = false };
        Task<HttpConnection> strict = rig.Ask(rig.Attempt(exact: true));
        Task<HttpConnection> lenient = rig.Ask();
        rig.EndDial();
        TransportException error = await rig.Fails(strict);
        Assert.Equal(
            (HttpRequestError.VersionNegotiationError, TransportPhase.Tls, RequestSent.No),
            (error.HttpRequestError, error.Phase, error.RequestSent));
        Assert.Contains(
            "chose HTTP/1.1, and the request asks for HTTP/2.0 with RequestVersionExact", error.Message, StringComparison.Ordinal);
        Assert.False((await rig.Done(lenient)).IsMultiplexed);

        // Now that it is known nothing is dialed for one that needs HTTP/2.
        Assert.Equal(
            HttpRequestError.VersionNegotiationError,
            (await Assert.ThrowsAsync<TransportException>(() => rig.Ask(rig.Attempt(exact: true)))).HttpRequestError);
        Assert.Equal((1L, 0), (rig.Origin.DialedBy.Values.Sum(), rig.Origin.Dialing));
    }

    [Fact]
    public async Task An_extended_CONNECT_fails_so_that_a_web_socket_falls_back()
    {
        using var rig = new SharedRig { Http2 = false };
        var request = new HttpRequestMessage(HttpMethod.Connect, "https://a.test/") { Version = HttpVersion.Version20 };
        request.Headers.Protocol = "websocket";
        var attempt = new Attempt(new AttemptRequest(request, rig.Attempt().Settings, CancellationToken.None));
        Assert.Equal(HttpRequestError.ExtendedConnectNotSupported, (await rig.Fails(rig.Ask(attempt))).HttpRequestError);
    }

    [Fact]
    public async Task With_both_kinds_one_that_needs_HTTP_2_waits_for_it_and_the_others_take_either()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 2, limit: 1);
        StubMultiplexedConnection shared = await rig.Lease();
        rig.Http2 = false;
        HttpConnection single = await rig.Done(rig.Ask());
        Assert.False(single.IsMultiplexed);
        Task<HttpConnection> strict = rig.Ask(rig.Attempt(exact: true));
        Task<HttpConnection> lenient = rig.Ask();
        single.Release();
        Assert.Same(single, await rig.Done(lenient));
        single.Release();
        Assert.Equal((1, 1), (rig.Origin.Idle, rig.Origin.Pending));
        Assert.False(rig.Pool.TryLeaseIdle(SharedRig.RouteTo(), rig.Attempt(exact: true), out _));
        shared.End();
        Assert.Same(shared, await rig.Done(strict));
        Assert.Same(single, await rig.Done(rig.Ask()));
    }

    [Fact]
    public async Task One_that_waits_for_HTTP_2_fails_when_that_connection_goes_and_the_next_dial_brings_HTTP_1_1()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 2, limit: 1);
        StubMultiplexedConnection shared = await rig.Lease();
        rig.Http2 = false;
        HttpConnection single = await rig.Done(rig.Ask());
        Task<HttpConnection> strict = rig.Ask(rig.Attempt(exact: true));
        single.Release();
        shared.Close(CloseReason.ServerClosed);
        Assert.Equal(HttpRequestError.VersionNegotiationError, (await rig.Fails(strict)).HttpRequestError);
        rig.Until(origin => origin is { Idle: 2, Pending: 0 });
    }

    [Fact]
    public async Task A_connection_that_may_not_live_serves_the_one_it_was_opened_for()
    {
        using var rig = new SharedRig(settings => settings.PooledConnectionLifetime = TimeSpan.Zero, holdDials: true);
        Task<HttpConnection> first = rig.Ask();
        Task<HttpConnection> second = rig.Ask();
        rig.EndDial();
        HttpConnection served = await rig.Done(first);
        rig.EndDial();
        HttpConnection other = await rig.Done(second);
        Assert.NotSame(served, other);
        served.Release();
        other.Release();
        rig.Until(static origin => origin is { Open: 0, Dialing: 0, ConnectionsOpened: 2 } && origin.ClosedBy[CloseReason.Lifetime] == 2);
    }

    [Fact]
    public async Task No_dials_that_tell_HTTP_1_1_are_made_for_one_that_needs_HTTP_2_and_may_get_a_stream()
    {
        using var rig = new SharedRig(limit: 1);
        StubMultiplexedConnection shared = await rig.Lease();
        rig.Http2 = false;
        Task<HttpConnection> strict = rig.Ask(rig.Attempt(exact: true));
        rig.Until(static origin => origin is { Idle: 1, Pending: 1, Dialing: 0 });
        Assert.Equal(2, rig.Origin.ConnectionsOpened);

        // Others are served by what came of it, and by dials of their own; also then it stays in line for its stream.
        await rig.Done(rig.Ask());
        await rig.Done(rig.Ask());
        Assert.Equal((3, 1), ((int)rig.Origin.ConnectionsOpened, rig.Origin.Pending));
        shared.End();
        Assert.Same(shared, await rig.Done(strict));
    }

    [Fact]
    public async Task A_server_that_asks_for_HTTP_1_1_is_offered_nothing_else_any_more()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 1, limit: 1);
        StubMultiplexedConnection shared = await rig.Lease();
        Task<HttpConnection> strict = rig.Ask(rig.Attempt(exact: true));
        Task<HttpConnection> lenient = rig.Ask();
        rig.Http2 = false;
        shared.AskForHttp11();
        Assert.Equal(HttpRequestError.VersionNegotiationError, (await rig.Fails(strict)).HttpRequestError);
        Assert.Null(shared.ClosedFor);
        shared.End();
        Assert.Equal(CloseReason.Http11Required, shared.ClosedFor);
        Assert.False((await rig.Done(lenient)).IsMultiplexed);
        rig.Single[0].Close(CloseReason.ServerClosed);

        // Also after it has no connection any more.
        await Assert.ThrowsAsync<TransportException>(() => rig.Ask(rig.Attempt(exact: true)));
    }

    [Fact]
    public async Task A_connection_that_was_dialed_before_the_server_asked_for_HTTP_1_1_is_not_used()
    {
        using var rig = new SharedRig(limit: 1);
        StubMultiplexedConnection first = await rig.Lease();
        rig.HoldDials = true;
        Task<HttpConnection> waiting = rig.Ask();
        first.AskForHttp11();
        rig.EndDial();
        rig.Until(origin => origin.ClosedBy.GetValueOrDefault(CloseReason.Http11Required) == 1);
        rig.Http2 = false;
        rig.EndDial();
        Assert.False((await rig.Done(waiting)).IsMultiplexed);
    }

    [Fact]
    public async Task The_snapshot_tells_what_a_connection_speaks_and_how_it_does()
    {
        using var rig = new SharedRig(limit: 7);
        StubMultiplexedConnection connection = await rig.Lease();
        await rig.Lease();
        connection.Health = new ConnectionVitals(3, PoolRig.Ms(20), new Dictionary<string, double>());
        Assert.Equal(("HTTP/2 or HTTP/1.1", 2), (rig.Origin.Protocols, rig.Origin.StreamsActive));
        ConnectionSnapshot snapshot = Assert.Single(rig.Origin.Connections);
        Assert.Equal(
            (HttpVersion.Version20, 2, 7, 3L, (TimeSpan?)PoolRig.Ms(20)),
            (snapshot.HttpVersion, snapshot.Streams, snapshot.StreamLimit, snapshot.WindowStalls, snapshot.PingRoundTrip));
        Assert.Equal(1, rig.Metrics.Sum("http.client.open_connections", ("network.protocol.version", "2")));
    }
}
