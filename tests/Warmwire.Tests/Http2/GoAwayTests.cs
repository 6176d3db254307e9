using Warmwire.Exchange;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>A server that sends GOAWAY (RFC 9113 §6.8): what may finish, what is sent again, and what must not be.</summary>
public sealed class GoAwayTests
{
    [Fact]
    public async Task Streams_up_to_the_last_one_finish_and_no_new_one_is_opened()
    {
        using var rig = new Http2Rig();
        OpenRequest first = await rig.StartAsync();
        OpenRequest second = await rig.OpenAsync(first.Peer);
        await first.Peer.SendGoAwayAsync(second.StreamId);
        await first.Peer.RoundTripAsync();
        Http2Peer next = await rig.AssertNextDialsAsync();
        await first.Peer.ExpectNoRequestAsync();
        await first.AnswerAsync("one");
        await second.AnswerAsync("two");
        await first.Peer.ExpectClosedAsync();
        rig.AssertClosedFor(CloseReason.GoAway);
        await rig.AssertServesAsync(next);
    }

    [Fact]
    public async Task A_body_is_read_to_its_end_after_a_GOAWAY()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        await open.Peer.SendGoAwayAsync(open.StreamId);
        Task<string> reading = response.ReadTextAsync();
        await open.Peer.SendBodyAsync(open.StreamId, new byte[200_000]);
        Assert.Equal(200_000, (await reading).Length);
        await open.Peer.ExpectClosedAsync();
        await rig.ExpectClosedForAsync(CloseReason.GoAway);
    }

    [Fact]
    public async Task An_upload_goes_on_after_a_GOAWAY()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new ByteArrayContent(new byte[200_000])));
        await open.Peer.SendGoAwayAsync(open.StreamId);
        Assert.Equal(200_000, (await open.Peer.ReadBodyAsync(open.StreamId)).Length);
        await open.AnswerAsync();
        await rig.ExpectClosedForAsync(CloseReason.GoAway);
    }

    [Fact]
    public async Task An_idle_connection_closes_at_a_GOAWAY()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        await peer.SendGoAwayAsync(1);
        await peer.ExpectClosedAsync();
        await rig.ExpectClosedForAsync(CloseReason.GoAway);
        await rig.AssertNextDialsAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_above_the_last_stream_are_sent_again_at_once(bool post)
    {
        using var rig = new Http2Rig();
        OpenRequest first = await rig.StartAsync();
        OpenRequest[] above = [.. await OpenAsync(rig, first.Peer, 3, post)];
        await first.Peer.SendGoAwayAsync(first.StreamId);
        Http2Peer next = await rig.AcceptAsync([]);
        foreach (OpenRequest _ in above)
        {
            PeerRequest again = await next.ReadRequestAsync();
            if (post)
            {
                Assert.Equal("body"u8.ToArray(), await next.ReadBodyAsync(again.StreamId));
            }

            await next.AnswerAsync(again.StreamId, 200, again.Path!);
        }

        string[] answers = await Task.WhenAll(above.Select(open => open.ReadResponseAsync()));
        Assert.Equal(["/0", "/1", "/2"], answers);
        await first.AnswerAsync();
        Assert.Equal(2, rig.Network.DialCount);
        Assert.Equal(3, rig.Origin.Replays);
    }

    [Fact]
    public async Task A_body_that_cannot_be_produced_again_is_not_sent_again()
    {
        using var rig = new Http2Rig();
        OpenRequest first = await rig.StartAsync();
        OpenRequest above = await rig.OpenAsync(first.Peer, Http2Rig.Post(new StreamContent(new OneWayOnly())));
        await first.Peer.ReadBodyAsync(above.StreamId);
        await first.Peer.SendGoAwayAsync(first.StreamId);
        TransportException error = await rig.FailsAsync(above.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.NoError);
        Assert.True(error.NotProcessed);
        await first.AnswerAsync();
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task Policy_never_does_not_send_again()
    {
        using var rig = new Http2Rig(handler => handler.ReplayPolicy = ReplayPolicy.Never);
        OpenRequest first = await rig.StartAsync();
        OpenRequest above = await rig.OpenAsync(first.Peer);
        await first.Peer.SendGoAwayAsync(first.StreamId, Http2ErrorCode.NoError);
        TransportException error = await rig.FailsAsync(above.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.NoError);
        Assert.True(error.NotProcessed);
        await first.AnswerAsync();
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task A_post_that_the_server_may_have_processed_is_not_sent_again()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync(Http2Rig.Post("body"));
        await open.Peer.ReadBodyAsync(open.StreamId);
        await open.Peer.SendGoAwayAsync(open.StreamId, Http2ErrorCode.InternalError);
        open.Peer.Close();
        TransportException error = await rig.FailsAsync(open.Sending);
        Assert.False(error.NotProcessed);
        Assert.Equal(1, rig.Network.DialCount);
        await rig.ExpectClosedForAsync(CloseReason.GoAway);
    }

    [Fact]
    public async Task A_GOAWAY_in_two_steps_sends_again_what_the_second_leaves_out()
    {
        using var rig = new Http2Rig();
        OpenRequest first = await rig.StartAsync();
        OpenRequest second = await rig.OpenAsync(first.Peer, Http2Rig.Post("body"));
        await first.Peer.SendGoAwayAsync(int.MaxValue);
        await first.Peer.RoundTripAsync();
        Assert.Equal(1, rig.Network.DialCount);
        Assert.False(second.Sending.IsCompleted);
        await first.Peer.SendGoAwayAsync(first.StreamId);
        Http2Peer next = await rig.AcceptAsync([]);
        PeerRequest again = await next.ReadRequestAsync();
        Assert.Equal("body"u8.ToArray(), await next.ReadBodyAsync(again.StreamId));
        await next.AnswerAsync(again.StreamId, 200, "again");
        Assert.Equal("again", await second.ReadResponseAsync());
        await first.AnswerAsync();
    }

    [Theory]
    [InlineData(Http2ErrorCode.EnhanceYourCalm)]
    [InlineData(Http2ErrorCode.InternalError)]
    [InlineData((Http2ErrorCode)0xbeef)]
    public async Task The_code_of_the_GOAWAY_is_in_the_exception(Http2ErrorCode code)
    {
        using var rig = new Http2Rig(handler => handler.ReplayPolicy = ReplayPolicy.Never);
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendGoAwayAsync(open.StreamId, code, "too many");
        open.Peer.Close();
        await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, code);
        await rig.ExpectClosedForAsync(CloseReason.GoAway);
    }

    [Fact]
    public async Task A_GOAWAY_without_an_end_fails_what_is_still_open_when_the_server_closes()
    {
        using var rig = new Http2Rig(handler => handler.ReplayPolicy = ReplayPolicy.Never);
        OpenRequest open = await rig.StartAsync();
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        await open.Peer.SendGoAwayAsync(open.StreamId);
        open.Peer.Close();
        await rig.FailsAsync(response.ReadTextAsync());
        await rig.ExpectClosedForAsync(CloseReason.GoAway);
    }

    [Fact]
    public async Task A_GOAWAY_before_any_stream_lets_the_first_request_be_sent_elsewhere()
    {
        using var rig = new Http2Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Post("body"));
        Http2Peer refusing = await rig.AcceptAsync([]);
        await refusing.SendGoAwayAsync(0);
        Http2Peer next = await rig.AcceptAsync([]);
        await next.AnswerNextAsync(200, "elsewhere");
        Assert.Equal("elsewhere", await new OpenRequest(next, null!, sending).ReadResponseAsync());
    }

    [Fact]
    public async Task Servers_that_always_send_GOAWAY_are_not_asked_for_ever()
    {
        using var rig = new Http2Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        for (int i = 0; i <= ReplayRules.MaxReplaysOfUnprocessed; i++)
        {
            Http2Peer peer = await rig.AcceptAsync([]);
            await peer.ReadRequestAsync();
            await peer.SendGoAwayAsync(0);
        }

        await rig.FailsAsync(sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.NoError);
        Assert.Equal(ReplayRules.MaxReplaysOfUnprocessed + 1, rig.Network.DialCount);
    }

    [Fact]
    public async Task Disposing_the_handler_sends_GOAWAY()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        rig.Dispose();
        Assert.Equal(Http2ErrorCode.NoError, (await peer.ExpectGoAwayAsync()).Code);
        await peer.ExpectClosedAsync();
        rig.AssertClosedFor(CloseReason.Disposed);
    }

    [Fact]
    public async Task Disposal_resets_what_has_no_head_and_closes_behind_the_last_body()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest read = await rig.OpenAsync(peer);
        await peer.SendHeadAsync(read.Request.StreamId, 200);
        using HttpResponseMessage response = await read.Sending;
        OpenRequest unanswered = await rig.OpenAsync(peer);
        rig.Dispose();
        TransportException failure = await rig.FailsAsync(unanswered.Sending);
        Assert.IsType<ObjectDisposedException>(failure.InnerException);
        Assert.Equal(Http2ErrorCode.Cancel, await peer.ExpectRstAsync(unanswered.Request.StreamId));
        Assert.Equal(1, rig.Network.OpenConnections);
        await peer.SendDataAsync(read.Request.StreamId, "to its end", endStream: true);
        Assert.Equal("to its end", await Guard.Within(response.Content.ReadAsStringAsync(), () => "the body"));
        Assert.Equal(Http2ErrorCode.NoError, (await peer.ExpectGoAwayAsync()).Code);
        await peer.ExpectClosedAsync();
        rig.AssertClosedFor(CloseReason.Disposed);
    }

    [Fact]
    public async Task An_expired_connection_sends_GOAWAY()
    {
        using var rig = new Http2Rig(handler => handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10));
        Http2Peer peer = await rig.WarmUpAsync();
        await Eventually.IsTrue(() => rig.Origin.Idle == 1, "the connection is idle");
        rig.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(Http2ErrorCode.NoError, (await peer.ExpectGoAwayAsync()).Code);
        await peer.ExpectClosedAsync();
        rig.AssertClosedFor(CloseReason.IdleTimeout);
    }

    private static async Task<List<OpenRequest>> OpenAsync(Http2Rig rig, Http2Peer peer, int count, bool post)
    {
        var requests = new List<OpenRequest>();
        for (int i = 0; i < count; i++)
        {
            string path = i.ToString(System.Globalization.CultureInfo.InvariantCulture);
            requests.Add(await rig.OpenAsync(peer, post ? Http2Rig.Post("body", path) : Http2Rig.Get(path)));
        }

        return requests;
    }

    /// <summary>Some bytes that can be read once.</summary>
    private sealed class OneWayOnly : MemoryStream
    {
        public OneWayOnly()
            : base("body"u8.ToArray())
        {
        }

        public override bool CanSeek => false;
    }
}
