using System.Buffers.Binary;
using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Frames of HTTP/2 that servers send and that a client has to take in the way the RFCs say.</summary>
public sealed class Http2FrameParityTests
{
    [Fact]
    [Trait("Issue10", "N1-priority-length")]
    public Task PRIORITY_of_a_wrong_length_is_an_error_of_its_stream() => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            Task<HttpResponseMessage> first = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest one = await peer.ReadRequestAsync();
            Task<HttpResponseMessage> second = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
            PeerRequest two = await peer.ReadRequestAsync();
            await peer.SendFrameAsync(FrameType.Priority, 0, one.StreamId, 0, 0, 0, 0); // RFC 9113 §6.3: five bytes, else a stream error
            try
            {
                await peer.AnswerAsync(two.StreamId, 200, "other");
            }
            catch (Exception e) when (e is not TimeoutException)
            {
                // the connection is gone
            }

            await stage.Outcome.TellResponseAsync("the other stream", second.WaitAsync(TimeSpan.FromSeconds(3)));
            peer.Reset();
            // Real time: the limit of the wait for the end of the request, which is not what the test looks at.
            await Task.WhenAny(first, Task.Delay(2000));
            _ = first.Exception;
        },
        ("the other stream", "200 other"));

    [Theory]
    [InlineData(FrameType.Data)]
    [InlineData(FrameType.Headers)]
    [Trait("Issue10", "N2-frames-behind-end")]
    public async Task Frames_behind_END_STREAM_get_STREAM_CLOSED(FrameType type)
    {
        var stage = new ParityStage(HandlerKind.PooledHttpHandler);
        using HttpMessageInvoker invoker = stage.InvokerOverMemory();
        Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
        Http2Peer peer = await stage.AcceptHttp2Async();
        PeerRequest request = await peer.ReadRequestAsync();
        await peer.AnswerAsync(request.StreamId, 200, "ok");
        using (HttpResponseMessage response = await ParityStage.Soon(sending, "the response"))
        {
            Assert.Equal("ok", await response.Content.ReadAsStringAsync());
        }

        await peer.RoundTripAsync();
        await (type == FrameType.Data
            ? peer.SendFrameAsync(FrameType.Data, 0, request.StreamId, 1, 2, 3)
            : peer.SendHeadersAsync(request.StreamId, [("x-late", "1")], endStream: true));
        PeerFrame answer = await peer.NextAsync(
            frame => frame.Type is FrameType.RstStream or FrameType.GoAway, "the answer to a frame behind the end");
        Assert.Equal(Http2ErrorCode.StreamClosed, answer.ErrorCode); // RFC 9113 §5.1 and §6.1
        stage.Dispose();
    }

    [Fact]
    [Trait("Issue10", "N3-header-table-twice")]
    public async Task HEADER_TABLE_SIZE_twice_in_one_SETTINGS_signals_the_smaller_too()
    {
        var stage = new ParityStage(HandlerKind.PooledHttpHandler);
        using HttpMessageInvoker invoker = stage.InvokerOverMemory();
        Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
        Http2Peer peer = await stage.AcceptHttp2Async();
        await peer.AnswerNextAsync(200);
        using (HttpResponseMessage response = await ParityStage.Soon(sending, "the response"))
        {
            // the table has entries now
        }

        await peer.SendSettingsAsync((PeerSetting.HeaderTableSize, 0), (PeerSetting.HeaderTableSize, 4096));
        await peer.RoundTripAsync();
        Task<HttpResponseMessage> next = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
        PeerFrame head = await peer.NextAsync(frame => frame.Type == FrameType.Headers, "the next head");
        // RFC 7541 §4.2: the smallest of the changes, then the last: 0x20 is a size of 0, 0x3f 0xe1 0x1f one of 4,096.
        Assert.Equal([0x20, 0x3f, 0xe1, 0x1f], head.Content[..4].ToArray());
        peer.Reset();
        // Real time: the limit of the wait for the end of the request, which is not what the test looks at.
        await Task.WhenAny(next, Task.Delay(2000));
        _ = next.Exception;
        stage.Dispose();
    }

    [Theory]
    [InlineData(100)]
    [Trait("Issue10", "N4-hundred-settings")]
    public Task A_hundred_SETTINGS_beside_the_first_are_within_the_limit(int count) => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest request = await peer.ReadRequestAsync();
            for (int i = 0; i < count; i++)
            {
                await peer.SendSettingsAsync((PeerSetting.MaxConcurrentStreams, 100));
            }

            try
            {
                await peer.AnswerAsync(request.StreamId, 200, "ok");
            }
            catch (Exception e) when (e is not TimeoutException)
            {
                // the connection is gone
            }

            await stage.Outcome.TellResponseAsync("response", ParityStage.Soon(sending, "the response"));
        },
        ("response", "200 ok"));
}
