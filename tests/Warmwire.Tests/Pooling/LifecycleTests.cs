using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>Prewarming, closing on demand, and the two ends of a handler.</summary>
public class LifecycleTests
{
    private static readonly Uri s_a = new(A);

    [Fact]
    public async Task Prewarming_opens_what_is_missing_and_leaves_it_idle()
    {
        using var rig = new PoolRig();
        await rig.OpenIdle(1);
        Assert.Equal(2, await rig.Done(rig.Handler.PrewarmAsync(s_a, 3)));
        Assert.Equal((3, 3), (rig.Snapshot.Open, rig.Snapshot.Idle));
        Assert.Equal(0, await rig.Done(rig.Handler.PrewarmAsync(s_a, 3)));
        Assert.Equal(2, rig.DialedBy[DialReason.Prewarm]);
    }

    [Fact]
    public async Task Prewarming_keeps_to_the_limits()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxConnectionsPerServer = 5;
            handler.MaxIdleConnectionsPerServer = 3;
            handler.MaxConnections = 4;
        });
        Assert.Equal(3, await rig.Done(rig.Handler.PrewarmAsync(s_a, 100)));
        Assert.Equal(1, await rig.Done(rig.Handler.PrewarmAsync(new Uri(B), 100)));
        Assert.Equal((4, 0), (rig.Snapshot.Open, rig.Snapshot.Dialing));
        rig.AssertClosed();
    }

    [Fact]
    public async Task Prewarming_fails_only_when_nothing_could_be_opened()
    {
        using var rig = new PoolRig();
        rig.Network.FailNextDial(new IOException("no route"));
        Assert.Equal(1, await rig.Done(rig.Handler.PrewarmAsync(s_a, 2)));
        rig.Handler.CloseIdleConnections();
        rig.Network.FailNextDial(new IOException("no route"));
        await rig.Fails(rig.Handler.PrewarmAsync(s_a, 1));
        Assert.Equal(2, rig.Origin().DialsFailed);
    }

    [Fact]
    public async Task A_request_takes_a_prewarmed_connection_that_is_still_being_opened()
    {
        using var rig = new PoolRig(holdDials: true);
        Task<int> prewarm = rig.Handler.PrewarmAsync(s_a, 1);
        Task<HttpResponseMessage> response = rig.Get();
        Assert.Equal(1, rig.Snapshot.Dialing);
        await (await rig.Network.NextDialAsync()).Accept().AnswerAsync();
        (await rig.Done(response)).Dispose();
        Assert.Equal(1, await rig.Done(prewarm));
    }

    [Fact]
    public async Task A_cancelled_prewarming_still_fills_the_pool()
    {
        using var rig = new PoolRig(holdDials: true);
        using var source = new CancellationTokenSource();
        Task<int> prewarm = rig.Handler.PrewarmAsync(s_a, 1, source.Token);
        await source.CancelAsync();
        await rig.IsCancelled(prewarm);
        (await rig.Network.NextDialAsync()).Accept();
        await rig.Until(snapshot => snapshot.Idle == 1);
    }

    [Fact]
    public async Task Closing_idle_connections_leaves_busy_ones_alone()
    {
        using var rig = new PoolRig();
        await rig.OpenIdle(1, B);
        ScriptedPeer[] peers = await rig.OpenIdle(3);
        Task<HttpResponseMessage> busy = rig.Get();
        await peers[2].ReadRequestAsync();
        Assert.Equal(3, rig.Handler.CloseIdleConnections());
        Assert.Equal((1, 1), (rig.Snapshot.Open, rig.Snapshot.Active));
        await peers[2].SendResponseAsync();
        (await rig.Done(busy)).Dispose();
        Assert.Equal(1, rig.Snapshot.Idle);
        Assert.Equal(1, rig.Handler.CloseIdleConnections());
        Assert.Equal(0, rig.Handler.CloseIdleConnections());
        rig.AssertClosed((CloseReason.ClosedByUser, 4));
    }

    [Fact]
    public async Task Disposal_ends_whatever_waits_and_says_why_and_lets_a_body_come_to_its_end()
    {
        var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 2);
        (Task<HttpResponseMessage> headers, ScriptedPeer waiting) = await rig.Busy();
        (Task<HttpResponseMessage> pending, ScriptedPeer sending) = await rig.Busy();
        await sending.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
        HttpResponseMessage response = await rig.Done(pending);
        Task copy = response.Content.CopyToAsync(Stream.Null);
        Task<HttpResponseMessage> queued = rig.Get();
        rig.Network.HoldDials = true;
        Task<HttpResponseMessage> dialing = rig.Get(B);
        Task<int> prewarming = rig.Handler.PrewarmAsync(new Uri(C), 1);
        await rig.Until(snapshot => snapshot.Dialing == 2);

        rig.Dispose();
        foreach (Task task in (Task[])[headers, queued, dialing, prewarming])
        {
            Assert.IsType<ObjectDisposedException>((await rig.Fails(task)).InnerException);
        }

        await rig.Done(waiting.ClientClosed);
        Assert.Equal((1, 0), (rig.Snapshot.Open, rig.Snapshot.Idle));
        Assert.False(copy.IsCompleted);
        await sending.SendAsync("56789");
        await rig.Done(copy);
        await rig.Done(sending.ClientClosed);
        await rig.Until(snapshot => snapshot.Open == 0 && snapshot.Dialing == 0 && snapshot.Pending == 0);
        rig.AssertClosed((CloseReason.Disposed, 2));
        Assert.Equal(0, rig.Network.PendingDials);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => rig.Done(rig.Get()));
        rig.Dispose();
    }

    [Fact]
    public async Task A_hard_stop_is_told_to_a_reader_of_the_stream_as_an_io_failure_with_the_reason_inside()
    {
        var rig = new PoolRig();
        (Task<HttpResponseMessage> pending, ScriptedPeer peer) = await rig.Busy();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        Stream body = await (await rig.Done(pending)).Content.ReadAsStreamAsync();
        Task<int> read = body.ReadAsync(new byte[10]).AsTask();
        rig.Dispose();
        Assert.False(read.IsCompleted);
        rig.Handler.Abort();
        HttpIOException error = await Assert.ThrowsAsync<HttpIOException>(() => rig.Done(read));
        Assert.IsType<ObjectDisposedException>(Assert.IsType<TransportException>(error.InnerException).InnerException);
        await Assert.ThrowsAsync<HttpIOException>(() => body.ReadAsync(new byte[10]).AsTask());
    }

    [Fact]
    public async Task A_graceful_end_lets_what_is_under_way_finish()
    {
        var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1);
        await rig.OpenIdle(1, B);
        (Task<HttpResponseMessage> first, ScriptedPeer peer) = await rig.Busy();
        Task<HttpResponseMessage> queued = rig.Get();
        Task end = rig.Handler.DisposeAsync().AsTask();
        Assert.Equal((1, 1), (rig.Snapshot.Open, rig.Snapshot.Pending));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => rig.Done(rig.Get()));
        await peer.SendResponseAsync();
        (await rig.Done(first)).Dispose();
        Assert.False(end.IsCompleted);
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        using HttpResponseMessage response = await rig.Done(queued);
        await peer.SendAsync("ok");
        Assert.Equal("ok", await rig.Done(response.Content.ReadAsStringAsync()));
        await rig.Done(end);
        rig.AssertClosed((CloseReason.Disposed, 2));
        Assert.Equal(0, rig.Network.OpenConnections);
    }

    [Fact]
    public async Task A_graceful_end_does_not_wait_longer_than_thirty_seconds()
    {
        var rig = new PoolRig();
        (Task<HttpResponseMessage> response, _) = await rig.Busy();
        Task end = rig.Handler.DisposeAsync().AsTask();
        rig.Time.Advance(Seconds(30) - Ms(1));
        Assert.False(end.IsCompleted);
        rig.Time.Advance(Ms(1));
        await rig.Done(end);
        Assert.IsType<ObjectDisposedException>((await rig.Fails(response)).InnerException);
        Assert.Equal(0, rig.Network.OpenConnections);
    }

    [Fact]
    public async Task A_graceful_end_with_nothing_under_way_ends_at_once()
    {
        var rig = new PoolRig();
        await rig.OpenIdle(2);
        await rig.Done(rig.Handler.DisposeAsync().AsTask());
        rig.AssertClosed((CloseReason.Disposed, 2));
        await rig.Done(new PoolRig().Handler.DisposeAsync().AsTask());
    }

    [Fact]
    public async Task The_snapshot_adds_up_and_reads_well()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 2);
        ScriptedPeer idle = (await rig.OpenIdle(2))[0];
        Task<HttpResponseMessage> busy = rig.Get();
        await rig.OpenIdle(1, B);
        PoolSnapshot snapshot = rig.Snapshot;
        Assert.Equal((3, 2, 1, 0, 0), (snapshot.Open, snapshot.Idle, snapshot.Active, snapshot.Dialing, snapshot.Pending));
        Assert.Equal((4L, 3L, 1L), (snapshot.Requests, snapshot.ConnectionsOpened, snapshot.Reused));
        OriginSnapshot a = rig.Origin();
        Assert.Equal(a.Open, a.Connections.Count);
        Assert.Equal(
            "Exchange, Idle", string.Join(", ", a.Connections.Select(connection => connection.State).Order(StringComparer.Ordinal)));
        Assert.Equal([1L, 2L], a.Connections.Select(connection => connection.Requests).Order());
        Assert.All(a.Connections, connection => Assert.Equal(connection.State == "Idle", connection.IdleTime > TimeSpan.Zero));
        idle.Close();
        await rig.Until(after => after.Open == 2);
        Assert.Equal(
            "http://a.test:80 [Requests: 1 active, 0 queued | Connections: 1 open, 0 idle, 0 dialing, 2 ever, 1 of 3 requests reused one "
            + "| dialed First: 1 | dialed AllBusy: 1 | closed ServerClosed: 1]\n"
            + "http://b.test:80 [Requests: 0 active, 0 queued | Connections: 1 open, 1 idle, 0 dialing, 1 ever, 0 of 1 requests reused one "
            + "| dialed First: 1]",
            rig.Snapshot.ToString());
        Assert.Equal((3, 2), (snapshot.Open, snapshot.Idle));
        Assert.False(busy.IsCompleted);
    }

    [Fact]
    public async Task The_metric_of_open_connections_is_what_the_snapshot_says_and_returns_to_zero()
    {
        using var metrics = new TestMeterFactory();
        using var collector = new MetricCollector(metrics);
        using var rig = new PoolRig(handler =>
        {
            handler.MeterFactory = metrics;
            handler.MaxIdleConnectionsPerServer = 3;
        });
        void Matches()
        {
            PoolSnapshot snapshot = rig.Snapshot;
            Assert.Equal((snapshot.Idle, snapshot.Active), (Open("idle"), Open("active")));
        }

        double Open(string state) => collector.Sum("http.client.open_connections", ("http.connection.state", state));
        ScriptedPeer[] peers = await rig.OpenIdle(4);
        Matches();
        rig.Time.Advance(Seconds(5));
        Assert.Equal(3, rig.Snapshot.Idle);
        Matches();
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer)[] busy = [(rig.Get(), peers[3]), (rig.Get(), peers[2])];
        await peers[3].ReadRequestAsync();
        await peers[2].ReadRequestAsync();
        Matches();
        await rig.Finish(busy[0], "Connection: close");
        Matches();
        HttpRequestMessage bad = Request(HttpMethod.Get);
        bad.Headers.TryAddWithoutValidation("Bad", "caf\u00e9");
        await Assert.ThrowsAnyAsync<Exception>(() => rig.Done(rig.Send(bad)));
        Matches();
        await rig.Finish(busy[1]);
        peers[1].Close();
        await Eventually.IsTrue(() => Open("idle") == 1, "the closed one is not counted");
        Matches();
        (Task<HttpResponseMessage> inFlight, _) = (rig.Get(), 0);
        rig.Handler.Dispose();
        await rig.Fails(inFlight);
        Matches();
        Assert.Equal((0, 0), (Open("idle"), Open("active")));
        Assert.Equal(collector.Count("http.client.connection.duration"), (int)rig.Snapshot.ConnectionsOpened);
    }
}
