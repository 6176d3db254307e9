using System.Collections.Concurrent;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>What a program can see of its exchanges over HTTP/2: snapshot, trace, metrics, the response's own story.</summary>
public sealed class VisibilityTests
{
    private readonly ConcurrentQueue<string> _calls = new();

    [Fact]
    public async Task A_snapshot_shows_streams_limit_round_trip_and_stalls()
    {
        using var rig = new Http2Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        Http2Peer peer = await rig.AcceptSilentAsync();
        rig.Time.Advance(TimeSpan.FromMilliseconds(30));
        await peer.HandshakeAsync((PeerSetting.MaxConcurrentStreams, 7), (PeerSetting.InitialWindowSize, 10));
        var first = new OpenRequest(peer, await peer.ReadRequestAsync(), sending);
        await peer.RoundTripAsync();
        peer.GivesCredit = false;
        OpenRequest second = await rig.OpenAsync(peer, Http2Rig.Post("longer than ten bytes"));
        await Eventually.IsTrue(() => rig.Origin.Connections[0].WindowStalls == 1, "the upload finds the window too small");

        OriginSnapshot origin = rig.Origin;
        ConnectionSnapshot connection = Assert.Single(origin.Connections);
        Assert.Equal(("HTTP/2", 2, 1, 0), (origin.Protocols, origin.StreamsActive, origin.Open, origin.Idle));
        Assert.Contains("[Requests: 2 active, 0 queued | Connections: 1 open, 0 idle,", origin.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            (new Version(2, 0), 2, 7, "Streams"), (connection.HttpVersion, connection.Streams, connection.StreamLimit, connection.State));
        Assert.Equal(TimeSpan.FromMilliseconds(30), connection.PingRoundTrip);

        await peer.SendWindowUpdateAsync(second.StreamId, 100);
        await peer.ReadBodyAsync(second.StreamId);
        await second.AnswerAsync();
        await first.AnswerAsync();
        origin = rig.Origin;
        Assert.Equal((0, 1, 1), (origin.StreamsActive, origin.Open, origin.Idle));
        Assert.Equal((0, "Idle"), (origin.Connections[0].Streams, origin.Connections[0].State));
    }

    [Fact]
    public async Task The_trace_of_a_request_has_the_order_it_has_over_HTTP_1()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest open = await rig.OpenAsync(peer, Traced(Http2Rig.Get()));
        await open.AnswerAsync();
        Assert.Equal(
            [
                "GetConnection http://server.test:80",
                "GotConnection reused True idle True",
                "WroteHeaders",
                "WroteRequest",
                "GotFirstResponseByte",
                "PutIdleConnection",
            ],
            _calls);
    }

    [Fact]
    public async Task The_trace_of_an_upload_has_the_100_Continue()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        HttpRequestMessage request = Traced(Http2Rig.Post("body"));
        request.Headers.ExpectContinue = true;
        OpenRequest open = await rig.OpenAsync(peer, request);
        await peer.SendHeadAsync(open.StreamId, 100);
        await peer.ReadBodyAsync(open.StreamId);
        await Eventually.IsTrue(() => _calls.Contains("WroteRequest"), "the request is written");
        await open.AnswerAsync();
        Assert.Equal(
            ["WroteHeaders", "GotFirstResponseByte", "Got100Continue", "WroteRequest", "PutIdleConnection"], _calls.ToArray()[^5..]);
    }

    [Fact]
    public async Task The_trace_of_a_request_that_dies_with_its_connection_has_the_reason()
    {
        using var rig = new Http2Rig(static handler => handler.ReplayPolicy = ReplayPolicy.Never);
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest open = await rig.OpenAsync(peer, Traced(Http2Rig.Get()));
        peer.End.Close();
        await rig.FailsAsync(open.Sending);
        await Eventually.IsTrue(() => _calls.Contains("PutIdleConnection ServerClosed"), string.Join(", ", _calls));
    }

    [Fact]
    public async Task A_response_tells_which_connection_brought_it()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest open = await rig.OpenAsync(peer);
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        TransportConnectionInfo? info = response.GetConnectionInfo();
        Assert.NotNull(info);
        Assert.True(info.Reused);
        Assert.Equal(rig.Origin.Connections[0].Id, info.ConnectionId);
    }

    [Fact]
    public async Task Metrics_carry_the_version_and_count_the_streams()
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters);
        using var rig = new Http2Rig(handler => handler.MeterFactory = meters);
        OpenRequest first = await rig.StartAsync();
        OpenRequest second = await rig.OpenAsync(first.Peer);
        Assert.Equal(2, metrics.Sum("warmwire.client.active_streams", ("server.address", "server.test")));
        Assert.Equal(
            1, metrics.Sum("http.client.open_connections", ("network.protocol.version", "2"), ("http.connection.state", "active")));
        await first.AnswerAsync();
        await second.AnswerAsync();
        await Eventually.IsTrue(() => metrics.Sum("warmwire.client.active_streams") == 0, "no stream is active");
        Assert.Equal(2, metrics.Count("http.client.request.duration", ("network.protocol.version", "2")));
        await first.Peer.SendGoAwayAsync(first.StreamId, Http2ErrorCode.NoError);
        await Eventually.IsTrue(
            () => metrics.Sum("warmwire.client.connections_closed", ("warmwire.close.reason", "GoAway")) == 1, "the close is counted");
        await Eventually.IsTrue(() => metrics.Sum("http.client.open_connections") == 0, "no connection is open");
    }

    private HttpRequestMessage Traced(HttpRequestMessage request)
    {
        request.Options.Set(TransportOptions.Trace, new RequestTrace
        {
            GetConnection = origin => _calls.Enqueue($"GetConnection {origin}"),
            GotConnection = got => _calls.Enqueue($"GotConnection reused {got.Reused} idle {got.WasIdle}"),
            WroteHeaders = () => _calls.Enqueue("WroteHeaders"),
            Got100Continue = () => _calls.Enqueue("Got100Continue"),
            WroteRequest = _ => _calls.Enqueue("WroteRequest"),
            GotFirstResponseByte = () => _calls.Enqueue("GotFirstResponseByte"),
            PutIdleConnection = reason => _calls.Enqueue(reason is null ? "PutIdleConnection" : $"PutIdleConnection {reason}"),
        });
        return request;
    }
}
