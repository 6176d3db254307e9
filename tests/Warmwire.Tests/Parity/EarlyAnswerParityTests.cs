using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Warmwire.Tests.Parity;

/// <summary>
/// A server answers before it has the whole request. Below 300 the request is sent to its end: a 2xx beside a cut upload is lost data.
/// </summary>
public sealed class EarlyAnswerParityTests
{
    private const int Length = 12_000_000;

    private static readonly byte[] s_upload = new byte[Length];

    /// <summary>How long the server does not read: longer than any patience after a response, far shorter than the guard.</summary>
    private static TimeSpan Pause => TimeSpan.FromMilliseconds(1500);

    [Theory]
    [InlineData("200 OK")]
    [InlineData("201 Created")]
    [Trait("Issue10", "A1-early-2xx-h1")]
    public Task An_upload_that_is_answered_early_with_2xx_is_sent_to_its_end(string status) => ParityScenario.AssertAsync(
        async stage =>
        {
            var received = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, $"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok", token);
                // Real time: the server's own pause: it is busy with the first part and does not read.
                await Task.Delay(Pause, token);
                received.TrySetResult(await RawPeer.CountAsync(stream, Length, token));
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new ByteArrayContent(s_upload) };
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, CancellationToken.None));
            stage.Outcome.Tell("server received", await ParityStage.Soon(received.Task, "the server's count"));
        },
        ("response", $"{status[..3]} ok"), ("server received", Length));

    [Fact]
    [Trait("Issue10", "A1-early-2xx-h1-chunked")]
    public Task A_chunked_upload_that_is_answered_early_with_2xx_is_sent_to_its_end() => ParityScenario.AssertAsync(
        async stage =>
        {
            var received = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", token);
                // Real time: the server's own pause: it is busy with the first part and does not read.
                await Task.Delay(Pause, token);
                byte[] last = [];
                byte[] buffer = new byte[64 * 1024];
                try
                {
                    while (!last.AsSpan().EndsWith("0\r\n\r\n"u8) && await stream.ReadAsync(buffer, token) is > 0 and int read)
                    {
                        byte[] both = [.. last, .. buffer[..read]];
                        last = both[Math.Max(0, both.Length - 8)..];
                    }
                }
                catch (IOException)
                {
                    // cut
                }

                received.TrySetResult(last.AsSpan().EndsWith("0\r\n\r\n"u8));
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri)
            {
                Content = new SlowContent(async (to, token) =>
                {
                    for (int sent = 0; sent < Length; sent += 100_000)
                    {
                        await to.WriteAsync(s_upload.AsMemory(0, 100_000), token);
                    }
                }),
            };
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, CancellationToken.None));
            stage.Outcome.Tell("the last chunk came", await ParityStage.Soon(received.Task, "the end at the server"));
        },
        ("response", "200 ok"), ("the last chunk came", true));

    [Fact]
    [Trait("Issue10", "A2-early-2xx-h2")]
    public Task An_HTTP_2_upload_that_is_answered_early_with_2xx_is_sent_to_its_end() => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            using HttpRequestMessage request = ParityStage.Http2(HttpMethod.Post, new ByteArrayContent(s_upload[..400_000]));
            Task<HttpResponseMessage> sending = invoker.SendAsync(request, CancellationToken.None);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest head = await peer.ReadRequestAsync();
            await peer.AnswerAsync(head.StreamId, 200); // END_STREAM, and the server reads on
            // Real time: the server's own pause: it gives no window yet.
            await Task.Delay(Pause);
            long received = 0;
            string end = "END_STREAM";
            while (true)
            {
                PeerFrame frame = await peer.NextAsync(
                    frame => frame.StreamId == head.StreamId && frame.Type is FrameType.Data or FrameType.RstStream, "the upload");
                if (frame.Type == FrameType.RstStream)
                {
                    end = $"RST_STREAM({frame.ErrorCode})";
                    break;
                }

                received += frame.Payload.Length;
                if (frame.EndStream)
                {
                    break;
                }
            }

            stage.Outcome.Tell("server received", received);
            stage.Outcome.Tell("end of the request", end);
            await stage.Outcome.TellResponseAsync("response", ParityStage.Soon(sending, "the response"));
        },
        ("response", "200"), ("server received", 400_000), ("end of the request", "END_STREAM"));

    [Fact]
    [Trait("Issue10", "A3-rst-no-error")]
    public Task RST_STREAM_with_NO_ERROR_permits_to_stop_an_upload_and_the_answer_stands() => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            using HttpRequestMessage request = ParityStage.Http2(HttpMethod.Post, new ByteArrayContent(s_upload[..400_000]));
            Task<HttpResponseMessage> sending = invoker.SendAsync(request, CancellationToken.None);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest head = await peer.ReadRequestAsync();
            await peer.AnswerAsync(head.StreamId, 200);
            await peer.SendRstAsync(head.StreamId, Http2ErrorCode.NoError);
            await stage.Outcome.TellResponseAsync("response", ParityStage.Soon(sending, "the response"));
        },
        ("response", "200"));

    [Theory]
    [InlineData("302 Found")]
    [InlineData("401 Unauthorized")]
    [InlineData("413 Content Too Large")]
    [InlineData("500 Internal Server Error")]
    [Trait("Issue10", "A4-early-300")]
    public Task An_upload_that_is_refused_early_may_be_abandoned_and_the_answer_is_delivered(string status) => ParityScenario.AssertAsync(
        async stage =>
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, $"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno", token);
                // Real time: the limit of the server's own pause, for a handler that sends the whole request before it delivers the answer.
                await Task.WhenAny(done.Task, Task.Delay(Pause, token));
                await RawPeer.CountAsync(stream, Length, token);
            });
            using HttpMessageInvoker invoker = stage.Invoker(new { AllowAutoRedirect = false });
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new ByteArrayContent(s_upload) };
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, CancellationToken.None));
            done.TrySetResult();
        },
        ("response", $"{status[..3]} no"));

    // RequestUnfinished, RequestContentFailed and WriteError say that bytes of a request were dropped: such a request has no 2xx.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(500_000, 0)]
    [InlineData(500_000, 600)]
    [InlineData(Length - 1, 0)]
    [InlineData(Length - 1, 1500)]
    [Trait("Issue10", "A5-no-drop-beside-2xx")]
    public async Task No_close_that_drops_bytes_of_a_request_stands_beside_a_delivered_2xx(int readsBeforeAnswer, int pauseMilliseconds)
    {
        var received = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RawServer(async (stream, _, token) =>
        {
            await RawPeer.ReadHeadAsync(stream, token);
            long count = 0;
            byte[] buffer = new byte[50_000];
            while (count < readsBeforeAnswer)
            {
                int want = (int)Math.Min(buffer.Length, readsBeforeAnswer - count);
                int read = await stream.ReadAsync(buffer.AsMemory(0, want), token);
                Assert.NotEqual(0, read);
                count += read;
            }

            await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", token);
            // Real time: the server's own pause between its answer and its next read.
            await Task.Delay(pauseMilliseconds, token);
            received.TrySetResult(count + await RawPeer.CountAsync(stream, Length - count, token));
        });
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler, disposeHandler: false);
        HttpResponseMessage? response = null;
        try
        {
            response = await client.PostAsync(server.Uri, new ByteArrayContent(s_upload));
        }
        catch (HttpRequestException)
        {
            // a failure is honest
        }

        long bytes = await Guard.Within(received.Task, () => "the server's count");
        Assert.True(response is null || bytes == Length,
            $"{response?.StatusCode} was delivered, and the server has {bytes} of {Length} bytes.");
        IReadOnlyDictionary<CloseReason, long> closed = Assert.Single(handler.GetSnapshot().Origins).ClosedBy;
        CloseReason[] dropping = [CloseReason.RequestUnfinished, CloseReason.RequestContentFailed, CloseReason.WriteError];
        Assert.True(response is null || !dropping.Any(closed.ContainsKey),
            $"{response?.StatusCode} beside {string.Join(", ", closed.Keys)}");
    }

    // The limit of the wait may be long; what may not come is the answer as if all were well.
    [Fact]
    [Trait("Issue10", "A8-no-progress")]
    public async Task A_server_that_answers_2xx_and_stops_reading_gives_no_success()
    {
        await using var server = new RawServer(async (stream, _, token) =>
        {
            await RawPeer.ReadHeadAsync(stream, token);
            await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", token);
            await Task.Delay(Timeout.Infinite, token);
        });
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler, disposeHandler: false);
        Task<HttpResponseMessage> sending = client.PostAsync(server.Uri, new ByteArrayContent(s_upload));
        // Real time: the time in which no success may come, which only passing time can show.
        await Task.WhenAny(sending, Task.Delay(Pause));
        Assert.False(sending.IsCompletedSuccessfully, "200 was delivered, and the server has not even read the request.");
        client.CancelPendingRequests();
        await Assert.ThrowsAnyAsync<Exception>(() => ParityStage.Soon(sending, "the request's end"));
    }

    [Fact]
    [Trait("Issue10", "A6-send-waits-for-content-h1")]
    public Task SendAsync_does_not_return_while_content_of_any_type_is_being_sent_over_HTTP_1() => ParityScenario.AssertAsync(
        async stage =>
        {
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using KestrelServer server = await AnswerFirstServerAsync(HttpProtocols.Http1, answered);
            var content = new SlowContent(async (to, token) =>
            {
                await to.WriteAsync("first"u8.ToArray(), token);
                await to.FlushAsync(token);
                // Real time: the limit of the wait for the answer, so that a server that gives none hangs no test.
                await Task.WhenAny(answered.Task, Task.Delay(2000, token));
                // Real time: the head shall long be with the client, which does not tell that it has it.
                await Task.Delay(300, token);
                await to.WriteAsync("second"u8.ToArray(), token);
            });
            await SendAndTellAsync(stage, server.HttpUri, HttpVersion.Version11, content, () => content.Written.Task.IsCompleted);
        },
        ("content was written when SendAsync returned", true), ("response", "200 received 11"));

    [Fact]
    [Trait("Issue10", "A6-send-waits-for-content-h2")]
    public Task SendAsync_does_not_return_while_content_of_NETs_own_types_is_being_sent_over_HTTP_2() => ParityScenario.AssertAsync(
        async stage =>
        {
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using KestrelServer server = await AnswerFirstServerAsync(HttpProtocols.Http2, answered);
            var source = new StepStream(600_000, 50_000, answered.Task);
            await SendAndTellAsync(stage, server.HttpUri, HttpVersion.Version20, new StreamContent(source), () => source.IsAtEnd);
        },
        ("content was written when SendAsync returned", true), ("response", "200 received 600000"));

    /// <summary>The server takes no more of the request until its answer is read, and that waits for the request to be sent.</summary>
    [Fact]
    [Trait("Issue10", "A6-echo-h2")]
    public Task An_echo_that_is_larger_than_the_windows_comes_back_over_HTTP_2() => ParityScenario.AssertDifferenceAsync(
        async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(
                static context => context.Request.Body.CopyToAsync(context.Response.Body),
                new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
            using HttpMessageInvoker invoker = stage.Invoker();
            using var request = new HttpRequestMessage(HttpMethod.Post, server.HttpUri)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(s_upload),
            };

            // Real time: what does not end has to be ended; ours has all the time of the guard.
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(stage.IsOurs ? 60 : 2));
            try
            {
                using HttpResponseMessage response = await invoker.SendAsync(request, patience.Token);
                stage.Outcome.Tell("echo", (await response.Content.ReadAsByteArrayAsync(patience.Token)).Length);
            }
            catch (OperationCanceledException)
            {
                stage.Outcome.Tell("echo", "nothing");
            }
        },
        ("echo", "nothing", Length));

    [Fact]
    [Trait("Issue10", "A6-send-waits-for-content-disposed")]
    public Task A_stream_content_that_is_disposed_behind_SendAsync_is_complete() => ParityScenario.AssertAsync(
        async stage =>
        {
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", token);
                answered.TrySetResult();
                long count = await RawPeer.CountAsync(stream, Length, token);
                await RawPeer.WriteAsync(stream, $"{count}", token);
            });
            using var client = new HttpClient(stage.Create(), disposeHandler: false);
            HttpResponseMessage? response = null;
            string sent = "ok";
            using (var request = new HttpRequestMessage(HttpMethod.Post, server.Uri)
            {
                Content = new StreamContent(new StepStream(Length, 500_000, answered.Task)) { Headers = { ContentLength = Length } },
            })
            {
                try
                {
                    response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                }
                catch (Exception e)
                {
                    sent = ParityOutcome.Describe(e);
                }
            }

            stage.Outcome.Tell("SendAsync", sent);
            if (response is not null)
            {
                await stage.Outcome.TellResponseAsync("response", Task.FromResult(response));
            }
        },
        ("SendAsync", "ok"), ("response", $"200 {Length}"));

    // gRPC and other duplex callers send as long as they receive: their contents say AllowDuplex, which the base class does by default.
    [Fact]
    [Trait("Issue10", "A7-duplex-does-not-wait")]
    public Task SendAsync_returns_with_the_head_while_a_duplex_content_is_still_being_sent_over_HTTP_2() => ParityScenario.AssertAsync(
        async stage =>
        {
            var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            var content = new SlowContent(_ => release.Task);
            using HttpRequestMessage request = ParityStage.Http2(HttpMethod.Post, content);
            Task<HttpResponseMessage> sending = invoker.SendAsync(request, CancellationToken.None);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest head = await peer.ReadRequestAsync();
            await peer.SendHeadAsync(head.StreamId, 200);
            using HttpResponseMessage response = await ParityStage.Soon(sending, "the response's head");
            stage.Outcome.Tell("content was written when SendAsync returned", content.Written.Task.IsCompleted);
            release.SetResult();
            await peer.SendDataAsync(head.StreamId, "ok", endStream: true);
            stage.Outcome.Tell("body", await response.Content.ReadAsStringAsync());
        },
        ("content was written when SendAsync returned", false), ("body", "ok"));

    /// <summary>Sends its head as soon as the request's is there, then reads the request and says how long it was.</summary>
    private static Task<KestrelServer> AnswerFirstServerAsync(HttpProtocols protocols, TaskCompletionSource answered) =>
        KestrelServer.StartAsync(
        async context =>
        {
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            answered.TrySetResult();
            using var reader = new StreamReader(context.Request.Body, System.Text.Encoding.Latin1);
            string body = await reader.ReadToEndAsync();
            await context.Response.Body.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"received {body.Length}"));
        },
        new KestrelServerSettings { Protocols = protocols });

    private static async Task SendAndTellAsync(ParityStage stage, Uri uri, Version version, HttpContent content, Func<bool> isWritten)
    {
        using var client = new HttpClient(stage.Create(), disposeHandler: false);
        HttpResponseMessage response;
        bool written;
        using (var request = new HttpRequestMessage(HttpMethod.Post, uri)
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        })
        {
            response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            written = isWritten();
        }

        stage.Outcome.Tell("content was written when SendAsync returned", written);
        await stage.Outcome.TellResponseAsync("response", Task.FromResult(response));
    }

    /// <summary>Zeros; before each step but the first it waits for the server's answer and a moment more.</summary>
    private sealed class StepStream(int length, int step, Task answered) : Stream
    {
        private int _position;
        private bool _disposed;

        public bool IsAtEnd { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_position == step)
            {
                // Real time: the limit of the wait for the answer, so that a server that gives none hangs no test.
                await Task.WhenAny(answered, Task.Delay(3000, cancellationToken));
                // Real time: the head shall long be with the client, which does not tell that it has it.
                await Task.Delay(500, cancellationToken);
            }

            ObjectDisposedException.ThrowIf(_disposed, this);
            int count = Math.Min(Math.Min(buffer.Length, step - (_position % step)), length - _position);
            _position += count;
            IsAtEnd |= count == 0;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _disposed = true;
            base.Dispose(disposing);
        }
    }
}
