using Warmwire.Connections;
using Warmwire.Http2;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>The end of a stream and the upload on it meet at any moment.</summary>
public class UploadRaceTests
{
    private const int Rounds = 300;

    [Fact]
    public async Task A_post_that_is_refused_while_it_is_written_is_always_sent_again()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 1000));
        peer.GivesCredit = false;
        byte[] body = new byte[5000];
        for (int i = 0; i < Rounds; i++)
        {
            OpenRequest refused = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(body)));
            await peer.ReadDataAsync(refused.StreamId);

            // The writer waits for the window, and hears of the end on one thread while the reading flow tells the request on another.
            await peer.SendRstAsync(refused.StreamId, Http2ErrorCode.RefusedStream);
            await peer.SendWindowUpdateAsync(0, 6000);
            PeerRequest again = await OrFailureAsync(refused.Sending, peer.ReadRequestAsync());
            await peer.SendWindowUpdateAsync(again.StreamId, 4000);
            await peer.ReadBodyAsync(again.StreamId);
            await peer.AnswerAsync(again.StreamId, 200, "ok");
            using HttpResponseMessage response = await refused.Sending;
        }
    }

    [Fact]
    public async Task A_complete_answer_stands_whenever_the_server_stops_the_upload()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 1000));
        peer.GivesCredit = false;
        string text = new('x', 6000); // more than is handed over as a whole
        for (int i = 0; i < Rounds; i++)
        {
            OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[5000])));
            await peer.ReadDataAsync(open.StreamId);
            await peer.SendWindowUpdateAsync(0, 1000);
            await peer.AnswerAsync(open.StreamId, 413, text);
            await peer.SendRstAsync(open.StreamId, Http2ErrorCode.NoError);
            using HttpResponseMessage response = await open.Sending;
            Assert.Equal(text, await response.ReadTextAsync());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upload_that_hears_of_the_end_first_does_not_speak_for_the_request(bool goAway)
    {
        using Http2Direct direct = await Http2Direct.StartAsync(configure: null, (PeerSetting.InitialWindowSize, 1000));
        (OpenRequest open, Http2Stream stream, Attempt attempt) = await direct.OpenAsync(Lenient(new ByteArrayContent(new byte[5000])));
        Http2Upload upload = stream.Upload!;
        await direct.Peer.ReadDataAsync(open.StreamId);
        bool over = false;

        // Between the end of the stream and the word to the request the pool is told; meanwhile the upload finds that it may not write.
        direct.Owner.OnRetire = () => over = SpinWait.SpinUntil(() => upload.IsOver, Guard.Limit);
        await (goAway ? direct.Peer.SendGoAwayAsync(0) : direct.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.Http11Required));
        TransportException error = await Assert.ThrowsAsync<TransportException>(() => open.Sending);
        Assert.True(over, "the upload was first");
        Assert.Equal(
            (goAway ? Http2ErrorCode.NoError : Http2ErrorCode.Http11Required, true), (error.Http2ErrorCode, attempt.Progress.NotProcessed));
    }

    [Fact]
    public async Task An_upload_that_is_cut_fails_as_the_transport_says_it()
    {
        for (int i = 0; i < Rounds / 3; i++)
        {
            using var rig = new Http2Rig(handler => handler.ReplayPolicy = ReplayPolicy.Never);
            OpenRequest open =
                await rig.StartSettledAsync(Http2Rig.Post(new ByteArrayContent(new byte[5000])), (PeerSetting.InitialWindowSize, 1000));
            await open.Peer.ReadDataAsync(open.StreamId);
            open.Peer.Close();
            TransportException error = await rig.FailsAsync(open.Sending);
            Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
        }
    }

    /// <summary>A request that HTTP/1.1 may serve as well.</summary>
    private static HttpRequestMessage Lenient(HttpContent content)
    {
        HttpRequestMessage request = Http2Rig.Post(content);
        request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        return request;
    }

    private static async Task<T> OrFailureAsync<T>(Task sending, Task<T> step)
    {
        if (await Task.WhenAny(step, sending) == sending)
        {
            await sending;
        }

        return await step;
    }
}
