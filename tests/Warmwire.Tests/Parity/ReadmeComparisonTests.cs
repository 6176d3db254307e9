using System.IO.Compression;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// What README's comparison says of both handlers, shown on both. <see cref="ComparisonTests"/> has which row stands on which test.
/// </summary>
public sealed class ReadmeComparisonTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    // RFC 9110 §9.2.2: what is not idempotent is not sent twice on a guess. A GET may be.
    [Theory]
    [InlineData("POST", "200 ok", "HttpRequestException(ResponseEnded) > HttpIOException(ResponseEnded)", 1)]
    [InlineData("GET", "200 ok", "200 ok", 2)]
    public async Task A_request_on_a_reused_connection_that_the_server_closes(string method, string theirs, string ours, int sent)
    {
        (ParityOutcome reference, ParityOutcome own) = await ParityScenario.PlayBothAsync(async stage =>
        {
            int requests = 0;
            await using var server = new RawServer(async (stream, index, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                if (index == 0)
                {
                    await RawPeer.WriteAsync(stream, Ok, token);
                    await RawPeer.ReadHeadAsync(stream, token);
                    requests++;
                    return; // closes: the client has sent on it
                }

                requests++;
                await RawPeer.WriteAsync(stream, Ok, token);
                await RawPeer.CountAsync(stream, 1, token);
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellResponseAsync("first", invoker.SendAsync(ParityStage.Get(server.Uri), default));
            Task<HttpResponseMessage> second = invoker.SendAsync(new HttpRequestMessage(new HttpMethod(method), server.Uri), default);
            await stage.Outcome.TellResponseAsync("second", second);
            stage.Outcome.Tell("sent", requests);
            stage.Outcome.Tell("not processed", (second.Exception?.InnerException as TransportException)?.NotProcessed);
        });
        Assert.Equal(theirs, reference["second"]);
        Assert.Equal("2", reference["sent"]);
        Assert.Equal(ours, own["second"]);
        Assert.Equal($"{sent}", own["sent"]);
        Assert.Equal(sent == 1 ? "False" : "", own["not processed"]);
    }

    // The server keeps the connection open: what is accepted is seen by the second request, which goes on the same one.
    [Theory]
    [InlineData("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200 hello")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "200 hello")]
    [InlineData("Content-Length: 5\r\nContent-Length: 3\r\n\r\nhello", "200 hello")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nhello", "200 hello")]
    [InlineData("Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200 hello")]
    public async Task A_response_with_two_framings_keeps_its_connection_with_NET_and_closes_it_here(string fields, string theirs)
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using RawServer server = RawPeer.Answering("HTTP/1.1 200 OK\r\n" + fields);
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellResponseAsync("first", invoker.SendAsync(ParityStage.Get(server.Uri), default));
            await stage.Outcome.TellResponseAsync("second", invoker.SendAsync(ParityStage.Get(server.Uri), default));
            stage.Outcome.Tell("connections", server.Accepted);
        });
        Assert.Equal(theirs, reference["first"]);
        Assert.Equal(theirs, reference["second"]);
        Assert.Equal("1", reference["connections"]);
        Assert.StartsWith("HttpRequestException(InvalidResponse)", ours["first"], StringComparison.Ordinal);
        Assert.StartsWith("HttpRequestException(InvalidResponse)", ours["second"], StringComparison.Ordinal);
        Assert.Equal("2", ours["connections"]);
    }

    // Where the length is ignored the body lasts until the server closes: what it sends later is a part of it.
    [Theory]
    [InlineData("+5", "200 hello, and more", "HttpRequestException(InvalidResponse)")]
    [InlineData("5, 5", "200 hello, and more", "200 hello")]
    public async Task A_length_that_NET_ignores_leaves_it_waiting_for_the_end_of_the_connection(string length, string theirs, string own)
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            var close = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello", token);
                await close.Task.WaitAsync(token);
                if (!stage.IsOurs)
                {
                    await RawPeer.WriteAsync(stream, ", and more", token);
                }
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Get(server.Uri), default);
            if (!stage.IsOurs)
            {
                await sending;
                close.SetResult();
            }

            await stage.Outcome.TellResponseAsync("response", sending); // ours ends while the server waits
        });
        Assert.Equal(theirs, reference["response"]);
        Assert.StartsWith(own, ours["response"], StringComparison.Ordinal);
    }

    // RFC 9110 §5.5, RFC 9112 §3.2: what ends a line or a string somewhere else is never sent.
    [Theory]
    [InlineData("a\r\nX-Injected: 1")]
    [InlineData("a\0b")]
    public async Task A_header_value_that_forges_another_is_sent_by_NET_and_refused_here(string value)
    {
        (ParityOutcome reference, ParityOutcome ours) = await SendAsync(uri =>
        {
            HttpRequestMessage request = ParityStage.Get(uri);
            request.Headers.TryAddWithoutValidation("X-A", value);
            return request;
        });
        Assert.Contains($"X-A: {value}\r\n", reference["server saw"], StringComparison.Ordinal);
        Assert.StartsWith("HttpRequestException", ours["response"], StringComparison.Ordinal);
        Assert.Equal("", ours["server saw"]);
    }

    [Fact]
    public async Task A_line_break_in_a_URI_that_is_not_canonicalised_is_sent_by_NET_and_refused_here()
    {
        var asIs = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        (ParityOutcome reference, ParityOutcome ours) = await SendAsync(
            uri => ParityStage.Get(new Uri($"{uri}a HTTP/1.1\r\nX-Injected: 1\r\nX-Tail: ", asIs)));
        Assert.Contains("\r\nX-Injected: 1\r\n", reference["server saw"], StringComparison.Ordinal);
        Assert.StartsWith("HttpRequestException", ours["response"], StringComparison.Ordinal);
        Assert.Equal("", ours["server saw"]);
    }

    // The server refuses and closes, without reading what is under way.
    [Fact]
    public async Task A_413_in_mid_upload_is_lost_by_NET_and_delivered_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(
                    stream, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", token);
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new ByteArrayContent(new byte[16 << 20]) };
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, default));
        });
        Assert.StartsWith("HttpRequestException", reference["response"], StringComparison.Ordinal);
        Assert.Equal("413 no", ours["response"]);
    }

    [Fact]
    public async Task A_gzip_body_that_is_cut_is_a_shorter_text_with_NET_and_fails_here()
    {
        byte[] packed = Gzip(string.Concat(Enumerable.Range(0, 20_000)));
        byte[] cut = packed[..(packed.Length / 2)];
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using RawServer server = RawPeer.Answering(
                $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {cut.Length}\r\n\r\n{Encoding.Latin1.GetString(cut)}");
            using HttpClient client = stage.Client(new { AutomaticDecompression = DecompressionMethods.GZip });
            await stage.Outcome.TellResponseAsync("response", client.GetAsync(server.Uri));
        });
        Assert.StartsWith("200 0123", reference["response"], StringComparison.Ordinal);
        Assert.StartsWith("HttpRequestException(ResponseEnded)", ours["response"], StringComparison.Ordinal);
    }

    // The answer of each is under way when its request is cancelled: the server sends it then.
    [Fact]
    public async Task Requests_that_are_cancelled_cost_a_connection_each_with_NET_and_none_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            using var arrived = new SemaphoreSlim(0);
            using var cancelled = new SemaphoreSlim(0);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                while (await RawPeer.ReadHeadAsync(stream, token) is not null)
                {
                    arrived.Release();
                    await cancelled.WaitAsync(token);
                    try
                    {
                        await RawPeer.WriteAsync(stream, Ok, token);
                    }
                    catch (IOException)
                    {
                        return; // the client closed
                    }
                }
            });
            HttpMessageHandler handler = stage.Create();
            (handler as PooledHttpHandler)?.CancellationDrainTimeout = Guard.Limit; // however slow the machine is
            using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
            for (int i = 0; i < 50; i++)
            {
                using var source = new CancellationTokenSource();
                Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Get(server.Uri), source.Token);
                await ParityStage.Soon(arrived.WaitAsync(source.Token), "the request arrives");
                await source.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
                cancelled.Release();
                if (handler is PooledHttpHandler own)
                {
                    await Eventually.IsTrue(() => own.GetSnapshot().Idle == 1, "the connection is kept");
                }
            }

            stage.Outcome.Tell("connections", server.Accepted);
        });
        Assert.Equal("50", reference["connections"]);
        Assert.Equal("1", ours["connections"]);
    }

    // Fake time here: ten seconds of it. .NET keeps all of them for a minute.
    [Fact]
    public async Task Of_a_burst_of_200_all_connections_stay_with_NET_and_100_here()
    {
        var time = new FakeTime();
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            int waiting = 0;
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                if (Interlocked.Increment(ref waiting) == 200)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(token);
                await RawPeer.WriteAsync(stream, Ok, token);
                await RawPeer.ReadHeadAsync(stream, token);
            });
            HttpMessageHandler handler = stage.Create();
            (handler as PooledHttpHandler)?.TimeProvider = time;
            using var client = new HttpClient(handler, disposeHandler: false);
            await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.GetStringAsync(server.Uri)));
            if (handler is PooledHttpHandler own)
            {
                await Eventually.IsTrue(() => own.GetSnapshot().Idle == 200, "all are idle");
                for (int second = 0; second < 10; second++)
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                }

                await Eventually.IsTrue(() => own.GetSnapshot().Idle < 200, "the surplus is closed");
                await Eventually.IsTrue(() => server.Open == own.GetSnapshot().Open, "the server sees it");
            }

            stage.Outcome.Tell("open", server.Open);
        });
        Assert.Equal("200", reference["open"]);
        Assert.Equal("100", ours["open"]);
    }

    // "Until a garbage collection" is all that can be said of .NET; here the leak is counted too, and logged.
    [Fact]
    public async Task A_response_that_is_never_disposed_holds_the_only_connection_until_it_is_collected()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using RawServer server = RawPeer.Answering(
                $"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{new string('x', 200_000)}");
            await using RawServer other = RawPeer.Answering(Ok);
            HttpMessageHandler handler = stage.Create(new { MaxConnectionsPerServer = 1 });
            using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
            var held = new HttpResponseMessage?[1];
            await SendAsync(invoker, server.Uri, held);
            Task<HttpResponseMessage> next = invoker.SendAsync(ParityStage.Get(server.Uri), default);
            using (await invoker.SendAsync(ParityStage.Get(other.Uri), default))
            {
                stage.Outcome.Tell("waits", !next.IsCompleted); // while another origin is asked and answers
            }

            held[0] = null;
            stage.Outcome.Tell("served after a collection", await ParityStage.CollectUntilAsync(() => next.IsCompleted));
            stage.Outcome.Tell(
                "counted", (handler as PooledHttpHandler)?.GetSnapshot().Origins.Sum(static origin => origin.LeakedResponses));
        });
        Assert.Equal(("True", "True"), (reference["waits"], reference["served after a collection"]));
        Assert.Equal(("True", "True", "1"), (ours["waits"], ours["served after a collection"], ours["counted"]));
    }

    // What .NET goes on to wait for comes in the end, and is delivered; here the request has failed before the server is allowed to answer.
    [Fact]
    public async Task Disposing_the_handler_leaves_a_request_waiting_with_NET_and_fails_it_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                arrived.SetResult();
                await answer.Task.WaitAsync(token);
                await RawPeer.WriteAsync(stream, Ok, token);
            });
            HttpMessageHandler handler = stage.Create();
            using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Get(server.Uri), default);
            await ParityStage.Soon(arrived.Task, "the request arrives");
            handler.Dispose();
            if (!stage.IsOurs)
            {
                answer.SetResult();
            }

            await stage.Outcome.TellResponseAsync("response", sending);
        });
        Assert.Equal("200 ok", reference["response"]);
        Assert.EndsWith("ObjectDisposedException", ours["response"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100, "200 ok", "200 ok")]
    [InlineData(2000, "200 ok", "HttpRequestException(InvalidResponse)")]
    public async Task NET_accepts_2000_interim_responses_and_here_more_than_100_are_refused(int count, string theirs, string own)
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using RawServer server = RawPeer.Answering(
                string.Concat(Enumerable.Repeat("HTTP/1.1 102 Processing\r\n\r\n", count)) + Ok);
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(ParityStage.Get(server.Uri), default));
        });
        Assert.Equal(theirs, reference["response"]);
        Assert.StartsWith(own, ours["response"], StringComparison.Ordinal);
    }

    // The day .NET has one of them, the row is no longer true.
    [Theory]
    [InlineData("ResponseHeadersTimeout")]
    [InlineData("ResponseBodyIdleTimeout")]
    [InlineData("TlsHandshakeTimeout")]
    [InlineData("PendingRequestTimeout")]
    [InlineData("CloseIdleConnections")]
    [InlineData("PrewarmAsync")]
    [InlineData("GetSnapshot")]
    public void NET_has_no_such_member(string name)
    {
        Assert.Empty(typeof(SocketsHttpHandler).GetMember(name));
        Assert.NotEmpty(typeof(PooledHttpHandler).GetMember(name));
    }

    [Fact]
    public void NET_waits_for_a_connection_without_end()
    {
        using var reference = new SocketsHttpHandler();
        using var ours = new PooledHttpHandler();
        Assert.Equal(Timeout.InfiniteTimeSpan, reference.ConnectTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), ours.ConnectTimeout);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task SendAsync(HttpMessageInvoker invoker, Uri uri, HttpResponseMessage?[] held) =>
        held[0] = await invoker.SendAsync(ParityStage.Get(uri), default);

    private static Task<(ParityOutcome Reference, ParityOutcome Ours)> SendAsync(Func<Uri, HttpRequestMessage> request) =>
        ParityScenario.PlayBothAsync(async stage =>
        {
            string seen = "";
            await using var server = new RawServer(async (stream, _, token) =>
            {
                while (await RawPeer.ReadHeadAsync(stream, token) is { } head)
                {
                    seen += head;
                    await RawPeer.WriteAsync(stream, Ok, token);
                }
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request(server.Uri), default));
            stage.Outcome.Tell("server saw", seen);
        });

    private static byte[] Gzip(string text)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }

        return packed.ToArray();
    }
}
