using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Expect: 100-continue (RFC 9110 §10.1.1).</summary>
public sealed class ContinueTests
{
    [Fact]
    public async Task The_body_follows_100_Continue()
    {
        using var rig = new Rig();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer, ReceivedRequest request) = await BeginAsync(rig, 10);
        Assert.Equal("100-continue", request.Headers["Expect"]);
        await peer.ExpectNoBytesAsync();
        await peer.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await peer.ReadBodyAsync(request);
        await peer.SendResponseAsync();
        (await sending).Dispose();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task The_body_is_sent_all_the_same_when_the_server_says_nothing_in_time()
    {
        using var rig = new Rig(handler => handler.Expect100ContinueTimeout = TimeSpan.FromSeconds(3));
        (Task<HttpResponseMessage> sending, ScriptedPeer peer, ReceivedRequest request) = await BeginAsync(rig, 10);
        rig.Time.Advance(TimeSpan.FromSeconds(2.9));
        await peer.ExpectNoBytesAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(0.1));
        await peer.ReadBodyAsync(request);
        await peer.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await peer.SendResponseAsync();
        (await sending).Dispose();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_zero_timeout_does_not_wait_by_the_handler_or_by_the_request(bool byRequest)
    {
        using var rig = new Rig(handler => handler.Expect100ContinueTimeout = byRequest ? TimeSpan.FromSeconds(1) : TimeSpan.Zero);
        using HttpRequestMessage request = Request(10);
        if (byRequest)
        {
            request.Options.Set(TransportOptions.Expect100ContinueTimeout, TimeSpan.Zero);
        }

        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""), request);
        Assert.Equal(1, peer.End.ClientWrites);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task The_requests_own_timeout_counts_where_the_handlers_is_zero()
    {
        using var rig = new Rig(handler => handler.Expect100ContinueTimeout = TimeSpan.Zero);
        HttpRequestMessage own = Request(10);
        own.Options.Set(TransportOptions.Expect100ContinueTimeout, TimeSpan.FromSeconds(5));
        (Task<HttpResponseMessage> sending, ScriptedPeer peer, ReceivedRequest request) = await BeginAsync(rig, own);
        await peer.ExpectNoBytesAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        await peer.ReadBodyAsync(request);
        await peer.SendResponseAsync();
        (await sending).Dispose();
    }

    [Fact]
    public async Task A_small_body_is_sent_behind_a_final_refusal_and_the_connection_kept()
    {
        using var rig = new Rig();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer, ReceivedRequest request) = await BeginAsync(rig, 1024);
        await peer.SendResponseAsync(417, "no");
        using HttpResponseMessage response = await sending;
        Assert.Equal(HttpStatusCode.ExpectationFailed, response.StatusCode);
        await peer.ReadBodyAsync(request);
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData(1025)]
    [InlineData(-1)]
    public async Task A_large_body_or_one_of_unknown_size_is_not_sent_behind_a_refusal_and_the_connection_closed(int length)
    {
        using var rig = new Rig();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer, _) = await BeginAsync(rig, length);
        await peer.SendResponseAsync(401, "no");
        using HttpResponseMessage response = await sending;
        Assert.Equal("no", await response.Content.ReadAsStringAsync());
        await rig.ExpectClosedForAsync(CloseReason.RequestUnfinished);
        await peer.ExpectClosedAsync();
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task A_final_200_instead_of_100_gets_the_body_whatever_its_size()
    {
        using var rig = new Rig();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer, ReceivedRequest request) = await BeginAsync(rig, 100_000);
        await peer.SendResponseAsync(200, "fine");
        using HttpResponseMessage response = await sending;
        await peer.ReadBodyAsync(request);
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task A_cancelled_wait_for_100_closes_the_connection_and_sends_no_body()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Request(10), cancel.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await cancel.CancelAsync();
        Assert.Equal(cancel.Token, (await RigReading.ThrowsAsync<TaskCanceledException>(() => sending)).CancellationToken);
        rig.AssertClosedFor(CloseReason.Cancelled);
        await peer.ExpectClosedAsync();
    }

    [Fact]
    public async Task Expect_without_content_waits_for_nothing()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Headers.ExpectContinue = true;
        (_, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""), request);
        await rig.AssertReusedAsync(peer);
    }

    private static HttpRequestMessage Request(int length)
    {
        HttpRequestMessage request = Rig.Post(
            length < 0
                ? new PushContent(static stream => stream.WriteAsync(new byte[10]).AsTask())
                : new ByteArrayContent(new byte[length]));
        request.Headers.ExpectContinue = true;
        return request;
    }

    private static Task<(Task<HttpResponseMessage> Sending, ScriptedPeer Peer, ReceivedRequest Request)> BeginAsync(Rig rig, int length) =>
        BeginAsync(rig, Request(length));

    private static async Task<(Task<HttpResponseMessage> Sending, ScriptedPeer Peer, ReceivedRequest Request)> BeginAsync(
        Rig rig, HttpRequestMessage message)
    {
        Task<HttpResponseMessage> sending = rig.SendAsync(message);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest request = await peer.ReadRequestHeadAsync();
        await Eventually.IsTrue(() => peer.End.IsClientReading, "the client waits for the answer");
        return (sending, peer, request);
    }
}
