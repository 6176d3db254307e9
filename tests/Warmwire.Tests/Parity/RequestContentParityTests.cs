using System.Diagnostics;
using System.Net;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Contents that fail, and the stream that contents write to.</summary>
public sealed class RequestContentParityTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [Trait("Issue10", "R3-content-throws")]
    public Task A_content_that_throws_gives_HttpRequestException_with_it_inside(int version, bool late) => ParityScenario.AssertAsync(
        async stage =>
        {
            using var client = new HttpClient(stage.CreateOverMemory(), disposeHandler: false);
            var content = new SlowContent(async (to, token) =>
            {
                if (late)
                {
                    await to.WriteAsync("first"u8.ToArray(), token);
                    await to.FlushAsync(token);
                }

                throw new InvalidOperationException("the content's own failure");
            });
            using HttpRequestMessage request = ParityStage.Http2(HttpMethod.Post, content);
            request.Version = version == 2 ? HttpVersion.Version20 : HttpVersion.Version11;
            Task<HttpResponseMessage> sending = client.SendAsync(request);
            if (version == 2)
            {
                await stage.AcceptHttp2Async();
            }

            try
            {
                using HttpResponseMessage response = await ParityStage.Soon(sending, "the request's end");
            }
            catch (Exception e)
            {
                stage.Outcome.Tell("type", e is HttpRequestException ? "HttpRequestException" : e.GetType().Name);
                stage.Outcome.Tell("inside", e.InnerException?.GetType().Name);
                stage.Outcome.Tell("message of the inner", e.InnerException?.Message);
            }
        },
        ("type", "HttpRequestException"), ("inside", "InvalidOperationException"), ("message of the inner", "the content's own failure"));

    [Theory]
    [InlineData("write")]
    [InlineData("flush")]
    [Trait("Issue10", "R4-h2-write-observes-token")]
    public Task A_write_or_flush_of_the_request_stream_of_HTTP_2_observes_its_token(string what) => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            var content = new SlowContent(async to =>
            {
                using var own = new CancellationTokenSource(200);
                try
                {
                    // more than every window together, and nobody gives any
                    for (int i = 0; i < 40; i++)
                    {
                        await to.WriteAsync(new byte[16 * 1024], what == "write" ? own.Token : CancellationToken.None).AsTask().WaitAsync(
                            what == "write" ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(100));
                    }
                }
                catch (TimeoutException)
                {
                    // the windows are used up
                }
                catch (Exception e)
                {
                    // .NET's has the token of a source of its own, ours the caller's: it is the type that callers look at.
                    seen.TrySetResult(ParityOutcome.Describe(e).Split(" > ")[0]);
                }

                if (what == "flush")
                {
                    try
                    {
                        await to.FlushAsync(own.Token);
                        seen.TrySetResult("flushed");
                    }
                    catch (Exception e)
                    {
                        seen.TrySetResult(ParityOutcome.Describe(e, own.Token).Split(" > ")[0]);
                    }
                }

                seen.TrySetResult("ok");
                await release.Task;
            });
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Post, content), default);
            Http2Peer peer = await stage.AcceptHttp2Async();
            peer.GivesCredit = false;
            await peer.ReadRequestAsync();
            long start = Stopwatch.GetTimestamp();
            // Real time: the limit of the wait, after which the write is said to hang.
            string end = await Task.WhenAny(seen.Task, Task.Delay(3000)) == seen.Task ? await seen.Task : "hangs";
            stage.Outcome.Tell(what, end);
            stage.Outcome.TellAtMost("milliseconds", Stopwatch.GetElapsedTime(start).TotalMilliseconds, slack: 1500);
            release.SetResult();
            peer.Reset();
            // Real time: the limit of the wait for the end of the request, which is not what the test looks at.
            await Task.WhenAny(sending, Task.Delay(2000));
            _ = sending.Exception;
        });

    [Theory]
    [InlineData("cancelled")]
    [InlineData("answered")]
    [Trait("Issue10", "R5-h2-write-after-end")]
    public Task A_write_after_the_exchange_ended_is_OperationCanceledException(string how) => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            using var source = new CancellationTokenSource();
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            var content = new SlowContent(async to =>
            {
                await to.WriteAsync("first"u8.ToArray());
                await to.FlushAsync();
                await ended.Task;
                string end = "ok";
                for (int i = 0; i < 50 && end == "ok"; i++)
                {
                    try
                    {
                        await to.WriteAsync("more"u8.ToArray());
                        await to.FlushAsync();
                        // Real time: a poll: the end of the exchange reaches the content at some moment, and only a write shows it.
                        await Task.Delay(10);
                    }
                    catch (Exception e)
                    {
                        end = ParityOutcome.Describe(e).Split(" > ")[0];
                    }
                }

                seen.TrySetResult(end);
            });
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Post, content), source.Token);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest request = await peer.ReadRequestAsync();
            await peer.ReadDataAsync(request.StreamId);
            if (how == "cancelled")
            {
                await source.CancelAsync();
            }
            else
            {
                await peer.AnswerAsync(request.StreamId, 200);
                await peer.SendRstAsync(request.StreamId, Http2ErrorCode.NoError);
            }

            // Real time: the limit of the wait for the end of the request, which is not what the test looks at.
            await Task.WhenAny(sending, Task.Delay(2000));
            // Real time: what was sent shall be read, and nothing tells the test that it was.
            await Task.Delay(50);
            ended.SetResult();
            stage.Outcome.Tell("write", await ParityStage.Soon(seen.Task, "the write's end"));
            // Real time: the limit of the wait for the end of the request, which is not what the test looks at.
            await Task.WhenAny(sending, Task.Delay(2000));
            _ = sending.Exception;
        },
        ("write", "OperationCanceledException"));
}
