using System.Runtime.CompilerServices;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>A caller that gives up costs its stream, and neither the connection nor its window.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task A_request_given_up_before_its_head_is_reset_and_the_connection_stays()
    {
        using var rig = new Http2Rig();
        using var cancel = new CancellationTokenSource();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest open = await rig.OpenAsync(peer, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
        Assert.Equal(cancel.Token, error.CancellationToken);
        Assert.Equal(Http2ErrorCode.Cancel, await peer.ExpectRstAsync(open.StreamId));
        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task An_answer_that_crosses_the_reset_is_ignored()
    {
        using var rig = new Http2Rig();
        using var cancel = new CancellationTokenSource();
        OpenRequest open = await rig.StartAsync();
        OpenRequest gone = await rig.OpenAsync(open.Peer, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await open.Peer.ExpectRstAsync(gone.StreamId);
        await open.Peer.SendHeadAsync(gone.StreamId, 200);
        await open.Peer.SendDataAsync(gone.StreamId, "late");
        await open.Peer.SendTrailersAsync(gone.StreamId, ("x-late", "1"));
        await open.AnswerAsync("mine");
        await rig.AssertServesAsync(open.Peer);
        Assert.DoesNotContain(open.Peer.Waiting, frame => frame.Type == FrameType.GoAway);
        rig.AssertOneOpen();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_given_up_is_reset(bool reading)
    {
        using var rig = new Http2Rig();
        using var cancel = new CancellationTokenSource();
        OpenRequest open = await rig.StartAsync();
        HttpResponseMessage response = await open.AnswerHeadAsync();
        await open.Peer.SendDataAsync(open.StreamId, "some");
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("some", await body.ReadTextAsync());
        if (reading)
        {
            Task<int> read = body.ReadAsync(new byte[10], cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        }

        response.Dispose();
        Assert.Equal(Http2ErrorCode.Cancel, await open.Peer.ExpectRstAsync(open.StreamId));
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_connections_window_is_given_back_whatever_is_left_unread(bool late)
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        await peer.RoundTripAsync();
        long all = peer.SendWindows[0];
        for (long sent = 0; sent <= all;)
        {
            // Whatever the client keeps for itself, the next stream misses; when nothing is left, the wait for a window fails.
            OpenRequest open = await rig.OpenAsync(peer);
            HttpResponseMessage response = await open.AnswerHeadAsync();
            if (late)
            {
                response.Dispose();
                await peer.ExpectRstAsync(open.StreamId);
            }

            await peer.PumpUntilAsync(() => peer.SendWindows[0] > 0, "a window for another stream");
            sent += await peer.SendDataUpToWindowAsync(open.StreamId, new byte[1 << 24]);
            response.Dispose();
            if (!late)
            {
                await peer.ExpectRstAsync(open.StreamId);
            }
        }

        await peer.PumpUntilAsync(() => peer.SendWindows[0] >= all / 2, "half of the window at least");
        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task An_upload_given_up_is_reset_and_its_content_stops()
    {
        using var rig = new Http2Rig();
        using var cancel = new CancellationTokenSource();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 1000));
        peer.GivesCredit = false;
        var ended = new TaskCompletionSource();
        OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post(new PushContent(async stream =>
        {
            try
            {
                await stream.WriteAsync(new byte[100_000]);
            }
            finally
            {
                ended.SetResult();
            }
        })), cancel.Token);
        await peer.ReadDataAsync(open.StreamId);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
        await Guard.Within(ended.Task, () => "the content's end");
        Assert.Equal(Http2ErrorCode.Cancel, await peer.ExpectRstAsync(open.StreamId));
        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_content_that_fails_resets_its_stream_and_its_exception_reaches_the_caller()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        var isOpen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post(new PushContent(async stream =>
        {
            await stream.WriteAsync(new byte[10]);
            await stream.FlushAsync();
            await isOpen.Task;
            throw new InvalidDataException("the content's own");
        })));
        isOpen.SetResult();
        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => open.Sending);
        Assert.Equal("the content's own", error.GetBaseException().Message);
        await peer.ExpectRstAsync(open.StreamId);
        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_request_given_up_before_its_connection_is_there_sends_nothing()
    {
        using var rig = new Http2Rig();
        rig.Network.HoldDials = true;
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get(), cancel.Token);
        Dial dial = await rig.Network.NextDialAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        var peer = new Http2Peer(dial.Accept().End);
        await peer.HandshakeAsync();
        await peer.ExpectNoRequestAsync();
        await rig.AssertServesAsync(peer);
    }

    [Fact]
    public async Task Many_requests_given_up_leave_a_connection_that_serves()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();
        for (int i = 0; i < 200; i++)
        {
            using var cancel = new CancellationTokenSource();
            OpenRequest open = await rig.OpenAsync(peer, cancellationToken: cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
            Assert.Equal(Http2ErrorCode.Cancel, await peer.ExpectRstAsync(open.StreamId));
        }

        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_token_does_not_hold_a_request_that_was_refused()
    {
        using var rig = new Http2Rig();
        await rig.WarmUpAsync((PeerSetting.MaxHeaderListSize, 200));
        using var cancel = new CancellationTokenSource();
        WeakReference refused = await SendLargeAsync(rig, cancel.Token);

        // Story: a program gives one token, its own end, to all requests.
        await Eventually.IsTrue(() => IsGone(refused), "the refused request is garbage");

        static bool IsGone(WeakReference reference)
        {
            GC.Collect();
            return !reference.IsAlive;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> SendLargeAsync(Http2Rig rig, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = Http2Rig.Get();
        request.Headers.Add("x-large", new string('x', 300));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => rig.SendAsync(request, cancellationToken));
        return new WeakReference(request);
    }
}
