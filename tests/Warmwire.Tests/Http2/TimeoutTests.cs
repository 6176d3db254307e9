using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>
/// A request that runs out of time costs its stream. Whether the server is still there is then asked with a ping, and until the answer
/// comes the connection gets no new request: it may be a black hole.
/// </summary>
public sealed class TimeoutTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(1);

    public enum Kind
    {
        ResponseHeaders,
        BodyIdle,
        TotalBeforeTheHead,
        TotalInTheBody,
    }

    [Theory]
    [InlineData(Kind.ResponseHeaders)]
    [InlineData(Kind.BodyIdle)]
    [InlineData(Kind.TotalBeforeTheHead)]
    [InlineData(Kind.TotalInTheBody)]
    public async Task A_timeout_resets_the_stream_and_sends_a_silent_peer_a_PING(Kind kind)
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest open = await TimeOutAsync(rig, peer, kind);
        PeerFrame[] last = [await peer.NextAsync(IsResetOrPing, "RST_STREAM"), await peer.NextAsync(IsResetOrPing, "PING")];
        Assert.Equal([FrameType.RstStream, FrameType.Ping], last.Select(frame => frame.Type));
        Assert.Equal((open.StreamId, Http2ErrorCode.Cancel), (last[0].StreamId, last[0].ErrorCode));
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task While_the_ping_is_unanswered_requests_go_elsewhere_and_afterwards_they_return()
    {
        using var rig = new Http2Rig(handler => handler.MaxConnectionsPerServer = 2);
        Http2Peer doubtful = await rig.WarmUpAsync();
        await TimeOutAsync(rig, doubtful, Kind.ResponseHeaders);
        ulong ping = await doubtful.ExpectPingAsync();
        OpenRequest elsewhere = await rig.StartAsync(Http2Rig.Get("elsewhere"), (PeerSetting.MaxConcurrentStreams, 1));
        await elsewhere.Peer.RoundTripAsync();
        await doubtful.AnswerPingAsync(ping);
        await doubtful.ExpectNoRequestAsync();

        // The second connection has no room and there may be no third, so the next request waits until the pool has heard of the answer,
        // which the reading flow tells it behind the frame.
        await rig.AssertServesAsync(doubtful);
        await elsewhere.AnswerAsync();
        Assert.Equal(2, rig.Network.DialCount);
        Assert.Empty(rig.Origin.ClosedBy);
    }

    [Fact]
    public async Task A_ping_that_is_never_answered_closes_the_connection()
    {
        using var rig = new Http2Rig(handler => handler.KeepAlivePingTimeout = s_limit);
        Http2Peer peer = await rig.WarmUpAsync();
        await TimeOutAsync(rig, peer, Kind.ResponseHeaders);
        await peer.ExpectPingAsync();
        await ElapseAsync(rig, s_limit);
        await peer.ExpectClosedAsync();
        await rig.ExpectClosedForAsync(CloseReason.PingTimeout);
        await rig.AssertNextDialsAsync();
    }

    [Fact]
    public async Task A_peer_that_has_spoken_meanwhile_is_not_asked()
    {
        using var rig = new Http2Rig();
        OpenRequest other = await rig.StartAsync();
        OpenRequest open = await rig.OpenAsync(other.Peer, Timed(TransportOptions.ResponseHeadersTimeout));
        rig.Time.Advance(s_limit - s_instant);
        using HttpResponseMessage response = await other.AnswerHeadAsync();
        await other.Peer.SendDataAsync(other.StreamId, "alive");
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("alive", await body.ReadTextAsync());
        int pings = other.Peer.Pings.Count;
        rig.Time.Advance(s_instant);
        Assert.True((await rig.FailsAsync(open.Sending)).IsTimeout);
        Assert.Equal(Http2ErrorCode.Cancel, await open.Peer.ExpectRstAsync(open.StreamId));
        await open.Peer.RoundTripAsync();
        Assert.Equal(pings, open.Peer.Pings.Count);
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    [Theory]
    [InlineData(Kind.ResponseHeaders, nameof(PooledHttpHandler.ResponseHeadersTimeout))]
    [InlineData(Kind.BodyIdle, nameof(PooledHttpHandler.ResponseBodyIdleTimeout))]
    [InlineData(Kind.TotalBeforeTheHead, "TransportOptions.Timeout")]
    [InlineData(Kind.TotalInTheBody, "TransportOptions.Timeout")]
    public async Task The_exception_says_which_time_ran_out(Kind kind, string setting)
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        TransportException error = null!;
        await TimeOutAsync(rig, peer, kind, thrown => error = thrown);
        Assert.Equal((true, RequestSent.Fully), (error.IsTimeout, error.RequestSent));
        Assert.Equal(kind is Kind.BodyIdle or Kind.TotalInTheBody ? TransportPhase.ReadBody : TransportPhase.ReadHeaders, error.Phase);
        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
        Assert.Contains("5.0 s", error.Message, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(error.InnerException);
        Assert.Null(error.Http2ErrorCode);
    }

    [Fact]
    public async Task A_request_that_waits_for_a_stream_runs_out_of_time_in_the_queue()
    {
        using var rig = new Http2Rig(handler =>
        {
            handler.MaxConnectionsPerServer = 1;
            handler.PendingRequestTimeout = s_limit;
        });
        OpenRequest first = await rig.StartAsync((PeerSetting.MaxConcurrentStreams, 1));
        await first.Peer.RoundTripAsync();
        Task<HttpResponseMessage> queued = rig.SendAsync(Http2Rig.Get());
        await Eventually.IsTrue(() => rig.Time.NextDue <= s_limit, "the wait begins");
        rig.Time.Advance(s_limit);
        TransportException error = await rig.FailsAsync(queued);
        Assert.Equal((true, TransportPhase.Queue), (error.IsTimeout, error.Phase));
        await first.AnswerAsync();
        await rig.AssertServesAsync(first.Peer);
    }

    [Theory]
    [InlineData(HttpKeepAlivePingPolicy.Always, false)]
    [InlineData(HttpKeepAlivePingPolicy.Always, true)]
    [InlineData(HttpKeepAlivePingPolicy.WithActiveRequests, true)]
    public async Task A_silent_connection_is_pinged(HttpKeepAlivePingPolicy policy, bool active)
    {
        using var rig = new Http2Rig(handler => Pinging(handler, policy));
        Http2Peer peer = await rig.WarmUpAsync();
        peer.AnswersPings = false;
        OpenRequest? open = active ? await rig.OpenAsync(peer) : null;
        for (int i = 0; i < 3; i++)
        {
            await ElapseAsync(rig, 2 * s_limit);
            await peer.AnswerPingAsync(await peer.ExpectPingAsync());
            await peer.RoundTripAsync();
        }

        if (open is not null)
        {
            await open.AnswerAsync();
        }

        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task An_idle_connection_is_left_alone_if_only_active_ones_are_pinged()
    {
        using var rig = new Http2Rig(handler => Pinging(handler, HttpKeepAlivePingPolicy.WithActiveRequests));
        Http2Peer peer = await rig.WarmUpAsync();
        await peer.RoundTripAsync();
        int pings = peer.Pings.Count;
        rig.Time.Advance(6 * s_limit);
        await peer.RoundTripAsync();
        Assert.Equal(pings, peer.Pings.Count);
        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_connection_that_hears_something_is_not_pinged()
    {
        using var rig = new Http2Rig(handler => Pinging(handler, HttpKeepAlivePingPolicy.Always));
        OpenRequest open = await rig.StartAsync();
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        Stream body = await response.Content.ReadAsStreamAsync();
        await open.Peer.RoundTripAsync();
        int pings = open.Peer.Pings.Count;
        for (int i = 0; i < 20; i++)
        {
            rig.Time.Advance(s_limit);
            await open.Peer.SendDataAsync(open.StreamId, "x");
            Assert.Equal("x", await body.ReadTextAsync());
        }

        await open.Peer.RoundTripAsync();
        Assert.Equal(pings, open.Peer.Pings.Count);
    }

    [Fact]
    public async Task A_keep_alive_ping_that_is_not_answered_closes_the_connection_and_fails_its_requests()
    {
        using var rig = new Http2Rig(handler =>
        {
            Pinging(handler, HttpKeepAlivePingPolicy.WithActiveRequests);
            handler.ReplayPolicy = ReplayPolicy.Never;
        });
        OpenRequest waiting = await rig.StartAsync();
        OpenRequest reading = await rig.OpenAsync(waiting.Peer);
        using HttpResponseMessage response = await reading.AnswerHeadAsync();
        Task<string> body = response.ReadTextAsync();
        await waiting.Peer.RoundTripAsync();
        waiting.Peer.AnswersPings = false;
        await ElapseAsync(rig, 2 * s_limit);
        await waiting.Peer.ExpectPingAsync();
        rig.Time.Advance(s_limit - s_instant);
        Assert.False(waiting.Sending.IsCompleted);
        await ElapseAsync(rig, s_limit);
        await rig.FailsAsync(waiting.Sending);
        await rig.FailsAsync(body);
        await waiting.Peer.ExpectClosedAsync();
        await rig.ExpectClosedForAsync(CloseReason.PingTimeout);
    }

    [Fact]
    public async Task An_answer_to_a_ping_that_was_never_sent_is_no_sign_of_life()
    {
        using var rig = new Http2Rig(handler => Pinging(handler, HttpKeepAlivePingPolicy.Always));
        Http2Peer peer = await rig.WarmUpAsync();
        await peer.RoundTripAsync();
        peer.AnswersPings = false;
        await ElapseAsync(rig, 2 * s_limit);
        ulong ping = await peer.ExpectPingAsync();
        await peer.AnswerPingAsync(~ping);
        await peer.AnswerPingAsync(ping);
        await peer.RoundTripAsync();
        rig.Time.Advance(s_limit - s_instant);
        rig.AssertOneOpen();
    }

    private static void Pinging(PooledHttpHandler handler, HttpKeepAlivePingPolicy policy)
    {
        handler.KeepAlivePingPolicy = policy;
        handler.KeepAlivePingDelay = 2 * s_limit;
        handler.KeepAlivePingTimeout = s_limit;
        handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
    }

    /// <summary>It has no stream yet that could watch the total time.</summary>
    [Fact]
    public async Task An_extended_CONNECT_that_waits_for_the_settings_runs_out_of_its_total_time()
    {
        using var rig = new Http2Rig();
        HttpRequestMessage request = Timed(TransportOptions.Timeout);
        request.Method = HttpMethod.Connect;
        request.Headers.Protocol = "websocket";
        Task<HttpResponseMessage> sending = rig.SendAsync(request);
        Http2Peer peer = await rig.AcceptSilentAsync();
        await peer.ReadPrefaceAsync();
        await Eventually.IsTrue(() => rig.Origin.StreamsActive == 1, "the request has its slot");
        rig.Time.Advance(s_limit);
        TransportException error = await rig.FailsAsync(sending);
        Assert.Equal((true, RequestSent.No), (error.IsTimeout, error.RequestSent));
        await Eventually.IsTrue(() => rig.Origin.StreamsActive == 0, "the slot is free");
    }

    private static bool IsResetOrPing(PeerFrame frame) => frame is { Type: FrameType.RstStream } or { Type: FrameType.Ping, IsAck: false };

    /// <summary>A request that runs out of time on this connection, whose peer says nothing more and answers no ping from now on.</summary>
    private static async Task<OpenRequest> TimeOutAsync(Http2Rig rig, Http2Peer peer, Kind kind, Action<TransportException>? inspect = null)
    {
        HttpRequestMessage message = Timed(kind switch
        {
            Kind.ResponseHeaders => TransportOptions.ResponseHeadersTimeout,
            Kind.BodyIdle => TransportOptions.ResponseBodyIdleTimeout,
            _ => TransportOptions.Timeout,
        });
        OpenRequest open = await rig.OpenAsync(peer, message);
        Task failing = open.Sending;
        if (kind is Kind.BodyIdle or Kind.TotalInTheBody)
        {
            HttpResponseMessage response = await open.AnswerHeadAsync();
            failing = (await response.Content.ReadAsStreamAsync()).ReadAsync(new byte[10]).AsTask();
        }

        await peer.RoundTripAsync();
        peer.AnswersPings = false;
        await ElapseAsync(rig, s_limit);
        TransportException error = await rig.FailsAsync(failing);
        Assert.True(error.IsTimeout);
        inspect?.Invoke(error);
        return open;
    }

    private static HttpRequestMessage Timed(HttpRequestOptionsKey<TimeSpan> key)
    {
        HttpRequestMessage message = Http2Rig.Get();
        message.Options.Set(key, s_limit);
        return message;
    }

    /// <summary>Lets time pass once somebody waits for it.</summary>
    private static async Task ElapseAsync(Http2Rig rig, TimeSpan time)
    {
        await Eventually.IsTrue(() => rig.Time.NextDue <= time, $"somebody waits for {time.TotalSeconds} s");
        rig.Time.Advance(time);
    }
}
