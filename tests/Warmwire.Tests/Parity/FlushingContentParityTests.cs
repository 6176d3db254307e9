using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>A content that writes, flushes and waits: a flush sends the head and what there is, at once.</summary>
public sealed class FlushingContentParityTests
{
    [Theory]
    [InlineData("FlushAsync", "first", true)]
    [InlineData("FlushAsync", "first", false)]
    [InlineData("Flush", "first", true)]
    [InlineData("Flush", "first", false)]
    [InlineData("FlushAsync", "", true)]
    [InlineData("FlushAsync", "", false)]
    [Trait("Issue10", "F1-flush-h1")]
    public Task A_flush_of_the_request_stream_sends_what_there_is(string how, string text, bool yields) => ParityScenario.AssertAsync(
        async stage =>
        {
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                if (await RawPeer.ReadHeadAsync(stream, token) is not null)
                {
                    string body = "";
                    byte[] buffer = new byte[1000];
                    while (!body.EndsWith("0\r\n\r\n", StringComparison.Ordinal))
                    {
                        if (body.Length >= text.Length)
                        {
                            arrived.TrySetResult();
                        }

                        int read = await stream.ReadAsync(buffer, token);
                        Assert.NotEqual(0, read);
                        body += System.Text.Encoding.ASCII.GetString(buffer, 0, read);
                    }

                    await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", token);
                    await RawPeer.CountAsync(stream, long.MaxValue, token);
                }
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using var request = new HttpRequestMessage(
                HttpMethod.Post, server.Uri) { Content = Blocking(stage, how, text, yields, arrived.Task) };
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, default));
        },
        ("arrived with the flush", true), ("response", "200 ok"));

    [Theory]
    [InlineData("FlushAsync", "first", true)]
    [InlineData("FlushAsync", "first", false)]
    [InlineData("Flush", "first", true)]
    [InlineData("Flush", "first", false)]
    [InlineData("FlushAsync", "", true)]
    [InlineData("FlushAsync", "", false)]
    [Trait("Issue10", "F2-flush-h2")]
    public Task A_flush_of_the_request_stream_of_HTTP_2_sends_what_there_is(string how, string text, bool yields) =>
        ParityScenario.AssertAsync(
        async stage =>
        {
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            Task<HttpResponseMessage> sending = invoker.SendAsync(
                ParityStage.Http2(HttpMethod.Post, Blocking(stage, how, text, yields, arrived.Task)), default);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest request = await peer.ReadRequestAsync();
            if (text.Length > 0)
            {
                await peer.ReadDataAsync(request.StreamId);
            }

            arrived.TrySetResult();
            await peer.ReadBodyAsync(request.StreamId);
            await peer.AnswerAsync(request.StreamId, 200, "ok");
            await stage.Outcome.TellResponseAsync("response", sending);
        },
        ("arrived with the flush", true), ("response", "200 ok"));

    private static SlowContent Blocking(ParityStage stage, string how, string text, bool yields, Task arrived) => new(async (to, token) =>
    {
        if (yields)
        {
            await Task.Yield();
        }

        if (text.Length > 0)
        {
            await to.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), token);
        }

        if (how == "Flush")
        {
            to.Flush();
        }
        else
        {
            await to.FlushAsync(token);
        }

        // PushStreamContent's users block here until the other side has something.
        stage.Outcome.Tell("arrived with the flush", arrived.Wait(TimeSpan.FromSeconds(2), CancellationToken.None));
        await to.WriteAsync("last"u8.ToArray(), token);
    });
}
