using System.Net;
using System.Runtime.CompilerServices;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// The end of a handler, for each state a connection can be in: idle closes, waiting and unanswered requests fail, a body goes on to its
/// end.
/// A handler ends by Dispose, by DisposeAsync (ours alone has it), or because nothing refers to it any more.
/// </summary>
public sealed class DisposalParityTests
{
    public enum End
    {
        Dispose,
        DisposeAsync,
        Collection,
    }

    public static TheoryData<End> Ends => [End.Dispose, End.DisposeAsync, End.Collection];

    [Theory]
    [MemberData(nameof(Ends))]
    [Trait("Issue10", "B1-dispose-idle")]
    public Task An_idle_connection_closes(End end) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await EndAsync(end, await UseAsync(stage, async handler =>
            {
                using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
                await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(ParityStage.Get(server.Uri), default));
            }));
            stage.Outcome.TellAtMost("open connections", await LeftOpenAsync(() => server.Open));
        },
        ("response", "200 ok"), ("open connections", 0));

    [Theory]
    [MemberData(nameof(Ends))]
    [Trait("Issue10", "B2-dispose-body-h1")]
    public Task A_body_in_progress_is_read_to_its_end_and_its_connection_closes_then(End end) => ParityScenario.AssertAsync(
        async stage =>
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst", token);
                await ended.Task.WaitAsync(token);
                await RawPeer.WriteAsync(stream, "after", token);
                await RawPeer.CountAsync(stream, 1, token); // until the client closes
            });
            Stream? body = null;
            await EndAsync(end, await UseAsync(stage, async handler =>
            {
                using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
                HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
                body = await response.Content.ReadAsStreamAsync();
                await body.ReadExactlyAsync(new byte[5]);
            }));
            await CollectAsync(end);
            ended.SetResult();
            byte[] rest = new byte[5];
            await stage.Outcome.TellAsync("the rest of the body",
                ParityStage.Soon(body!.ReadExactlyAsync(rest).AsTask(), "the body's rest"));
            stage.Outcome.Tell("rest", System.Text.Encoding.ASCII.GetString(rest).TrimEnd('\0'));
            await body.DisposeAsync();
            stage.Outcome.TellAtMost("open connections", await LeftOpenAsync(() => server.Open));
        },
        ("the rest of the body", "ok"), ("rest", "after"), ("open connections", 0));

    [Theory]
    [MemberData(nameof(Ends))]
    [Trait("Issue10", "B3-dispose-body-h2")]
    public Task A_body_of_HTTP_2_in_progress_is_read_to_its_end_and_its_connection_closes_then(End end) => ParityScenario.AssertAsync(
        async stage =>
        {
            Http2Peer? peer = null;
            int streamId = 0;
            Stream? body = null;
            await EndAsync(end, await UseAsync(stage, async handler =>
            {
                using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
                Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
                peer = await stage.AcceptHttp2Async();
                streamId = (await peer.ReadRequestAsync()).StreamId;
                await peer.SendHeadAsync(streamId, 200);
                await peer.SendDataAsync(streamId, "first");
                body = await (await ParityStage.Soon(sending, "the head")).Content.ReadAsStreamAsync();
                await body.ReadExactlyAsync(new byte[5]);
            }, overMemory: true));
            await CollectAsync(end);
            byte[] rest = new byte[5];
            Task reading = body!.ReadExactlyAsync(rest).AsTask();
            await stage.Outcome.TellAsync("sending the rest", peer!.SendDataAsync(streamId, "after", endStream: true));
            await stage.Outcome.TellAsync("the rest of the body", ParityStage.Soon(reading, "the body's rest"));
            stage.Outcome.Tell("rest", System.Text.Encoding.ASCII.GetString(rest).TrimEnd('\0'));
            await body.DisposeAsync();
            stage.Outcome.TellAtMost("open connections", await LeftOpenAsync(() => stage.Network.OpenConnections));
        },
        ("sending the rest", "ok"), ("the rest of the body", "ok"), ("rest", "after"), ("open connections", 0));

    // DisposeAsync is the kind way to end and may let them finish; Dispose does not.
    [Fact]
    [Trait("Issue10", "B4-dispose-waiting")]
    public async Task A_request_that_waits_for_a_connection_or_for_its_head_fails()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                arrived.TrySetResult();
                await RawPeer.CountAsync(stream, 1, token);
            });
            var client = new HttpClient(stage.Create(new { MaxConnectionsPerServer = 1 }), disposeHandler: true);
            Task<HttpResponseMessage> headless = client.GetAsync(server.Uri);
            await ParityStage.Soon(arrived.Task, "the first request");
            Task<HttpResponseMessage> waiting = client.GetAsync(server.Uri);
            client.Dispose();
            await stage.Outcome.TellAsync("waiting", ParityStage.Soon(waiting, "the waiting request's end"));
            await stage.Outcome.TellAsync("without a head", ParityStage.Soon(headless, "the unanswered request's end"));
        });
        Assert.NotEqual("ok", reference["waiting"]);
        Assert.NotEqual("ok", ours["waiting"]);
        Assert.NotEqual("ok", ours["without a head"]);
        Assert.DoesNotContain("TimeoutException", ours["waiting"] + ours["without a head"], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Issue10", "B5-dispose-client-rotation")]
    public Task A_client_that_is_disposed_does_not_cut_the_body_its_caller_still_reads() => ParityScenario.AssertAsync(
        async stage =>
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n", token);
                await ended.Task.WaitAsync(token);
                await RawPeer.WriteAsync(stream, "5\r\nafter\r\n0\r\n\r\n", token);
                await RawPeer.CountAsync(stream, 1, token);
            });
            var client = new HttpClient(stage.Create(), disposeHandler: true);
            HttpResponseMessage response = await client.GetAsync(server.Uri, HttpCompletionOption.ResponseHeadersRead);
            client.Dispose();
            ended.SetResult();
            await stage.Outcome.TellResponseAsync("response", Task.FromResult(response));
        },
        ("response", "200 firstafter"));

    [Theory]
    [InlineData(End.Dispose)]
    [InlineData(End.DisposeAsync)]
    [InlineData(End.Collection)]
    [Trait("Issue10", "B6-dispose-upgraded")]
    public Task A_stream_behind_101_lives_on(End end) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", token);
                byte[] bytes = new byte[4];
                if (await stream.ReadAtLeastAsync(bytes, 4, throwOnEndOfStream: false, token) == 4)
                {
                    await stream.WriteAsync(bytes, token);
                    await RawPeer.CountAsync(stream, 1, token);
                }
            });
            Stream? upgraded = null;
            await EndAsync(end, await UseAsync(stage, async handler =>
            {
                using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
                var request = ParityStage.Get(server.Uri);
                request.Headers.Connection.Add("Upgrade");
                request.Headers.Upgrade.ParseAdd("echo");
                HttpResponseMessage response = await invoker.SendAsync(request, default);
                stage.Outcome.Tell("status", (int)response.StatusCode);
                upgraded = await response.Content.ReadAsStreamAsync();
            }));
            await CollectAsync(end);
            byte[] answer = new byte[4];
            await stage.Outcome.TellAsync("write", upgraded!.WriteAsync("ping"u8.ToArray()).AsTask());
            await stage.Outcome.TellAsync("read", ParityStage.Soon(upgraded.ReadExactlyAsync(answer).AsTask(), "the echo"));
            await upgraded.DisposeAsync();
            stage.Outcome.TellAtMost("open connections", await LeftOpenAsync(() => server.Open));
        },
        ("status", 101), ("write", "ok"), ("read", "ok"), ("open connections", 0));

    [Theory]
    [InlineData(End.Dispose)]
    [InlineData(End.DisposeAsync)]
    [Trait("Issue10", "B7-dispose-websocket")]
    public Task A_WebSocket_lives_on_when_the_invoker_it_was_made_with_is_disposed(End end) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(EchoWebSocketAsync);
            HttpMessageHandler handler = stage.Create();
            using var socket = new System.Net.WebSockets.ClientWebSocket();
            var invoker = new HttpMessageInvoker(handler, disposeHandler: true);
            await ParityStage.Soon(socket.ConnectAsync(new UriBuilder(server.HttpUri) { Scheme = "ws" }.Uri, invoker, default),
                "the WebSocket");
            await EndAsync(end, invoker, handler);
            byte[] answer = new byte[4];
            await stage.Outcome.TellAsync("send",
                socket.SendAsync("ping"u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Text, true, default));
            await stage.Outcome.TellAsync("receive", ParityStage.Soon(socket.ReceiveAsync(answer, default), "the echo"));
        },
        ("send", "ok"), ("receive", "ok"));

    [Fact]
    [Trait("Issue10", "B8-dispose-then-send")]
    public Task A_request_to_a_disposed_handler_fails_as_with_NET() => ParityScenario.AssertAsync(async stage =>
    {
        HttpMessageHandler handler = stage.Create();
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        handler.Dispose();
        var request = ParityStage.Get("http://server.test/");
        await stage.Outcome.TellAsync("request", () => invoker.SendAsync(request, default));
    });

    [Fact]
    [Trait("Issue10", "B9-hard-stop")]
    public async Task A_hard_stop_stays_as_an_explicit_method()
    {
        System.Reflection.MethodInfo? stop =
            typeof(PooledHttpHandler).GetMethods().FirstOrDefault(method => method.GetParameters().Length == 0
            && (method.Name.StartsWith("Abort", StringComparison.Ordinal) || method.Name.StartsWith("CloseAll", StringComparison.Ordinal)));
        Assert.True(stop is not null, "There is no method such as Abort or CloseAllConnections that ends bodies in progress too.");
        await using var server = new RawServer(async (stream, _, token) =>
        {
            await RawPeer.ReadHeadAsync(stream, token);
            await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst", token);
            await RawPeer.CountAsync(stream, 1, token);
        });
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
        Stream body = await response.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[5]);
        Task rest = body.ReadExactlyAsync(new byte[5]).AsTask();
        stop.Invoke(handler, null);
        await Assert.ThrowsAnyAsync<IOException>(() => ParityStage.Soon(rest, "the cut body"));
        await Eventually.IsTrue(() => server.Open == 0, "the connection closes");
    }

    private static async Task EchoWebSocketAsync(Microsoft.AspNetCore.Http.HttpContext context)
    {
        string key = context.Request.Headers.SecWebSocketKey.ToString();
#pragma warning disable CA5350 // RFC 6455 §4.2.2 says SHA-1
        byte[] hash = System.Security.Cryptography.SHA1.HashData(
            System.Text.Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
#pragma warning restore CA5350
        context.Response.StatusCode = 101;
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = Convert.ToBase64String(hash);
        var upgrade = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpUpgradeFeature>()!;
        await using Stream stream = await upgrade.UpgradeAsync();
        using var socket = System.Net.WebSockets.WebSocket.CreateFromStream(
            stream, new System.Net.WebSockets.WebSocketCreationOptions { IsServer = true });
        byte[] buffer = new byte[100];
        try
        {
            while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { Count: > 0 } received)
            {
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, true, context.RequestAborted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            // the test ends
        }
    }

    /// <summary>Uses a handler in a frame of its own, so that no register or local keeps it from being collected.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<HandlerBox> UseAsync(ParityStage stage, Func<HttpMessageHandler, Task> use, bool overMemory = false)
    {
        HttpMessageHandler handler = overMemory ? stage.CreateOverMemory() : stage.Create();
        stage.Forget(handler);
        await use(handler);
        return new HandlerBox { Handler = handler };
    }

    private static Task EndAsync(End end, HandlerBox box)
    {
        HttpMessageHandler handler = box.Handler!;
        box.Handler = null;
        return end == End.Collection ? Task.CompletedTask : EndAsync(end, handler, handler);
    }

    private static async Task EndAsync(End end, IDisposable disposable, HttpMessageHandler handler)
    {
        if (end == End.DisposeAsync && handler is IAsyncDisposable asynchronous)
        {
            // It may wait for bodies: what it must not do is cut them.
            _ = asynchronous.DisposeAsync().AsTask();
            await Task.Yield();
        }
        else
        {
            disposable.Dispose();
        }
    }

    private static Task CollectAsync(End end)
    {
        int rounds = 0;
        return end == End.Collection ? ParityStage.CollectUntilAsync(() => ++rounds > 3) : Task.CompletedTask;
    }

    /// <summary>How many connections are open when they had time to close, and the collector had time to find them.</summary>
    private static async Task<int> LeftOpenAsync(Func<int> open)
    {
        await ParityStage.CollectUntilAsync(() => open() == 0);
        return open();
    }

    private sealed class HandlerBox
    {
        public HttpMessageHandler? Handler { get; set; }
    }
}
