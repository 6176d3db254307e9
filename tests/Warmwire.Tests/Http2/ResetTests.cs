using Warmwire.Exchange;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>A server that ends a stream with RST_STREAM (RFC 9113 §6.4 and §8.7).</summary>
public sealed class ResetTests
{
    public static TheoryData<Http2ErrorCode> Codes =>
    [
        Http2ErrorCode.NoError, Http2ErrorCode.ProtocolError, Http2ErrorCode.InternalError, Http2ErrorCode.FlowControlError,
        Http2ErrorCode.StreamClosed, Http2ErrorCode.Cancel, Http2ErrorCode.ConnectError, Http2ErrorCode.EnhanceYourCalm,
        Http2ErrorCode.InadequateSecurity, Http2ErrorCode.Http11Required,
        (Http2ErrorCode)0xbeef,
    ];

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task The_code_reaches_the_exception_of_the_request(Http2ErrorCode code)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest other = await rig.StartAsync();
        OpenRequest open = await rig.OpenAsync(other.Peer, Http2Rig.Post("body"));
        await open.Peer.SendRstAsync(open.StreamId, code);
        TransportException error = await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, code);
        Assert.False(error.NotProcessed);
        await other.AnswerAsync();
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    [Theory]
    [MemberData(nameof(Codes))]
    [InlineData(Http2ErrorCode.RefusedStream)]
    public async Task The_code_reaches_the_exception_of_the_body(Http2ErrorCode code)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        Task<string> reading = response.ReadTextAsync();
        await open.Peer.SendDataAsync(open.StreamId, "some");
        await open.Peer.SendRstAsync(open.StreamId, code);
        await rig.FailsAsync(reading, HttpRequestError.HttpProtocolError, code);
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_refused_stream_is_sent_again_also_a_post()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync(Http2Rig.Post("body"));
        await open.Peer.ReadBodyAsync(open.StreamId);
        await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.RefusedStream);
        OpenRequest again = await rig.NextAnywhereAsync(open.Sending, open.Peer, dials: 1);
        Assert.Equal("body"u8.ToArray(), await again.Peer.ReadBodyAsync(again.StreamId));
        await again.AnswerAsync("second time");
        Assert.Equal(1, rig.Origin.Replays);
    }

    [Fact]
    public async Task A_stream_is_refused_a_few_times_and_then_it_fails()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.OpenAsync(await rig.WarmUpAsync());
        for (int i = 0; i < ReplayRules.MaxReplaysOfUnprocessed; i++)
        {
            int dials = rig.Network.DialCount;
            await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.RefusedStream);
            open = await rig.NextAnywhereAsync(open.Sending, open.Peer, dials);
        }

        await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.RefusedStream);
        TransportException error = await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.RefusedStream);
        Assert.True(error.NotProcessed);
        Assert.Equal(ReplayRules.MaxReplaysOfUnprocessed, rig.Origin.Replays);
    }

    [Fact]
    public async Task A_stream_that_is_refused_before_the_settings_are_known_waits_for_its_turn()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.RefusedStream);
        open = await rig.NextAnywhereAsync(open.Sending, open.Peer, rig.Network.DialCount);
        await open.AnswerAsync();
        Assert.Equal(0, rig.Origin.Replays);
    }

    [Fact]
    public async Task Servers_that_always_refuse_before_their_settings_are_not_asked_for_ever()
    {
        using var rig = new Http2Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        int asked = 0;
        while (!sending.IsCompleted && asked < 500)
        {
            Task<Http2Peer> accepting = rig.AcceptAsync([]);
            if (await Task.WhenAny(sending, accepting) == sending)
            {
                break;
            }

            Http2Peer peer = await accepting;
            int stream = (await peer.ReadRequestAsync()).StreamId;
            await peer.SendRstAsync(stream, Http2ErrorCode.RefusedStream);
            peer.Close();
            asked++;
        }

        await rig.FailsAsync(sending);
        Assert.InRange(asked, 2, ReplayRules.MaxTurnsAway + ReplayRules.MaxReplaysOfUnprocessed + 1);
    }

    [Fact]
    public async Task Policy_never_does_not_send_a_refused_stream_again()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.RefusedStream);
        await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.RefusedStream);
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task A_reset_without_error_behind_a_whole_response_stops_the_upload_and_nothing_else()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new ByteArrayContent(new byte[200_000])));
        open.Peer.GivesCredit = false;
        await open.Peer.ReadDataAsync(open.StreamId);
        await open.Peer.AnswerAsync(open.StreamId, 413, "too large");
        await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.NoError);
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal("too large", await response.ReadTextAsync());
        await open.Peer.SendWindowUpdateAsync(0, 1_000_000);
        await open.Peer.RoundTripAsync();
        await rig.AssertServesAsync(open.Peer);
        Assert.DoesNotContain(open.Peer.Waiting, frame => frame.EndStream && frame.StreamId == open.StreamId);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task An_early_answer_reaches_the_caller_while_the_upload_goes_on()
    {
        using Http2Rig rig = CreateRig();
        var more = new TaskCompletionSource();
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new PushContent(async stream =>
        {
            await stream.WriteAsync("first"u8.ToArray());
            await stream.FlushAsync();
            await more.Task;
            await stream.WriteAsync("second"u8.ToArray());
        })));
        await open.Peer.ReadDataAsync(open.StreamId);
        await open.Peer.SendHeadAsync(open.StreamId, 200);
        await open.Peer.SendDataAsync(open.StreamId, "early");
        using HttpResponseMessage response = await open.Sending;
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("early", await body.ReadTextAsync());
        more.SetResult();
        Assert.Equal("second"u8.ToArray(), await open.Peer.ReadBodyAsync(open.StreamId));
        await open.Peer.SendDataAsync(open.StreamId, "", endStream: true);
        Assert.Equal("", await body.ReadTextAsync());
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task A_reset_in_mid_upload_ends_the_upload_and_the_request()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new ByteArrayContent(new byte[200_000])));
        open.Peer.GivesCredit = false;
        await open.Peer.ReadDataAsync(open.StreamId);
        await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.InternalError);
        await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.InternalError);
        await open.Peer.SendWindowUpdateAsync(0, 1_000_000);
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    private static Http2Rig CreateRig() => new(handler => handler.ReplayPolicy = ReplayPolicy.Never);
}
