using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// A request whose token is cancelled fails with OperationCanceledException and that token, whatever else went wrong with it.
/// </summary>
public sealed class CancellationParityTests
{
    private const string Right = "OperationCanceledException(its token)";

    [Fact]
    [Trait("Issue10", "I1-cancelled-and-refused")]
    public Task A_cancelled_request_whose_connection_is_refused() => AssertCancelledAsync(
        async (stage, source) =>
        {
            using HttpMessageInvoker invoker = stage.Invoker(new
            {
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>((_, _) =>
                {
                    source.Cancel();
                    throw new SocketException((int)SocketError.ConnectionRefused);
                }),
            });
            using var request = ParityStage.Get("http://server.test/");
            using HttpResponseMessage response = await invoker.SendAsync(request, source.Token);
        });

    [Fact]
    [Trait("Issue10", "I2-cancelled-and-goaway")]
    public Task A_cancelled_request_that_meets_a_GOAWAY_and_finds_no_other_connection() => AssertCancelledAsync(
        async (stage, source) =>
        {
            int dials = 0;
            using HttpMessageInvoker invoker = stage.Invoker(new
            {
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>((context, token) =>
                {
                    if (Interlocked.Increment(ref dials) == 1)
                    {
                        return stage.Network.ConnectAsync(context, token);
                    }

                    source.Cancel();
                    throw new SocketException((int)SocketError.ConnectionRefused);
                }),
            });
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), source.Token);
            Http2Peer peer = await stage.AcceptHttp2Async();
            await peer.ReadRequestAsync();
            await peer.SendGoAwayAsync(0);
            using HttpResponseMessage response = await ParityStage.Soon(sending, "the request's end");
        });

    [Fact]
    [Trait("Issue10", "I3-cancelled-and-reset")]
    public Task A_cancelled_request_whose_stream_was_refused_three_times() => AssertCancelledAsync(
        async (stage, source) =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            int written = 0;
            var content = new SlowContent(to =>
            {
                if (Interlocked.Increment(ref written) > 1)
                {
                    source.Cancel();
                    throw new IOException("the replay's content fails");
                }

                return to.WriteAsync("body"u8.ToArray()).AsTask();
            });
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Post, content), source.Token);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest request = await peer.ReadRequestAsync();
            await peer.SendRstAsync(request.StreamId, Http2ErrorCode.RefusedStream);
            try
            {
                using HttpResponseMessage response = await ParityStage.Soon(sending, "the request's end");
            }
            catch (Exception) when (!source.IsCancellationRequested)
            {
                source.Cancel(); // it was not sent again: nothing to see here
                source.Token.ThrowIfCancellationRequested();
            }
        });

    // The transport waits for a content that it may have to send again; the caller does not have to.
    [Theory]
    [InlineData("REFUSED_STREAM")]
    [InlineData("GOAWAY")]
    [Trait("Issue10", "I7-cancelled-while-content-runs")]
    public Task A_request_that_was_refused_and_is_cancelled_while_its_content_still_runs(string how) => AssertCancelledAsync(
        async (stage, source) =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            var content = new StreamContent(new StuckStream()); // it can be sent again, so it is waited for
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Post, content), source.Token);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest request = await peer.ReadRequestAsync();
            await (how == "GOAWAY" ? peer.SendGoAwayAsync(0) : peer.SendRstAsync(request.StreamId, Http2ErrorCode.RefusedStream));
            // Real time: what was sent shall be read, and what follows from it be under way, and nothing tells the test that it is.
            await Task.WhenAny(sending, Task.Delay(100));
            await source.CancelAsync();
            using HttpResponseMessage response = await ParityStage.Soon(sending, "the request's end");
        });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Trait("Issue10", "I4-cancelled-and-content-fails")]
    public Task A_cancelled_request_whose_content_fails(int version) => AssertCancelledAsync(
        async (stage, source) =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            var content = new SlowContent(_ =>
            {
                source.Cancel();
                throw new IOException("the content fails");
            });
            using HttpRequestMessage request = version == 2 ? ParityStage.Http2(HttpMethod.Post, content)
                : new HttpRequestMessage(HttpMethod.Post, "http://server.test/") { Content = content };
            Task<HttpResponseMessage> sending = invoker.SendAsync(request, source.Token);
            if (version == 2)
            {
                await stage.AcceptHttp2Async();
            }

            using HttpResponseMessage response = await ParityStage.Soon(sending, "the request's end");
        });

    [Fact]
    [Trait("Issue10", "I5-cancelled-and-closed")]
    public Task A_cancelled_request_whose_server_closes_at_the_same_time() => AssertCancelledAsync(
        async (stage, source) =>
        {
            for (int i = 0; i < 100; i++)
            {
                using var own = new CancellationTokenSource();
                await using var server = new RawServer(async (stream, _, token) =>
                {
                    await RawPeer.ReadHeadAsync(stream, token);
                    await own.CancelAsync();
                });
                using HttpMessageInvoker invoker = stage.Invoker();
                using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StringContent("x") };
                try
                {
                    using HttpResponseMessage response = await invoker.SendAsync(request, own.Token);
                }
                catch (Exception e) when (own.IsCancellationRequested && e is not OperationCanceledException)
                {
                    throw;
                }
                catch (OperationCanceledException e)
                {
                    Assert.Equal(own.Token, e.CancellationToken);
                }
            }

            await source.CancelAsync();
            source.Token.ThrowIfCancellationRequested();
        });

    [Fact]
    [Trait("Issue10", "I6-cancelled-before")]
    public Task A_token_that_is_cancelled_before_the_request() => AssertCancelledAsync(
        async (stage, source) =>
        {
            await source.CancelAsync();
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get("http://server.test/"), source.Token);
        });

    private static Task AssertCancelledAsync(Func<ParityStage, CancellationTokenSource, Task> scenario) => ParityScenario.AssertAsync(
        async stage =>
        {
            using var source = new CancellationTokenSource();
            string end = "ok";
            try
            {
                await scenario(stage, source);
            }
            catch (Exception e)
            {
                end = ParityOutcome.Describe(e, source.Token).Split(" > ")[0]; // what is inside may say more
            }

            stage.Outcome.Tell("request", end);
        },
        ("request", Right));

    /// <summary>Has four bytes and then four that never come.</summary>
    private sealed class StuckStream : MemoryStream
    {
        public StuckStream()
            : base(new byte[8])
        {
        }

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            await destination.WriteAsync(new byte[4], cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
