using System.Runtime.CompilerServices;
using Warmwire.Http2.Wire;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;
using FrameType = Warmwire.Tests.Kit.Http2.FrameType;

namespace Warmwire.Tests.Http2;

/// <summary>
/// A response that is complete before its request (RFC 9113 §8.1): below 300 the request is sent to its end, or the exchange fails; only
/// RST_STREAM(NO_ERROR) says that the rest is not wanted.
/// </summary>
public sealed class EarlyResponseTests
{
    private const int Length = 200_000;

    [Theory]
    [InlineData(Http2ErrorCode.Cancel)]
    [InlineData(Http2ErrorCode.InternalError)]
    public async Task A_reset_with_another_code_behind_a_success_fails_the_request(Http2ErrorCode code)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await StartBlockedAsync(rig);
        await open.Peer.AnswerAsync(open.StreamId, 200, "ok");
        await open.Peer.RoundTripAsync();
        await open.Peer.SendRstAsync(open.StreamId, code);
        await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, code);
        await open.Peer.SendWindowUpdateAsync(0, 1_000_000);
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task The_end_of_the_connection_behind_a_success_fails_the_request()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await StartBlockedAsync(rig);
        await open.Peer.AnswerAsync(open.StreamId, 200, "ok");
        await open.Peer.RoundTripAsync();
        open.Peer.Close();
        await rig.FailsAsync(open.Sending, HttpRequestError.ResponseEnded);
    }

    [Fact]
    public async Task A_server_that_has_answered_and_takes_nothing_more_fails_the_request_in_time()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await StartBlockedAsync(rig);
        await open.Peer.AnswerAsync(open.StreamId, 200, "ok");
        await open.Peer.RoundTripAsync();
        rig.Time.Advance(Http2Limits.UploadStall / 2);
        await open.Peer.RoundTripAsync();
        Assert.False(open.Sending.IsCompleted);
        rig.Time.Advance(Http2Limits.UploadStall);
        TransportException error = await rig.FailsAsync(open.Sending);
        Assert.IsType<TimeoutException>(error.InnerException);
        Assert.Equal(Http2ErrorCode.Cancel, await open.Peer.ExpectRstAsync(open.StreamId));
    }

    [Fact]
    public async Task A_server_that_has_answered_and_reads_on_slowly_gets_it_all()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await StartBlockedAsync(rig);
        await open.Peer.AnswerAsync(open.StreamId, 200, "ok");
        await open.Peer.RoundTripAsync();
        for (int i = 0; i < 4; i++)
        {
            await open.Peer.SendWindowUpdateAsync(0, 10);
            await open.Peer.SendWindowUpdateAsync(open.StreamId, 10);
            await open.Peer.ReadDataAsync(open.StreamId);
            rig.Time.Advance(Http2Limits.UploadStall);
            await open.Peer.RoundTripAsync();
            Assert.False(open.Sending.IsCompleted);
        }

        await open.Peer.SendWindowUpdateAsync(0, Length);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, Length);
        await open.Peer.NextAsync(frame => frame.StreamId == open.StreamId && frame.EndStream, "the end of the request");
        Assert.Equal("ok", await open.ReadResponseAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // head and data in one read
    public async Task A_response_that_fills_its_window_is_handed_over_though_its_content_is_not_sent(bool together)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await StartBlockedAsync(rig);
        string answer = new('a', rig.Handler.InitialHttp2StreamWindowSize);
        if (!together)
        {
            await open.Peer.SendHeadAsync(open.StreamId, 200);
            await open.Peer.RoundTripAsync();
            Assert.False(open.Sending.IsCompleted);
            await open.Peer.SendBodyAsync(open.StreamId, WireBytes.Of(answer), endStream: false);
        }
        else
        {
            open.Peer.SendWindows.Take(open.StreamId, answer.Length);
            await open.Peer.SendAsync([
                .. new HeaderFraming().Cut(open.StreamId, HpackWriter.Block([(":status", "200")]), endStream: false),
                .. WireBytes.Of(answer).Chunk(16_384).Select(piece => new PeerFrame(FrameType.Data, 0, open.StreamId, piece))]);
        }

        using HttpResponseMessage response = await open.Sending;
        Task<string> reading = response.ReadTextAsync();
        await open.Peer.SendWindowUpdateAsync(0, Length);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, Length);
        await open.Peer.NextAsync(frame => frame.StreamId == open.StreamId && frame.EndStream, "the end of the request");
        await open.Peer.SendDataAsync(open.StreamId, "b", endStream: true);
        Assert.Equal(answer + "b", await reading);
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task A_content_that_fails_behind_a_response_that_was_handed_over_fails_its_body()
    {
        using Http2Rig rig = CreateRig();
        var broken = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new StreamContent(new PromisedStream(broken.Task))));
        await open.Peer.SendHeadAsync(open.StreamId, 200);
        await open.Peer.SendDataUpToWindowAsync(open.StreamId, new byte[rig.Handler.InitialHttp2StreamWindowSize]);
        using HttpResponseMessage response = await open.Sending;
        broken.SetException(new InvalidDataException("broken"));
        Assert.Equal(Http2ErrorCode.Cancel, await open.Peer.ExpectRstAsync(open.StreamId));
        await Assert.ThrowsAsync<HttpIOException>(() => response.ReadTextAsync());
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task Nothing_keeps_a_content_whose_rest_was_not_wanted()
    {
        using Http2Rig rig = CreateRig();
        WeakReference content = await SendUnwantedAsync(rig);
        await Eventually.IsTrue(
            () =>
            {
                GC.Collect();
                return !content.IsAlive;
            },
            "the content is collected, long before the limit for a server that takes nothing more");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Task<WeakReference> SendUnwantedAsync(Http2Rig rig)
        {
            OpenRequest open = await StartBlockedAsync(rig);
            await open.Peer.AnswerAsync(open.StreamId, 200, "ok");
            await open.Peer.RoundTripAsync();
            await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.NoError);
            using HttpResponseMessage response = await open.Sending;
            var content = new WeakReference(response.RequestMessage!.Content);
            response.RequestMessage = null;
            return content;
        }
    }

    [Fact]
    public async Task A_duplex_content_is_sent_to_its_end_though_its_response_was_read_and_disposed()
    {
        using Http2Rig rig = CreateRig();
        var more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new PushContent(async stream =>
        {
            await stream.WriteAsync("first"u8.ToArray());
            await more.Task;
            await stream.WriteAsync("second"u8.ToArray());
        })));
        await open.Peer.ReadDataAsync(open.StreamId);
        await open.Peer.SendHeadAsync(open.StreamId, 200);
        using (HttpResponseMessage response = await open.Sending)
        {
            await open.Peer.SendDataAsync(open.StreamId, "ok", endStream: true);
            Assert.Equal("ok", await response.ReadTextAsync());
        }

        rig.Time.Advance(Http2Limits.UploadStall);
        rig.Time.Advance(Http2Limits.UploadStall);
        await open.Peer.RoundTripAsync();
        more.SetResult();
        Assert.Equal("second"u8.ToArray(), await open.Peer.ReadBodyAsync(open.StreamId));
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task A_refused_request_has_a_moment_and_its_content_is_over_when_the_answer_is_delivered()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await StartBlockedAsync(rig);
        await open.Peer.AnswerAsync(open.StreamId, 401, "who?");
        await open.Peer.RoundTripAsync();
        rig.Time.Advance(Http2Limits.RequestAfterResponse / 2);
        await open.Peer.RoundTripAsync();
        Assert.False(open.Sending.IsCompleted);
        rig.Time.Advance(Http2Limits.RequestAfterResponse);
        Assert.Equal("who?", await open.ReadResponseAsync());
        Assert.Equal(Http2ErrorCode.Cancel, await open.Peer.ExpectRstAsync(open.StreamId));
        await open.Peer.SendWindowUpdateAsync(0, 1_000_000);
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task A_caller_who_gives_up_while_the_response_waits_for_the_content_is_free_at_once()
    {
        using Http2Rig rig = CreateRig();
        using var source = new CancellationTokenSource();
        Http2Peer peer = await rig.WarmUpAsync();
        peer.GivesCredit = false;
        OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[Length])), source.Token);
        await peer.AnswerAsync(open.StreamId, 200, "ok");
        await peer.RoundTripAsync();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
        Assert.Equal(Http2ErrorCode.Cancel, await peer.ExpectRstAsync(open.StreamId));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_write_that_was_given_up_in_its_middle_is_the_last_one(bool goesOn)
    {
        using Http2Rig rig = CreateRig();
        var windows = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        OpenRequest open = await rig.StartSettledAsync(Http2Rig.Post(new PushContent(async stream =>
        {
            using var token = new CancellationTokenSource();
            ValueTask write = stream.WriteAsync(new byte[1000], token.Token);
            Assert.False(write.IsCompleted);
            await token.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(write.AsTask);
            await windows.Task;
            if (goesOn)
            {
                await stream.WriteAsync("more"u8.ToArray());
            }
        })), (PeerSetting.InitialWindowSize, 100));
        open.Peer.GivesCredit = false;
        await open.Peer.ReadDataAsync(open.StreamId);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 10_000);
        windows.SetResult();
        Assert.Equal(Http2ErrorCode.Cancel, await open.Peer.ExpectRstAsync(open.StreamId));
        await Assert.ThrowsAnyAsync<Exception>(() => open.Sending);
    }

    [Fact]
    public async Task Late_frames_of_a_stream_that_was_given_up_are_not_answered()
    {
        using Http2Rig rig = CreateRig();
        using var source = new CancellationTokenSource();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Get(), source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
        await peer.ExpectRstAsync(open.StreamId);
        await peer.SendHeadAsync(open.StreamId, 200);
        await peer.SendDataAsync(open.StreamId, "late");
        await peer.RoundTripAsync();
        await peer.ExpectNoneAsync(frame => frame.Type == FrameType.RstStream);
    }

    [Fact]
    public async Task Frames_behind_the_end_of_a_stream_are_answered_once()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        await open.AnswerAsync();
        await open.Peer.SendFrameAsync(FrameType.Data, 0, open.StreamId, 1);
        Assert.Equal(Http2ErrorCode.StreamClosed, await open.Peer.ExpectRstAsync(open.StreamId));
        await open.Peer.SendFrameAsync(FrameType.Data, 0, open.StreamId, 1);
        await open.Peer.RoundTripAsync();
        await open.Peer.ExpectNoneAsync(frame => frame.Type == FrameType.RstStream);
        await rig.AssertServesAsync(open.Peer);
    }

    /// <summary>A request whose content waits for the windows.</summary>
    private static async Task<OpenRequest> StartBlockedAsync(Http2Rig rig)
    {
        Http2Peer peer = await rig.WarmUpAsync();
        peer.GivesCredit = false;
        OpenRequest open = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[Length])));
        await open.TakeFirstWindowAsync();

        return open;
    }

    private static Http2Rig CreateRig() => new(handler => handler.ReplayPolicy = ReplayPolicy.Never);

    /// <summary>The file of a content: its one read comes to what it is told.</summary>
    private sealed class PromisedStream(Task<int> read) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(read);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => read;

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => read;
    }
}
