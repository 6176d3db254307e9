using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>The stream of a response's body behaves the same however its bytes came.</summary>
public sealed class BodyStreamParityTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n|hello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe|llo")]
    [Trait("Issue10", "J1-never-seekable")]
    public Task A_body_is_never_seekable(string response) => ParityScenario.AssertAsync(
        async stage =>
        {
            var head = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                string[] segments = response.Split('|');
                await RawPeer.WriteAsync(stream, segments[0], token);
                if (segments.Length > 1)
                {
                    await head.Task.WaitAsync(token);
                    await RawPeer.WriteAsync(stream, segments[1], token);
                }

                if (!response.Contains("close", StringComparison.Ordinal))
                {
                    await RawPeer.CountAsync(stream, 1, token);
                }
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using HttpResponseMessage answer = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            Stream body = await answer.Content.ReadAsStreamAsync();
            stage.Outcome.Tell("CanSeek", body.CanSeek);
            stage.Outcome.Tell("is a MemoryStream", body is MemoryStream);
            await stage.Outcome.TellAsync("Length", () => Task.FromResult(body.Length));
            await stage.Outcome.TellAsync("Position", () => Task.FromResult(body.Position));
            head.SetResult();
        },
        ("CanSeek", false), ("is a MemoryStream", false));

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [Trait("Issue10", "J1-never-seekable-h2")]
    public Task A_body_of_HTTP_2_is_never_seekable(string text) => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
            Http2Peer peer = await stage.AcceptHttp2Async();
            await peer.AnswerNextAsync(200, text);
            using HttpResponseMessage answer = await ParityStage.Soon(sending, "the response");
            Stream body = await answer.Content.ReadAsStreamAsync();
            stage.Outcome.Tell("CanSeek", body.CanSeek);
            stage.Outcome.Tell("is a MemoryStream", body is MemoryStream);
        },
        ("CanSeek", false), ("is a MemoryStream", false));

    [Theory]
    [InlineData(16)]
    [InlineData(1000)]
    [Trait("Issue10", "J2-chunks-fill-reads")]
    public Task A_read_of_a_chunked_body_fills_the_memory_of_the_caller(int chunk) => ParityScenario.AssertAsync(
        async stage =>
        {
            const int Total = 1 << 20;
            var text = new StringBuilder("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int sent = 0; sent < Total; sent += chunk)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Math.Min(chunk, Total - sent):x}\r\n").Append(
                    'x', Math.Min(chunk, Total - sent)).Append("\r\n");
            }

            byte[] bytes = Encoding.ASCII.GetBytes(text.Append("0\r\n\r\n").ToString());
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await stream.WriteAsync(bytes, token);
                await RawPeer.CountAsync(stream, 1, token);
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            Stream body = await response.Content.ReadAsStreamAsync();
            byte[] buffer = new byte[64 * 1024];
            int reads = 0;
            int total = 0;
            while (await body.ReadAsync(buffer) is > 0 and int read)
            {
                reads++;
                total += read;
            }

            stage.Outcome.Tell("bytes", total);
            stage.Outcome.TellAtMost("reads", reads, slack: 600); // how it is cut depends on segments
        },
        ("bytes", 1 << 20));

    [Fact]
    [Trait("Issue10", "J3-zero-byte-read-decompressed")]
    public Task A_read_of_no_bytes_on_a_decompressed_body_behaves_as_with_NET() => ParityScenario.AssertAsync(
        async stage =>
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write("hello, hello"u8);
            }

            var more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n",
                    token);
                await more.Task.WaitAsync(token);
                await stream.WriteAsync(packed.ToArray(), token);
                await RawPeer.CountAsync(stream, 1, token);
            });
            using HttpMessageInvoker invoker = stage.Invoker(new { AutomaticDecompression = DecompressionMethods.All });
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            Stream body = await response.Content.ReadAsStreamAsync();
            Task<int> empty = body.ReadAsync(Memory<byte>.Empty).AsTask();
            // Real time: the time in which the read may not come back, which only passing time can show.
            bool early = await Task.WhenAny(empty, Task.Delay(300)) == empty;
            stage.Outcome.Tell("came back before there was anything", early);
            more.SetResult();
            await stage.Outcome.TellAsync("read of no bytes", ParityStage.Soon(empty, "the read of no bytes"));
            byte[] buffer = new byte[100];
            int read = await ParityStage.Soon(body.ReadAtLeastAsync(buffer, 12, throwOnEndOfStream: false).AsTask(), "the body");
            stage.Outcome.Tell("body", Encoding.ASCII.GetString(buffer, 0, read));
            Task<int> again = body.ReadAsync(Memory<byte>.Empty).AsTask();
            await stage.Outcome.TellAsync("read of no bytes at the end", ParityStage.Soon(again, "the read of no bytes at the end"));
        },
        ("came back before there was anything", false), ("read of no bytes", "ok"), ("body", "hello, hello"),
            ("read of no bytes at the end", "ok"));

    [Fact]
    [Trait("Issue10", "J4-urgent-byte")]
    public Task An_urgent_byte_of_TCP_does_not_hang_a_read() => ParityScenario.AssertAsync(
        async stage =>
        {
            var head = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", token);
                await head.Task.WaitAsync(token);
                await RawPeer.WriteAsync(stream, "hello", token);
                await reading.Task.WaitAsync(token);
                stream.Socket.Send("!"u8, SocketFlags.OutOfBand);
                // Real time: the urgent byte shall be seen alone, and nothing tells the server that it was.
                await Task.Delay(100, token);
                await RawPeer.WriteAsync(stream, "after", token);
                await RawPeer.CountAsync(stream, 1, token);
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            Stream body = await response.Content.ReadAsStreamAsync();
            head.SetResult();
            byte[] buffer = new byte[10];
            await ParityStage.Soon(body.ReadExactlyAsync(buffer, 0, 5).AsTask(), "the first half");
            Task second = body.ReadExactlyAsync(buffer, 5, 5).AsTask();
            reading.SetResult();
            await stage.Outcome.TellAsync("read", ParityStage.Soon(second, "the second half"));
            stage.Outcome.Tell("body", Encoding.ASCII.GetString(buffer));
        },
        ("read", "ok"), ("body", "helloafter"));

    // A receive stops at the urgent mark: what it returns is shorter than the caller's memory although there is more.
    [Fact]
    [Trait("Issue10", "J5-urgent-byte-amid-data")]
    public Task An_urgent_byte_of_TCP_amid_data_does_not_hang_a_read() => ParityScenario.AssertAsync(
        async stage =>
        {
            var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + new string('x', 9000), token);
                stream.Socket.Send("!"u8, SocketFlags.OutOfBand);
                await RawPeer.WriteAsync(stream, new string('x', 11000), token);
                sent.SetResult();
                await RawPeer.CountAsync(stream, 1, token);
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            Stream body = await response.Content.ReadAsStreamAsync();
            await ParityStage.Soon(sent.Task, "all is sent");
            await stage.Outcome.TellAsync("read", body.ReadExactlyAsync(new byte[20000]).AsTask().WaitAsync(TimeSpan.FromSeconds(3)));
        },
        ("read", "ok"));
}
