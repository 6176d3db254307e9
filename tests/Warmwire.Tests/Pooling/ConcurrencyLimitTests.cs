using System.Diagnostics.Tracing;
using Warmwire.Concurrency;
using Warmwire.Diagnostics;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>Requests above a limit that follows latency, over HTTP/1.1: they wait, and each exchange counts until it ends.</summary>
public class ConcurrencyLimitTests
{
    [Fact]
    public async Task There_is_none_unless_it_is_asked_for()
    {
        using var rig = new PoolRig();
        Assert.Null(rig.Handler.ConcurrencyLimit);
        await rig.OpenIdle();
        Assert.Null(rig.Origin().Concurrency);
    }

    [Fact]
    public async Task Requests_above_it_wait_without_a_dial_and_are_served_in_order()
    {
        using var rig = new PoolRig(Fixed(2));
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) first = await rig.Busy();
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) second = await rig.Busy();
        Task<HttpResponseMessage>[] waiting = [.. Enumerable.Range(0, 3).Select(id => rig.Get(A + id))];
        Assert.Equal((2, 2, 3, 0), (InFlight(rig), Limit(rig), rig.Origin().Pending, rig.Origin().Dialing));

        await rig.Finish(first);
        Assert.Equal("/0", (await first.Peer.ReadRequestAsync()).Target);
        Assert.Equal((2, 2), (InFlight(rig), rig.Origin().Pending));
        await first.Peer.SendResponseAsync();
        (await rig.Done(waiting[0])).Dispose();

        Assert.Equal("/1", (await first.Peer.AnswerAsync()).Target);
        Assert.Equal("/2", (await first.Peer.AnswerAsync()).Target);
        await rig.Done(Task.WhenAll(waiting));
        Assert.Equal(2, rig.Network.DialCount);
        Assert.Equal(1, InFlight(rig));
        await rig.Finish(second);
        Assert.Equal(0, InFlight(rig));
    }

    [Fact]
    public async Task An_exchange_counts_to_the_end_of_its_body()
    {
        using var rig = new PoolRig(Fixed(1));
        Task<HttpResponseMessage> first = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
        using HttpResponseMessage response = await rig.Done(first);
        Task<HttpResponseMessage> second = rig.Get();
        Assert.Equal((1, 1), (InFlight(rig), rig.Origin().Pending));

        await peer.SendAsync("dy");
        Assert.Equal("body", await rig.Done(response.Content.ReadAsStringAsync()));
        await peer.AnswerAsync();
        (await rig.Done(second)).Dispose();
        Assert.Equal(0, InFlight(rig));
    }

    public static TheoryData<string> Ends() => ["cancelled", "closed", "reset", "timeout", "disposed response", "bad response", "close"];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task However_an_exchange_ends_the_next_one_begins(string end)
    {
        using var rig = new PoolRig(handler =>
        {
            Fixed(1)(handler);
            handler.ResponseHeadersTimeout = Seconds(5);
            handler.ReplayPolicy = ReplayPolicy.Never;
            handler.CancellationDrainTimeout = TimeSpan.Zero;
        });
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy(cancellationToken: cancel.Token);
        Task<HttpResponseMessage> next = rig.Get(A + "next");
        Assert.Equal((1, 1), (InFlight(rig), rig.Origin().Pending));
        await EndAsync(end, rig, response, peer, cancel);
        ScriptedPeer other = await rig.Network.AcceptAsync();
        await other.AnswerAsync();
        (await rig.Done(next)).Dispose();
        await rig.Until(snapshot => snapshot.Origins[0].Concurrency!.InFlight == 0 && snapshot.Pending == 0);
        _ = (await Task.WhenAny(response)).Exception;
    }

    /// <summary>Ends an exchange, and its connection with it.</summary>
    private static async Task EndAsync(
        string end, PoolRig rig, Task<HttpResponseMessage> response, ScriptedPeer peer, CancellationTokenSource cancel)
    {
        switch (end)
        {
            case "cancelled":
                await cancel.CancelAsync();
                break;
            case "closed":
                peer.Close();
                break;
            case "reset":
                peer.Reset();
                break;
            case "timeout":
                rig.Time.Advance(Seconds(5));
                break;
            case "disposed response":
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n");
                (await rig.Done(response)).Dispose();
                break;
            case "bad response":
                await peer.SendAsync("HTTP/1.1 banana\r\n\r\n");
                break;
            default:
                await peer.SendResponseAsync(headers: "Connection: close");
                break;
        }
    }

    /// <summary>What waits for the limit only takes a connection that is idle, and dials none, however the room comes to be.</summary>
    [Theory]
    [MemberData(nameof(Ends))]
    public async Task What_waited_beside_an_idle_connection_takes_it(string end)
    {
        using var rig = new PoolRig(handler =>
        {
            Fixed(1)(handler);
            handler.ResponseHeadersTimeout = Seconds(5);
            handler.ReplayPolicy = ReplayPolicy.Never;
            handler.CancellationDrainTimeout = TimeSpan.Zero;
        });
        Task<int> warming = rig.Handler.PrewarmAsync(new Uri(A), 2);
        ScriptedPeer[] peers = [await rig.Network.AcceptAsync(), await rig.Network.AcceptAsync()];
        await rig.Done(warming);
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> response = rig.Send(new HttpRequestMessage(HttpMethod.Get, A), cancel.Token);
        Task<string>[] heads = [.. peers.Select(static peer => peer.ReadHeadAsync())];
        ScriptedPeer busy = peers[Array.IndexOf(heads, await Guard.Within(Task.WhenAny(heads), () => "a request"))];
        ScriptedPeer idle = peers[0] == busy ? peers[1] : peers[0];
        Task<HttpResponseMessage> next = rig.Get(A + "next");
        Assert.Equal((1, 1, 1), (InFlight(rig), rig.Origin().Pending, rig.Origin().Idle));

        await EndAsync(end, rig, response, busy, cancel);
        Assert.StartsWith("GET /next ", await heads[Array.IndexOf(peers, idle)], StringComparison.Ordinal);
        await idle.SendResponseAsync();
        (await rig.Done(next)).Dispose();
        await rig.Until(snapshot => snapshot.Origins[0].Concurrency!.InFlight == 0 && snapshot.Pending == 0);
        Assert.Equal(2, rig.Network.DialCount);
        _ = (await Task.WhenAny(response)).Exception;
    }

    [Fact]
    public async Task An_upgraded_connection_does_not_count()
    {
        using var rig = new PoolRig(Fixed(1));
        var upgrade = new HttpRequestMessage(HttpMethod.Get, A);
        upgrade.Headers.Connection.Add("Upgrade");
        upgrade.Headers.Upgrade.ParseAdd("echo");
        Task<HttpResponseMessage> sending = rig.Send(upgrade);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        Task<HttpResponseMessage> next = rig.Get(A + "next");
        Assert.Equal((1, 1), (InFlight(rig), rig.Origin().Pending));

        await peer.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        using HttpResponseMessage upgraded = await rig.Done(sending);
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = (next, await rig.Network.AcceptAsync());
        await busy.Peer.ReadRequestAsync();
        Assert.Equal((1, 2), (InFlight(rig), rig.Origin().Open));
        await rig.Finish(busy);
        Assert.Equal(0, InFlight(rig));
        (await upgraded.Content.ReadAsStreamAsync()).Dispose();
        await rig.Until(snapshot => snapshot.Open == 1);
        Assert.Equal(0, InFlight(rig));
    }

    [Fact]
    public async Task A_dial_that_fails_counts_for_nothing()
    {
        using var rig = new PoolRig(Fixed(1));
        rig.Network.FailNextDial(new IOException("refused"));
        await rig.Fails(rig.Get());
        Assert.Equal(0, InFlight(rig));
        Assert.Null(rig.Origin().Concurrency!.SampledLatency);
        Assert.Null(rig.Origin().Concurrency!.MinLatency);
        await rig.OpenIdle();
    }

    [Fact]
    public async Task The_timeout_of_the_wait_holds_and_names_the_limit()
    {
        using var rig = new PoolRig(handler =>
        {
            Fixed(1)(handler);
            handler.PendingRequestTimeout = Seconds(2);
        });
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage> waits = rig.Get();
        rig.Time.Advance(Seconds(2));
        TransportException error = await rig.Fails(waits);
        Assert.Equal(
            "Waited 2.0 s for one of 1 exchanges with http://a.test:80 to end: the adaptive limit is 1, 0 requests ahead; see "
                + "PooledHttpHandler.PendingRequestTimeout and ConcurrencyLimit.",
            error.Message);
        Assert.Equal((TransportPhase.Queue, true, RequestSent.No), (error.Phase, error.IsTimeout, error.RequestSent));
        await rig.Finish(busy);
        Assert.Equal(0, InFlight(rig));
    }

    [Fact]
    public async Task The_length_of_the_line_holds_and_names_the_limit()
    {
        using var rig = new PoolRig(handler =>
        {
            Fixed(1)(handler);
            handler.MaxPendingRequestsPerServer = 1;
        });
        (Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy = await rig.Busy();
        Task<HttpResponseMessage> waits = rig.Get();
        TransportException error = await rig.Fails(rig.Get());
        Assert.Equal(
            "1 request already waits for one of 1 exchanges with http://a.test:80 to end: the adaptive limit is 1; see "
                + "PooledHttpHandler.MaxPendingRequestsPerServer (1) and ConcurrencyLimit.",
            error.Message);
        await rig.Finish(busy);
        await busy.Peer.AnswerAsync();
        (await rig.Done(waits)).Dispose();
    }

    [Fact]
    public async Task The_limit_rises_and_those_that_wait_have_connections_opened()
    {
        // Four until ten answers are there, then twenty.
        using var rig = new PoolRig(handler => handler.ConcurrencyLimit = new AdaptiveConcurrency());
        Task<HttpResponseMessage>[] all = [.. Enumerable.Range(0, 60).Select(_ => rig.Get())];
        var peers = new List<ScriptedPeer>();
        for (int i = 0; i < 4; i++)
        {
            peers.Add(await rig.Network.AcceptAsync());
            await peers[^1].ReadRequestAsync();
        }

        Assert.Equal((4, 4, 56), (Limit(rig), InFlight(rig), rig.Origin().Pending));
        Assert.True(rig.Origin().Concurrency!.IsMeasuring);
        rig.Time.Advance(Ms(10));
        for (int i = 0; i < ConcurrencyLimits.FirstMeasureSamples; i++)
        {
            Assert.Equal(4, rig.Network.DialCount);
            await peers[i % 4].SendResponseAsync();
            await peers[i % 4].ReadRequestAsync();
        }

        await rig.Until(snapshot => snapshot.Origins[0].Concurrency is { Limit: 20, InFlight: 20, IsMeasuring: false });
        Assert.Equal(20, rig.Network.DialCount);
        foreach (ScriptedPeer peer in peers)
        {
            await peer.SendResponseAsync();
            Serve(peer);
        }

        rig.ServeAll();
        await rig.Done(Task.WhenAll(all));
        Assert.Equal(0, InFlight(rig));
    }

    [Fact]
    public async Task A_measurement_that_nothing_ends_is_over_by_itself_and_those_that_wait_go_on()
    {
        using var rig = new PoolRig(handler => handler.ConcurrencyLimit = new AdaptiveConcurrency());
        ScriptedPeer[] idle = await rig.OpenIdle(3);
        var bodies = new List<HttpResponseMessage>();
        var silent = new List<ScriptedPeer>();
        for (int i = 0; i < 4; i++)
        {
            Task<HttpResponseMessage> response = rig.Get();
            ScriptedPeer peer = i < 3 ? idle[2 - i] : await rig.Network.AcceptAsync();
            await peer.ReadRequestAsync();
            silent.Add(peer);
            await peer.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            bodies.Add(await rig.Done(response));
        }

        // Four streams of events that never end are all that is let through, and nothing will happen but that time passes.
        Task<HttpResponseMessage> waits = rig.Get();
        Assert.Equal((4, 4, 1), (Limit(rig), InFlight(rig), rig.Origin().Pending));
        rig.Time.Advance(ConcurrencyLimits.LongestMeasure + Seconds(1));
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(waits)).Dispose();
        Assert.Equal(4, InFlight(rig));
        bodies.ForEach(static body => body.Dispose());
    }

    [Fact]
    public async Task Latency_is_from_the_connection_to_the_head_and_not_in_the_line()
    {
        using var rig = new PoolRig(handler => handler.ConcurrencyLimit = new AdaptiveConcurrency { MaxLimit = 1 });
        ScriptedPeer? peer = null;
        Task<HttpResponseMessage>[] all = [.. Enumerable.Range(0, 12).Select(_ => rig.Get())];
        foreach (Task<HttpResponseMessage> one in all)
        {
            peer ??= await rig.Network.AcceptAsync();
            await peer.ReadRequestAsync();
            rig.Time.Advance(Ms(7));
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
            using HttpResponseMessage response = await rig.Done(one);
            rig.Time.Advance(Ms(50));
            await peer.SendAsync("x");
            await rig.Done(response.Content.ReadAsStringAsync());
        }

        Assert.Equal(Ms(7), rig.Origin().Concurrency!.MinLatency);
    }

    [Fact]
    public async Task It_shows_in_metrics_and_events_and_in_the_text_of_the_snapshot()
    {
        using var factory = new TestMeterFactory();
        using var metrics = new MetricCollector(factory);
        using var events = new EventCollector();
        events.EnableEvents(WarmwireEventSource.Log, EventLevel.Informational);
        using var rig = new PoolRig(handler =>
        {
            handler.MeterFactory = factory;
            handler.ConcurrencyLimit = new AdaptiveConcurrency { InitialLimit = 1 };
        });
        const string Url = "http://told.test/";
        ScriptedPeer peer = (await rig.OpenIdle(1, Url))[0];
        for (int i = 0; i < 200; i++)
        {
            Task<HttpResponseMessage> response = rig.Get(Url);
            await peer.ReadRequestAsync();
            rig.Time.Advance(Ms(10));
            await peer.SendResponseAsync();
            (await rig.Done(response)).Dispose();
        }

        (string Key, object? Value)[] origin = [("server.address", "told.test"), ("server.port", 80), ("url.scheme", "http")];
        Assert.Equal(4, metrics.Of("warmwire.client.concurrency_limit", origin)[^1].Value);
        Assert.InRange(metrics.Of("warmwire.client.concurrency_in_flight", origin)[^1].Value, 0, 1);
        Assert.Equal(0.010, metrics.Of("warmwire.client.concurrency_sampled_latency", origin)[^1].Value, 3);
        Assert.Equal(0.009, metrics.Of("warmwire.client.concurrency_min_latency", origin)[^1].Value, 2);
        Assert.Contains(
            events.Of("ConcurrencyLimitMoved"),
            static told => told.StartsWith("http://told.test:80 4 ", StringComparison.Ordinal));
        Assert.Contains(" | Concurrency: 0 of 4, latency 10 ms, at least ", rig.Origin(Url).ToString(), StringComparison.Ordinal);
    }

    // ---- Short words ------------------------------------------------------------------------------------------------

    private static Action<PooledHttpHandler> Fixed(int limit) => handler =>
        handler.ConcurrencyLimit = new AdaptiveConcurrency { MinLimit = limit, MaxLimit = limit };

    private static int InFlight(PoolRig rig) => rig.Origin().Concurrency!.InFlight;

    private static int Limit(PoolRig rig) => rig.Origin().Concurrency!.Limit;
}
