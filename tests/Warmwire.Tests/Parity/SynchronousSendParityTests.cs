using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Synchronous Send with contents and streams that are synchronous too.</summary>
public sealed class SynchronousSendParityTests
{
    [Fact]
    [Trait("Issue10", "E1-sync-content")]
    public Task A_content_that_has_only_a_synchronous_writer_is_sent() => AssertSentAsync(() =>
        new SynchronousContent("hello"), context: null, warm: false);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Issue10", "E2-sync-content-with-context")]
    public Task A_content_with_both_writers_is_written_synchronously_in_a_context_that_waits(bool warm) => AssertSentAsync(() =>
        new TwofoldContent("hello"), new DeadContext(), warm);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Issue10", "E2-sync-content-with-context")]
    public Task A_content_with_only_a_synchronous_writer_is_sent_in_a_context_that_waits(bool warm) => AssertSentAsync(() =>
        new SynchronousContent("hello"), new DeadContext(), warm);

    [Fact]
    [Trait("Issue10", "E3-sync-connect-stream")]
    public Task A_stream_of_ConnectCallback_that_works_only_synchronously_is_used_synchronously() => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = EchoServer();
            using HttpMessageInvoker invoker = stage.Invoker(new
            {
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>((_, _) =>
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    socket.Connect(IPAddress.Loopback, server.Port);
                    return ValueTask.FromResult<Stream>(new SynchronousStream(new NetworkStream(socket, ownsSocket: true)));
                }),
            });
            var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StringContent("hello") };
            await TellSendAsync(stage, invoker, request, context: null, warm: false);
        },
        ("response", "200 hello"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Issue10", "E4-sync-send-in-context")]
    public Task A_request_without_content_is_answered_in_a_context_that_waits(bool warm) => AssertSentAsync(() =>
        null, new DeadContext(), warm);

    private static Task AssertSentAsync(Func<HttpContent?> content, SynchronizationContext? context, bool warm) =>
        ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = EchoServer();
            using HttpMessageInvoker invoker = stage.Invoker();
            await TellSendAsync(stage, invoker, new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = content() }, context, warm);
        },
        ("response", content() is null ? "200" : "200 hello"));

    /// <summary>Sends and reads on a thread of its own, which has the context, as a program with a user interface does.</summary>
    private static async Task TellSendAsync(
        ParityStage stage, HttpMessageInvoker invoker, HttpRequestMessage request, SynchronizationContext? context, bool warm)
    {
        var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(context);
            try
            {
                if (warm)
                {
                    // A connection that is idle is leased on this very thread, where the context is.
                    using HttpResponseMessage first = invoker.Send(new HttpRequestMessage(HttpMethod.Get, request.RequestUri), default);
                    new StreamReader(first.Content.ReadAsStream()).ReadToEnd();
                }

                using HttpResponseMessage response = invoker.Send(request, default);
                using var reader = new StreamReader(response.Content.ReadAsStream());
                done.TrySetResult($"{(int)response.StatusCode} {reader.ReadToEnd()}".TrimEnd());
            }
            catch (Exception e)
            {
                done.TrySetResult(ParityOutcome.Describe(e));
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        // Real time: the limit of the wait, after which the thread is said not to come back.
        await Task.WhenAny(done.Task, Task.Delay(3000));
        stage.Outcome.Tell("response", done.Task.IsCompleted ? await done.Task : "(not back after 3 s)");
    }

    private static RawServer EchoServer() => new(async (stream, _, token) =>
    {
        while (await RawPeer.ReadHeadAsync(stream, token) is { } head)
        {
            string body = "";
            if (head.Contains("chunked", StringComparison.OrdinalIgnoreCase))
            {
                while (!body.EndsWith("0\r\n\r\n", StringComparison.Ordinal))
                {
                    byte[] one = new byte[1];
                    if (await stream.ReadAsync(one, token) == 0)
                    {
                        return;
                    }

                    body += (char)one[0];
                }

                body = string.Concat(body.Split("\r\n").Where((_, index) => index % 2 == 1));
            }
            else if (head.Contains("Content-Length: 5", StringComparison.Ordinal))
            {
                byte[] bytes = new byte[5];
                await stream.ReadExactlyAsync(bytes, token);
                body = Encoding.ASCII.GetString(bytes);
            }

            await RawPeer.WriteAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}", token);
        }
    });

    /// <summary>A context whose thread is busy for good: what is posted to it never runs.</summary>
    private sealed class DeadContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();
    }

    private sealed class SynchronousContent(string text) : HttpContent
    {
        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            stream.Write(Encoding.ASCII.GetBytes(text));

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            throw new NotSupportedException("There is only a synchronous writer.");

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class TwofoldContent(string text) : HttpContent
    {
        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            stream.Write(Encoding.ASCII.GetBytes(text));

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await Task.Yield(); // to the caller's context, as code without ConfigureAwait does
            await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = text.Length;
            return true;
        }
    }

    private sealed class SynchronousStream(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => inner.Read(buffer);

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

        public override void Flush() => inner.Flush();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw Refusal();

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw Refusal();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw Refusal();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw Refusal();

        public override Task FlushAsync(CancellationToken cancellationToken) => throw Refusal();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }

        private static NotSupportedException Refusal() => new("This stream works only synchronously.");
    }
}
