using Warmwire.Connections;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>When an HTTP/2 connection is opened, and for how many.</summary>
public class SharedDialTests
{
    [Fact]
    public async Task One_dial_decides_for_all_who_wait_while_the_protocol_is_unknown()
    {
        using var rig = new SharedRig(holdDials: true, limit: 100);
        Task<HttpConnection>[] all = rig.AskFor(50);
        Assert.Equal((1, 50), (rig.Origin.Dialing, rig.Origin.Pending));
        rig.EndDial();
        HttpConnection[] given = await rig.Done(Task.WhenAll(all));
        Assert.Single(given.Distinct());
        Assert.Equal((1L, 50, 50), (rig.Origin.DialedBy.Values.Sum(), rig.Origin.StreamsActive, rig.Shared[0].Leased));
        Assert.Equal((50L, 49L), (rig.Origin.Requests, rig.Origin.Reused));
    }

    [Fact]
    public async Task If_that_dial_fails_all_who_waited_through_it_fail_with_it_and_who_came_meanwhile_is_not_harmed()
    {
        using var rig = new SharedRig(holdDials: true);
        Task<HttpConnection> first = rig.Ask();
        Task<HttpConnection>[] meanwhile = rig.AskFor(5);
        rig.EndDial(new IOException("no route"));
        await rig.Fails(first);
        rig.Until(origin => origin.Dialing == 1);
        Assert.All(meanwhile, waiting => Assert.False(waiting.IsCompleted));
        rig.EndDial(new IOException("no route"));
        foreach (Task<HttpConnection> waiting in meanwhile)
        {
            Assert.Contains("no route", (await rig.Fails(waiting)).Message, StringComparison.Ordinal);
        }

        Assert.Equal((2L, 0, 0), (rig.Origin.DialsFailed, rig.Origin.Pending, rig.Origin.Dialing));
        Assert.Equal(2, rig.Origin.DialedBy[DialReason.First]);
    }

    [Fact]
    public async Task Once_HTTP_1_1_is_known_each_that_waits_has_its_dial()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 4, holdDials: true) { Http2 = false };
        Task<HttpConnection>[] all = rig.AskFor(6);
        Assert.Equal(1, rig.Origin.Dialing);
        rig.EndDial();
        await rig.Done(all[0]);
        rig.Until(origin => origin.Dialing == 3);
        rig.EndDial();
        rig.EndDial();
        rig.EndDial();
        await rig.Done(Task.WhenAll(all[..4]));
        Assert.Equal((2, 3L), (rig.Origin.Pending, rig.Origin.DialedBy[DialReason.AllBusy]));
        rig.Single[0].Release();
        rig.Single[1].Release();
        await rig.Done(Task.WhenAll(all));
    }

    [Fact]
    public async Task The_protocol_is_forgotten_with_the_last_connection()
    {
        using var rig = new SharedRig(holdDials: true) { Http2 = false };
        Task<HttpConnection> first = rig.Ask();
        rig.EndDial();
        (await rig.Done(first)).Close(CloseReason.ServerClosed);
        rig.Http2 = true;
        Task<HttpConnection>[] next = rig.AskFor(3);
        Assert.Equal(1, rig.Origin.Dialing);
        rig.EndDial();
        Assert.Single((await rig.Done(Task.WhenAll(next))).Distinct());
    }

    [Fact]
    public async Task With_HTTP_2_one_dial_is_for_as_many_as_the_server_serves_on_a_connection()
    {
        using var rig = new SharedRig(limit: 10);
        StubMultiplexedConnection first = await rig.Lease();
        first.Limit(10);
        await rig.Done(Task.WhenAll(rig.AskFor(9)));
        rig.HoldDials = true;
        Task<HttpConnection>[] waiting = rig.AskFor(25);
        Assert.Equal((3, 25), (rig.Origin.Dialing, rig.Origin.Pending));
        rig.EndDial();
        rig.EndDial();
        rig.EndDial();
        await rig.Done(Task.WhenAll(waiting));
        Assert.Equal((4, 35), (rig.Origin.Open, rig.Origin.StreamsActive));
        Assert.Equal(3, rig.Origin.DialedBy[DialReason.AllAtStreamLimit]);
    }

    [Fact]
    public async Task Prior_knowledge_counts_on_a_hundred_until_the_server_has_told()
    {
        using var rig = new SharedRig(holdDials: true, limit: 100);
        Task<HttpConnection>[] all = [.. Enumerable.Range(0, 201).Select(_ => rig.Ask(protocols: ProtocolOffer.Http2))];
        Assert.Equal((3, "HTTP/2"), (rig.Origin.Dialing, rig.Origin.Protocols));
        rig.EndDial();
        rig.EndDial();
        rig.EndDial();
        await rig.Done(Task.WhenAll(all));
        Assert.Equal((3, 201), (rig.Origin.Open, rig.Origin.StreamsActive));
    }

    [Fact]
    public async Task A_limit_that_turns_out_lower_opens_more_for_those_who_still_wait()
    {
        using var rig = new SharedRig(holdDials: true, limit: 2);
        Task<HttpConnection>[] all = rig.AskFor(5);
        rig.EndDial();
        await rig.Done(Task.WhenAll(all[..2]));
        rig.Shared[0].Limit(2);
        rig.Until(origin => origin.Dialing == 2);
        rig.EndDial();
        rig.EndDial();
        await rig.Done(Task.WhenAll(all));
        Assert.Equal(3, rig.Origin.Open);
    }

    [Fact]
    public async Task A_limit_that_rises_serves_as_many_as_it_has_slots()
    {
        using var rig = new SharedRig(settings => settings.MaxConnectionsPerServer = 1, limit: 1);
        StubMultiplexedConnection connection = await rig.Lease();
        Task<HttpConnection>[] waiting = rig.AskFor(5);
        connection.Limit(4);
        await rig.Done(Task.WhenAll(waiting[..3]));
        Assert.Equal((4, 2), (rig.Origin.StreamsActive, rig.Origin.Pending));
        connection.End();
        await rig.Done(waiting[3]);
        connection.Limit(1);
        connection.End();
        connection.End();
        connection.End();
        Assert.False(waiting[4].IsCompleted);
        connection.End();
        await rig.Done(waiting[4]);
    }

    [Fact]
    public async Task A_server_that_allows_no_stream_is_not_dialed_again_until_it_does()
    {
        using var rig = new SharedRig(limit: 0);
        Task<HttpConnection>[] waiting = rig.AskFor(3);
        rig.Until(origin => origin.Open == 1);
        Assert.Equal((0, 3, 1L), (rig.Origin.Dialing, rig.Origin.Pending, rig.Origin.DialedBy.Values.Sum()));
        rig.Shared[0].Limit(5);
        await rig.Done(Task.WhenAll(waiting));
        Assert.Equal(1, rig.Origin.Open);
    }

    [Fact]
    public async Task Without_more_than_one_those_beyond_its_limit_wait()
    {
        using var rig = new SharedRig(settings =>
        {
            settings.EnableMultipleHttp2Connections = false;
            settings.MaxPendingRequestsPerServer = 2;
        }, limit: 2);
        StubMultiplexedConnection connection = await rig.Lease();
        await rig.Lease();
        Task<HttpConnection>[] waiting = rig.AskFor(2);
        TransportException error = await Assert.ThrowsAsync<TransportException>(() => rig.Ask());
        Assert.Contains(
            "2 requests already wait for one of 2 streams on 1 connection to http://a.test:80, all in use; "
                + "see PooledHttpHandler.MaxPendingRequestsPerServer (2), ",
            error.Message,
            StringComparison.Ordinal);
        Assert.Equal(1L, rig.Origin.DialedBy.Values.Sum());
        connection.End();
        await rig.Done(waiting[0]);

        // It takes no more, so another may take its place.
        connection.Retire();
        await rig.Done(waiting[1]);
        Assert.Equal((2, 2L), (rig.Origin.Open, rig.Origin.DialedBy[DialReason.First]));
    }

    [Fact]
    public async Task A_request_that_waits_too_long_is_told_about_streams()
    {
        using var rig = new SharedRig(settings =>
        {
            settings.MaxConnectionsPerServer = 1;
            settings.PendingRequestTimeout = PoolRig.Seconds(2);
        }, limit: 1);
        await rig.Lease();
        Task<HttpConnection> waiting = rig.Ask();
        Task<HttpConnection> behind = rig.Ask();
        rig.Time.Advance(PoolRig.Seconds(2));
        TransportException error = await rig.Fails(waiting);
        Assert.True(error.IsTimeout);
        Assert.StartsWith(
            "Waited 2.0 s for the one stream on 1 connection to http://a.test:80, all in use, ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "see PooledHttpHandler.PendingRequestTimeout, MaxConnectionsPerServer and EnableMultipleHttp2Connections.",
            error.Message,
            StringComparison.Ordinal);
        await rig.Fails(behind);
    }

    [Fact]
    public async Task Those_let_in_while_nobody_knew_the_protocol_are_counted_when_it_is_known()
    {
        using var rig = new SharedRig(settings =>
        {
            settings.MaxConnectionsPerServer = 2;
            settings.MaxPendingRequestsPerServer = 1;
        }, holdDials: true) { Http2 = false };
        Task<HttpConnection>[] all = rig.AskFor(6);
        rig.EndDial();
        rig.EndDial();
        await rig.Done(Task.WhenAll(all[..2]));
        Assert.Equal(1, rig.Origin.Pending);

        // The last in line keeps its place: the second dial was for it.
        foreach (Task<HttpConnection> surplus in all[2..5])
        {
            Assert.Contains("MaxPendingRequestsPerServer (1)", (await rig.Fails(surplus)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_ends_each_connection_before_its_first_request_is_not_dialed_for_ever()
    {
        using var rig = new SharedRig { OnMade = static connection => connection.OnStart = static started => started.Retire() };
        TransportException error = await rig.Fails(rig.Ask());
        Assert.Contains("was opened, and closed before it took a request: GoAway", error.Message, StringComparison.Ordinal);
        Assert.Equal((TransportPhase.Connect, true), (error.Phase, error.NotProcessed));
        Assert.Equal((1L, 0, 0), (rig.Origin.ClosedBy[CloseReason.GoAway], rig.Origin.Open, rig.Origin.Pending));
        rig.AssertCounted(active: 0, idle: 0, streams: 0);
    }

    [Fact]
    public async Task Prewarming_opens_as_many_as_may_be()
    {
        using var rig = new SharedRig();
        Assert.Equal(3, await rig.Pool.PrewarmAsync(SharedRig.RouteTo(), 3, CancellationToken.None));
        Assert.Equal((3, 3), (rig.Origin.Open, rig.Origin.Idle));
        rig.AssertCounted(active: 0, idle: 3, streams: 0);
        using var one = new SharedRig(settings => settings.EnableMultipleHttp2Connections = false);
        Assert.Equal(1, await one.Pool.PrewarmAsync(SharedRig.RouteTo(), 3, CancellationToken.None));
    }
}
