using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>A connection ends while requests are in the middle of their way out.</summary>
public sealed class SuddenEndTests
{
    private const int Uploads = 30;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upload_that_waits_fails_with_the_end_that_came_and_not_with_its_own_complaint(bool reset)
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 0));
        OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post("body"));

        // The stream of a ConnectCallback that takes its time to close: what waits on the connection wakes before the request is told.
        // Real time: when the upload has woken, if it wakes at all, cannot be seen from here.
        peer.End.OnClientClosed += static () => Thread.Sleep(100);
        await (reset ? Task.Run(peer.Reset) : peer.SendFrameAsync(FrameType.Data, FrameFlags.None, 0));
        await rig.FailsAsync(open.Sending);
    }

    [Fact]
    public async Task An_answer_stands_when_what_is_left_of_its_request_is_not_wanted()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 0));
        var open = new List<OpenRequest>();
        for (int i = 0; i < Uploads; i++)
        {
            open.Add(await rig.OpenAsync(peer, Http2Rig.Post("body")));
        }

        // RFC 9113 §8.1. Longer than what is handed over as a whole, so that the reader is still at it when the upload ends.
        byte[] body = new byte[5000];
        foreach (OpenRequest request in open)
        {
            await peer.SendHeadAsync(request.StreamId, 200);
            await peer.SendBodyAsync(request.StreamId, body);
        }

        await peer.SendAsync([.. open.Select(static request => PeerFrame.Rst(request.StreamId, Http2ErrorCode.NoError))]);
        await peer.RoundTripAsync();
        foreach (OpenRequest request in open)
        {
            Assert.Equal(body.Length, (await request.ReadResponseAsync()).Length);
        }

        await rig.AssertServesAsync(peer);
    }

    [Fact]
    public async Task A_head_that_waits_behind_a_blocked_write_does_not_leave_with_the_GOAWAY()
    {
        GatedStream? stream = null;
        using var rig = new Http2Rig(GatedStream.In(made => stream ??= made));
        Http2Peer peer = await rig.WarmUpAsync();
        stream!.HoldWrites();
        OpenRequest written = await rig.OpenAsync(peer, Http2Rig.Request(HttpMethod.Post, "written"));
        Task<HttpResponseMessage> gathered = rig.SendAsync(Http2Rig.Request(HttpMethod.Post, "gathered"));
        await Eventually.IsTrue(() => rig.Origin.StreamsActive == 2, "the second has its stream");

        // DATA on stream 0: the connection closes with GOAWAY while the write still blocks.
        await peer.SendFrameAsync(FrameType.Data, FrameFlags.None, 0);
        Http2Peer next = await rig.AcceptAsync([]);
        Assert.Equal("/gathered", (await next.AnswerNextAsync(200, "done")).Path);
        using HttpResponseMessage response = await gathered;
        Assert.Equal("done", await response.ReadTextAsync());
        stream.ReleaseWrites();
        await rig.FailsAsync(written.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.ProtocolError);
        await Guard.Within(peer.ClientClosed, () => "the client to close");
        List<FrameType> behind = [];
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            // To the end, which may be in the middle of a frame.
            while (true)
            {
                behind.Add((await peer.ReadFrameAsync()).Type);
            }
        });
        Assert.DoesNotContain(FrameType.Headers, behind);
        await next.ExpectNoRequestAsync();
        Assert.Equal(2, rig.Network.DialCount);
    }
}
