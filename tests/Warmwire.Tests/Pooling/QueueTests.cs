using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>Requests that wait for a connection: their order, their limits, and who gets what comes.</summary>
public class QueueTests
{
    [Fact]
    public async Task Those_who_wait_are_served_in_the_order_they_came()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1);
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage>[] waiting = [.. Enumerable.Range(0, 5).Select(id => rig.Get(A + id))];
        await rig.Finish(busy);
        for (int id = 0; id < waiting.Length; id++)
        {
            Assert.Equal($"/{id}", (await busy.Peer.AnswerAsync()).Target);
            (await rig.Done(waiting[id])).Dispose();
        }
    }

    [Fact]
    public async Task The_connection_that_became_idle_last_is_used_first()
    {
        using var rig = new PoolRig();
        ScriptedPeer[] peers = await rig.OpenIdle(3);
        await rig.Exchange(peers[2]);
        await rig.Exchange(peers[2]);
        Task<HttpResponseMessage> first = rig.Get();
        Task<HttpResponseMessage> second = rig.Get();
        await peers[2].AnswerAsync();
        await peers[1].AnswerAsync();
        await rig.Done(Task.WhenAll(first, second));
        Assert.Equal(3, rig.Network.DialCount);
    }

    [Fact]
    public async Task A_freed_connection_beats_the_dial_and_the_dial_is_pooled()
    {
        using var rig = new PoolRig();
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        rig.Network.HoldDials = true;
        Task<HttpResponseMessage> second = rig.Get();
        await rig.Network.NextDialAsync();
        Dial dial = await rig.Network.NextDialAsync();
        await rig.Finish(busy);
        await busy.Peer.AnswerAsync();
        using HttpResponseMessage response = await rig.Done(second);
        Assert.True(response.GetConnectionInfo()!.Reused);
        Assert.Equal((1, 1), (rig.Snapshot.Dialing, rig.Snapshot.Idle));
        dial.Accept();
        await rig.Until(snapshot => snapshot.Idle == 2);
        Assert.Equal(0, rig.Snapshot.Origins[0].DialsFailed);
    }

    [Fact]
    public async Task A_dial_outlives_the_request_that_asked_for_it()
    {
        using var rig = new PoolRig(holdDials: true);
        using var source = new CancellationTokenSource();
        Task<HttpResponseMessage> gone = rig.Get(A, source.Token);
        Dial dial = await rig.Network.NextDialAsync();
        await source.CancelAsync();
        await rig.IsCancelled(gone);
        Assert.Equal((0, 1), (rig.Snapshot.Pending, rig.Snapshot.Dialing));
        Assert.Equal(DialState.Pending, dial.State);
        Task<HttpResponseMessage> next = rig.Get();
        Assert.Equal((1, 1), (rig.Network.DialCount, rig.Snapshot.Dialing));
        await dial.Accept().AnswerAsync();
        using HttpResponseMessage response = await rig.Done(next);
        Assert.False(response.GetConnectionInfo()!.Reused);
    }

    [Fact]
    public async Task A_dial_nobody_waits_for_any_more_is_pooled()
    {
        using var rig = new PoolRig(holdDials: true);
        using var source = new CancellationTokenSource();
        Task<HttpResponseMessage> gone = rig.Get(A, source.Token);
        Dial dial = await rig.Network.NextDialAsync();
        await source.CancelAsync();
        await rig.IsCancelled(gone);
        ScriptedPeer peer = dial.Accept();
        await rig.Until(snapshot => snapshot.Idle == 1);
        Assert.False((await rig.Exchange(peer)).Reused);
    }

    [Fact]
    public async Task A_dial_serves_the_oldest_waiter_and_not_the_one_that_asked()
    {
        using var rig = new PoolRig(holdDials: true);
        Task<HttpResponseMessage> first = rig.Get(A + "first");
        Task<HttpResponseMessage> second = rig.Get(A + "second");
        Dial one = await rig.Network.NextDialAsync();
        Dial two = await rig.Network.NextDialAsync();
        ScriptedPeer peer = two.Accept();
        Assert.Equal("/first", (await peer.AnswerAsync()).Target);
        (await rig.Done(first)).Dispose();
        Assert.Equal("/second", (await peer.AnswerAsync()).Target);
        (await rig.Done(second)).Dispose();
        one.Accept();
        await rig.Until(snapshot => snapshot.Idle == 2);
    }

    [Fact]
    public async Task A_failed_dial_fails_the_request_that_asked_and_no_other()
    {
        using var rig = new PoolRig(holdDials: true);
        Task<HttpResponseMessage> first = rig.Get(A + "first");
        Task<HttpResponseMessage> second = rig.Get(A + "second");
        Dial one = await rig.Network.NextDialAsync();
        Dial two = await rig.Network.NextDialAsync();
        one.Fail(new IOException("no route"));
        TransportException error = await rig.Fails(first);
        Assert.Equal((TransportPhase.Connect, RequestSent.No, true), (error.Phase, error.RequestSent, error.NotProcessed));
        Assert.False(second.IsCompleted);
        await two.Accept().AnswerAsync();
        (await rig.Done(second)).Dispose();
        Assert.Equal(1, rig.Origin().DialsFailed);
    }

    [Fact]
    public async Task Those_who_waited_through_a_failed_dial_of_an_unreachable_origin_fail_with_it()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1, holdDials: true);
        Task<HttpResponseMessage>[] all = [.. Enumerable.Range(0, 4).Select(_ => rig.Get())];
        (await rig.Network.NextDialAsync()).Fail(new IOException("no route"));

        // The first asked; the others came while its dial was under way, so they get one of their own, all together.
        await rig.Fails(all[0]);
        Dial next = await rig.Network.NextDialAsync();
        Assert.Equal(3, rig.Snapshot.Pending);
        next.Fail(new IOException("no route"));
        TransportException[] errors = await Task.WhenAll(all[1..].Select(rig.Fails));
        Assert.Equal(3, errors.Distinct().Count());
        Assert.Equal((2, 0, 0), (rig.Network.DialCount, rig.Snapshot.Pending, rig.Snapshot.Dialing));
    }

    [Fact]
    public async Task A_request_whose_helper_dial_failed_gets_a_dial_of_its_own()
    {
        using var rig = new PoolRig();
        using var source = new CancellationTokenSource();
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        await rig.Network.NextDialAsync();
        rig.Network.HoldDials = true;
        Task<HttpResponseMessage> gone = rig.Get(A, source.Token);

        // It has begun before the request gives up: a dial that nobody needs when its turn comes does not begin.
        Dial inherited = await rig.Network.NextDialAsync();
        await source.CancelAsync();
        await rig.IsCancelled(gone);
        Task<HttpResponseMessage> heir = rig.Get(A + "heir");
        Assert.Equal(2, rig.Network.DialCount);
        inherited.Fail(new IOException("no route"));
        await (await rig.Network.NextDialAsync()).Accept().AnswerAsync();
        (await rig.Done(heir)).Dispose();
        await rig.Finish(busy);
    }

    [Fact]
    public async Task Dials_never_exceed_the_requests_that_wait()
    {
        using var rig = new PoolRig(holdDials: true);
        Task<HttpResponseMessage>[] all = [.. Enumerable.Range(0, 3).Select(_ => rig.Get())];
        Dial[] dials = [await rig.Network.NextDialAsync(), await rig.Network.NextDialAsync(), await rig.Network.NextDialAsync()];
        ScriptedPeer peer = dials[0].Accept();
        foreach (Task<HttpResponseMessage> response in all)
        {
            await peer.AnswerAsync();
            (await rig.Done(response)).Dispose();
        }

        // Two dials are still under way and nobody waits: the next two requests that find the connection busy take those.
        Task<HttpResponseMessage>[] more = [.. Enumerable.Range(0, 3).Select(_ => rig.Get())];
        Assert.Equal((3, 2, 2), (rig.Network.DialCount, rig.Snapshot.Dialing, rig.Snapshot.Pending));
        Serve(peer);
        Serve(dials[1].Accept());
        Serve(dials[2].Accept());
        await rig.Done(Task.WhenAll(more));
        Assert.Equal(3, rig.Network.DialCount);
    }

    [Fact]
    public async Task More_waiting_requests_than_allowed_fail_at_once_and_say_so()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxConnectionsPerServer = 1;
            handler.MaxPendingRequestsPerServer = 2;
        });
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage>[] waiting = [rig.Get(), rig.Get()];
        TransportException error = await rig.Fails(rig.Get());
        Assert.Equal((TransportPhase.Queue, RequestSent.No, true, false),
            (error.Phase, error.RequestSent, error.NotProcessed, error.IsTimeout));
        Assert.Contains("PooledHttpHandler.MaxPendingRequestsPerServer (2)", error.Message, StringComparison.Ordinal);
        await rig.Finish(busy);
        await busy.Peer.AnswerAsync();
        await busy.Peer.AnswerAsync();
        await rig.Done(Task.WhenAll(waiting));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task The_limit_on_waiting_requests_holds_at_the_total_cap_too(int limit)
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxConnections = 1;
            handler.MaxPendingRequestsPerServer = limit;
        });
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy(A);
        Task<HttpResponseMessage>[] waiting = [.. Enumerable.Range(0, limit).Select(_ => rig.Get(B))];
        Assert.Contains("MaxPendingRequestsPerServer", (await rig.Fails(rig.Get(B))).Message, StringComparison.Ordinal);
        Assert.Equal(limit, rig.Snapshot.Pending);
        await rig.Finish(busy);
        if (limit > 0)
        {
            ScriptedPeer peer = await rig.Network.AcceptAsync();
            await peer.AnswerAsync();
            await peer.AnswerAsync();
            await rig.Done(Task.WhenAll(waiting));
        }
    }

    [Fact]
    public async Task A_request_for_which_a_connection_is_opened_does_not_count_as_waiting()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxConnectionsPerServer = 2;
            handler.MaxPendingRequestsPerServer = 0;
        }, holdDials: true);
        Task<HttpResponseMessage>[] dialing = [rig.Get(), rig.Get()];
        await rig.Fails(rig.Get());
        (await rig.Network.NextDialAsync()).Accept();
        (await rig.Network.NextDialAsync()).Accept();
        Assert.All(dialing, response => Assert.False(response.IsFaulted));
    }

    [Fact]
    public async Task Waiting_too_long_fails_with_the_numbers_and_the_setting()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxConnectionsPerServer = 1;
            handler.PendingRequestTimeout = Seconds(2);
        });
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage> first = rig.Get();
        rig.Time.Advance(Seconds(1));
        Task<HttpResponseMessage> second = rig.Get();
        rig.Time.Advance(Seconds(1));
        TransportException error = await rig.Fails(first);
        Assert.True(error.IsTimeout);
        Assert.IsType<TimeoutException>(error.InnerException);
        Assert.Equal((TransportPhase.Queue, RequestSent.No, true), (error.Phase, error.RequestSent, error.NotProcessed));
        Assert.Contains("Waited 2.0 s", error.Message, StringComparison.Ordinal);
        Assert.Contains("http://a.test:80", error.Message, StringComparison.Ordinal);
        Assert.Contains("0 requests ahead; see PooledHttpHandler.PendingRequestTimeout", error.Message, StringComparison.Ordinal);
        Assert.False(second.IsCompleted);
        await rig.Finish(busy);
        await busy.Peer.AnswerAsync();
        (await rig.Done(second)).Dispose();
    }

    [Fact]
    public async Task The_time_in_the_queue_of_one_request_can_be_set_by_the_request()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1);
        await rig.Busy();
        HttpRequestMessage request = Request(HttpMethod.Get);
        request.Options.Set(TransportOptions.PendingRequestTimeout, Ms(300));
        Task<HttpResponseMessage> hasty = rig.Send(request);
        Task<HttpResponseMessage> patient = rig.Get();
        rig.Time.Advance(Ms(300));
        Assert.True((await rig.Fails(hasty)).IsTimeout);
        Assert.False(patient.IsCompleted);
        Assert.Equal(1, rig.Snapshot.Pending);
    }

    [Fact]
    public async Task A_request_cancelled_in_the_queue_leaves_it_and_the_next_moves_up()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1);
        using var source = new CancellationTokenSource();
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage> gone = rig.Get(A + "gone", source.Token);
        Task<HttpResponseMessage> next = rig.Get(A + "next");
        await source.CancelAsync();
        Assert.Equal(source.Token, (await rig.IsCancelled(gone)).CancellationToken);
        Assert.Equal(1, rig.Snapshot.Pending);
        await rig.Finish(busy);
        Assert.Equal("/next", (await busy.Peer.AnswerAsync()).Target);
        (await rig.Done(next)).Dispose();
        rig.AssertClosed();
    }

    [Fact]
    public async Task A_request_that_cannot_be_formatted_gives_its_connection_back_unharmed()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        for (int i = 0; i < 2; i++)
        {
            HttpRequestMessage request = Request(HttpMethod.Get);
            request.Headers.TryAddWithoutValidation("Bad", "caf\u00e9");
            await Assert.ThrowsAnyAsync<Exception>(() => rig.Done(rig.Send(request)));
            Assert.Equal((1, 1), (rig.Snapshot.Open, rig.Snapshot.Idle));
        }

        Assert.True((await rig.Exchange(peer)).Reused);
        rig.AssertClosed();
        peer.Close();
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.ServerClosed, 1));
    }
}
