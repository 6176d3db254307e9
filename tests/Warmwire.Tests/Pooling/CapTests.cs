using Warmwire.Pooling;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>Limits on connections: open and dialing, idle, per origin and over all.</summary>
public class CapTests
{
    [Fact]
    public async Task Dials_count_for_the_cap_of_an_origin()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 2, holdDials: true);
        Task<HttpResponseMessage>[] responses = [.. Enumerable.Range(0, 5).Select(_ => rig.Get())];
        await rig.Until(_ => rig.Network.DialCount == 2);
        Assert.Equal((2, 5), (rig.Snapshot.Dialing, rig.Snapshot.Pending));
        Serve((await rig.Network.NextDialAsync()).Accept());
        Serve((await rig.Network.NextDialAsync()).Accept());
        await rig.Done(Task.WhenAll(responses));
        Assert.Equal((2, 2), (rig.Network.DialCount, rig.Network.MaxOpenOrDialing));
    }

    [Fact]
    public async Task The_cap_holds_through_a_close_and_its_replacement()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1);
        (Task<HttpResponseMessage> first, ScriptedPeer peer) = await rig.Busy();
        Task<HttpResponseMessage> second = rig.Get();
        await peer.SendResponseAsync(headers: "Connection: close");
        (await rig.Done(first)).Dispose();
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(second)).Dispose();
        Assert.Equal((2, 1), (rig.Network.DialCount, rig.Network.MaxOpenOrDialing));
    }

    [Fact]
    public async Task Origins_do_not_share_the_cap_per_server()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1);
        await rig.Busy(A);
        await rig.Busy(B);
        await rig.Busy("http://a.test:81/");
        Assert.Equal(3, rig.Snapshot.Open);
    }

    [Fact]
    public async Task At_the_total_cap_the_least_recently_used_idle_connection_of_another_origin_makes_room()
    {
        using var rig = new PoolRig(handler => handler.MaxConnections = 2);
        ScriptedPeer old = (await rig.OpenIdle(1, B))[0];
        ScriptedPeer young = (await rig.OpenIdle(1, A))[0];
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy(C);
        await rig.Done(old.ClientClosed);
        Assert.False(young.ClientClosed.IsCompleted);
        rig.AssertClosed((CloseReason.MadeRoom, 1));
        Assert.Equal(1, rig.Origin(B).ClosedBy[CloseReason.MadeRoom]);
        await rig.Finish((response, peer));
        Assert.Equal(2, rig.Network.MaxOpenOrDialing);
    }

    [Fact]
    public async Task At_the_total_cap_with_all_busy_a_request_waits_and_is_served_when_a_connection_of_another_origin_becomes_idle()
    {
        using var rig = new PoolRig(handler => handler.MaxConnections = 1);
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy(A);
        Task<HttpResponseMessage> waiting = rig.Get(B);
        Assert.Equal((1, 0, 1), (rig.Network.DialCount, rig.Snapshot.Dialing, rig.Snapshot.Pending));
        await rig.Finish(busy);
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(waiting)).Dispose();
        rig.AssertClosed((CloseReason.MadeRoom, 1));
        Assert.Equal(1, rig.Network.MaxOpenOrDialing);
    }

    [Fact]
    public async Task Starved_origins_are_served_in_the_order_they_began_to_wait()
    {
        using var rig = new PoolRig(handler => handler.MaxConnections = 1);
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy(A);
        string[] origins = [C, B, "http://d.test/", "http://e.test/"];
        Task<HttpResponseMessage>[] waiting = [.. origins.Select(origin => rig.Get(origin))];
        await rig.Finish(busy, "Connection: close");
        for (int i = 0; i < origins.Length; i++)
        {
            ScriptedPeer peer = await rig.Network.AcceptAsync();
            Assert.Equal(new Uri(origins[i]).Host, peer.Host);
            await peer.AnswerAsync(headers: i % 2 == 0 ? ["Connection: close"] : []);
            (await rig.Done(waiting[i])).Dispose();
        }

        Assert.Equal(1, rig.Network.MaxOpenOrDialing);
    }

    [Fact]
    public async Task A_permit_freed_by_a_failed_dial_serves_the_next_starved_origin()
    {
        using var rig = new PoolRig(handler => handler.MaxConnections = 1, holdDials: true);
        Task<HttpResponseMessage> failing = rig.Get(A);
        Task<HttpResponseMessage> waiting = rig.Get(B);
        (await rig.Network.NextDialAsync()).Fail(new IOException("no route"));
        await rig.Fails(failing);
        Dial next = await rig.Network.NextDialAsync();
        Assert.Equal("b.test", next.Host);
        await next.Accept().AnswerAsync();
        (await rig.Done(waiting)).Dispose();
    }

    [Fact]
    public async Task A_permit_nobody_needs_any_more_goes_to_the_next_in_line()
    {
        using var rig = new PoolRig(handler => handler.MaxConnections = 1);
        using var source = new CancellationTokenSource();
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy(A);
        Task<HttpResponseMessage> gone = rig.Get(B, source.Token);
        Task<HttpResponseMessage> waiting = rig.Get(C);
        await source.CancelAsync();
        await rig.IsCancelled(gone);
        await rig.Finish(busy, "Connection: close");
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        Assert.Equal("c.test", peer.Host);
        await peer.AnswerAsync();
        (await rig.Done(waiting)).Dispose();
    }

    [Fact]
    public async Task A_connection_is_not_sacrificed_for_an_origin_whose_requests_are_gone()
    {
        using var rig = new PoolRig(handler => handler.MaxConnections = 1);
        using var source = new CancellationTokenSource();
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy(A);
        Task<HttpResponseMessage> gone = rig.Get(B, source.Token);
        await source.CancelAsync();
        await rig.IsCancelled(gone);
        await rig.Finish(busy);
        rig.AssertClosed();
        Assert.True((await rig.Exchange(busy.Peer)).Reused);
    }

    [Fact]
    public async Task No_wake_up_is_lost_when_one_origin_becomes_idle_as_another_begins_to_wait()
    {
        using var rig = new PoolRig(handler => handler.MaxConnections = 1);
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy("http://host0.test/");
        for (int i = 1; i <= 1500; i++)
        {
            // Nothing else goes on, so nobody comes by later who would tell the origin that waits. Both sides start at moments that drift.
            int delay = i % 60 * 20;
            Task answer = Task.Run(() => busy.Peer.SendResponseAsync());
            Thread.SpinWait(delay);
            Task<HttpResponseMessage> next = rig.Get($"http://host{i % 2}.test/");
            await answer;
            (await rig.Done(busy.Response)).Dispose();
            ScriptedPeer peer = await rig.Network.AcceptAsync();
            await peer.ReadRequestAsync();
            busy = (next, peer);
        }

        Assert.Equal(1, rig.Network.MaxOpenOrDialing);
    }

    [Fact]
    public async Task More_than_the_idle_limit_of_an_origin_are_kept_for_some_seconds_only_and_the_oldest_goes_first()
    {
        using var rig = new PoolRig(handler => handler.MaxIdleConnectionsPerServer = 2);
        ScriptedPeer[] peers = await rig.OpenIdle(3);
        rig.Time.Advance(PoolLimits.KeepSurplusIdle - Ms(10));
        rig.AssertClosed();
        rig.Time.Advance(Ms(100));
        await rig.Done(peers[0].ClientClosed);
        rig.AssertClosed((CloseReason.IdleLimit, 1));
        Assert.Equal(2, rig.Snapshot.Idle);
    }

    [Fact]
    public async Task A_surplus_that_is_used_again_in_time_is_not_closed()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxIdleConnectionsPerServer = 1;
            handler.MaxIdleConnections = 1;
        });
        ScriptedPeer[] peers = await rig.OpenIdle(3);
        for (int i = 0; i < 10; i++)
        {
            rig.Time.Advance(PoolLimits.KeepSurplusIdle - Ms(100));
            Task<HttpResponseMessage>[] responses = [rig.Get(), rig.Get(), rig.Get()];
            foreach (ScriptedPeer peer in peers)
            {
                await peer.AnswerAsync();
            }

            foreach (Task<HttpResponseMessage> response in responses)
            {
                (await rig.Done(response)).Dispose();
            }

            await rig.Until(snapshot => snapshot.Idle == 3);
        }

        rig.AssertClosed();
        Assert.Equal(3, rig.Network.DialCount);
    }

    [Fact]
    public async Task More_than_the_idle_limit_of_all_origins_are_not_kept_and_the_oldest_of_all_goes_first()
    {
        using var rig = new PoolRig(handler => handler.MaxIdleConnections = 3);
        ScriptedPeer[] a = await rig.OpenIdle(2, A);
        ScriptedPeer[] b = await rig.OpenIdle(1, B);
        await rig.Exchange(a[1], A);
        rig.Time.Advance(Ms(1));
        Assert.False(a[0].ClientClosed.IsCompleted);
        await rig.OpenIdle(1, C);
        Assert.False(a[0].ClientClosed.IsCompleted);
        rig.Time.Advance(PoolLimits.KeepSurplusIdle);
        await rig.Done(a[0].ClientClosed);
        rig.AssertClosed((CloseReason.IdleLimit, 1));
        await rig.OpenIdle(1, "http://d.test/");
        rig.Time.Advance(PoolLimits.KeepSurplusIdle);
        await rig.Done(b[0].ClientClosed);
        rig.AssertClosed((CloseReason.IdleLimit, 2));
        Assert.Equal(3, rig.Snapshot.Idle);
        Assert.False(a[1].ClientClosed.IsCompleted);
    }

    [Fact]
    public async Task An_idle_limit_of_zero_still_hands_connections_to_requests_that_wait()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxIdleConnections = 0;
            handler.MaxConnectionsPerServer = 1;
        });
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage> next = rig.Get();
        await rig.Finish(busy);
        await busy.Peer.AnswerAsync();
        using HttpResponseMessage response = await rig.Done(next);
        Assert.True(response.GetConnectionInfo()!.Reused);
        rig.Time.Advance(PoolLimits.KeepSurplusIdle);
        await rig.Done(busy.Peer.ClientClosed);
        rig.AssertClosed((CloseReason.IdleLimit, 1));
    }
}
