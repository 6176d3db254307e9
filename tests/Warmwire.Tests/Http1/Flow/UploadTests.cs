using System.Net;
using System.Net.Http.Json;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Bodies of requests: how they are framed, in how many writes they leave, and contents that do not keep their word.</summary>
public sealed class UploadTests
{
    private static readonly byte[] s_x = "x"u8.ToArray();

    [Fact]
    public async Task Head_and_small_body_leave_in_one_write()
    {
        await AssertOneWriteAsync(new StringContent("hello"), "hello");
        await AssertOneWriteAsync(new ByteArrayContent(new byte[8000]), new string('\0', 8000));
        await AssertOneWriteAsync(new FormUrlEncodedContent([new("a", "b")]), "a=b");
        await AssertOneWriteAsync(new StreamContent(new MemoryStream("hello"u8.ToArray())), "hello");
        await AssertOneWriteAsync(JsonContent.Create(new { A = 1 }), "{\"a\":1}");
        await AssertOneWriteAsync(new PushContent(static async stream =>
        {
            for (int i = 0; i < 5; i++)
            {
                await stream.WriteAsync(s_x);
            }
        }), "xxxxx");
    }

    [Fact]
    public async Task A_get_leaves_in_one_write()
    {
        using var rig = new Rig();
        (_, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""));
        Assert.Equal(1, peer.End.ClientWrites);
    }

    [Fact]
    public async Task Multipart_arrives_whole()
    {
        using var rig = new Rig();
        using var form = new MultipartFormDataContent("limit")
        {
            { new StringContent("one"), "a" },
            { new ByteArrayContent(new byte[100_000]), "b", "file.bin" },
        };
        byte[] expected = await form.ReadAsByteArrayAsync();
        using var again = new MultipartFormDataContent("limit")
        {
            { new StringContent("one"), "a" },
            { new ByteArrayContent(new byte[100_000]), "b", "file.bin" },
        };
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(again));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest request = await peer.AnswerAsync();
        Assert.Equal(expected, request.Body);
        Assert.Equal("multipart/form-data; boundary=\"limit\"", request.Headers["Content-Type"]);
        (await sending).Dispose();
        await rig.ExpectIdleAsync();
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    public async Task A_method_that_expects_content_says_that_there_is_none(string method)
    {
        foreach (HttpContent? content in new[] { null, new ByteArrayContent([]) })
        {
            using var rig = new Rig();
            (_, ScriptedPeer peer) =
                await rig.StartAsync(Rig.Ok(""), new HttpRequestMessage(new HttpMethod(method), Rig.Uri) { Content = content });
            Assert.Contains("Content-Length: 0\r\n", peer.Seen, StringComparison.Ordinal);
            Assert.Equal(1, peer.End.ClientWrites);
            await rig.AssertReusedAsync(peer);
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40_000)]
    [InlineData(1_000_000)]
    public async Task Uploads_of_any_size_arrive_as_they_are_sized_and_chunked_under_back_pressure(int length)
    {
        byte[] body = new byte[length];
        new Random(length).NextBytes(body);
        foreach (bool chunked in new[] { false, true })
        {
            using var rig = new Rig(transport: new MemoryTransportOptions { WriteCapacity = 5000 });
            HttpRequestMessage request = Rig.Post(new ByteArrayContent(body));
            request.Headers.TransferEncodingChunked = chunked ? true : null;
            Task<HttpResponseMessage> sending = rig.SendAsync(request);
            ReceivedRequest received = await (await rig.Network.AcceptAsync()).AnswerAsync();
            Assert.Equal(body, received.Body);
            Assert.Equal(chunked, received.ChunkSizes.Count > 0);
            (await sending).Dispose();
            await rig.ExpectIdleAsync();
        }
    }

    [Fact]
    public async Task The_head_does_not_wait_for_a_content_that_writes_late()
    {
        using var rig = new Rig();
        var late = new TaskCompletionSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(async stream =>
        {
            await stream.WriteAsync("early"u8.ToArray());
            await late.Task;
            await stream.WriteAsync("late"u8.ToArray());
        })));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest request = await peer.ReadRequestHeadAsync();
        Assert.Equal(["5", "early"], [await peer.ReadLineAsync(), await peer.ReadLineAsync()]);
        late.SetResult();
        await peer.ReadBodyAsync(request);
        Assert.Equal("late", request.BodyText);
        await peer.SendResponseAsync();
        (await sending).Dispose();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task Each_piece_of_a_late_content_is_sent_when_it_is_written()
    {
        using var rig = new Rig();
        var next = new SemaphoreSlim(0);
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(
            async stream =>
            {
                for (int i = 0; i < 3; i++)
                {
                    await next.WaitAsync();
                    await stream.WriteAsync(s_x);
                }
            },
            length: 3)));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestHeadAsync();
        for (int i = 0; i < 3; i++)
        {
            next.Release();
            Assert.Equal(s_x, await peer.ReadExactlyAsync(1));
        }

        await peer.SendResponseAsync();
        (await sending).Dispose();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_content_that_throws_ends_the_request_with_its_own_exception(bool afterSomeBytes)
    {
        using var rig = new Rig();
        TaskCompletionSource gate = new();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(async stream =>
        {
            if (afterSomeBytes)
            {
                await stream.WriteAsync(new byte[100_000]);
                await gate.Task;
            }

            throw new InvalidTimeZoneException("mine");
        })));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        if (afterSomeBytes)
        {
            await peer.ReadHeadAsync();
            gate.SetResult();
        }

        InvalidTimeZoneException error = await RigReading.ThrowsAsync<InvalidTimeZoneException>(() => sending);
        Assert.Equal("mine", error.Message);
        rig.AssertClosedFor(CloseReason.RequestContentFailed);
        await peer.WaitForCloseAsync();
        Assert.DoesNotContain("0\r\n\r\n", peer.Seen, StringComparison.Ordinal);
        await rig.AssertNextIsCleanAsync();
    }

    [Theory]
    [InlineData(3, "promised 5")]
    [InlineData(7, "more than the 5 bytes")]
    public async Task A_content_that_breaks_its_promise_fails_and_cannot_harm_the_next_request(int written, string message)
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(
            async stream =>
            {
                for (int i = 0; i < written; i++)
                {
                    await stream.WriteAsync(s_x);
                    await Task.Yield();
                }
            },
            length: 5)));
        await rig.Network.AcceptAsync();
        HttpRequestException error = await RigReading.ThrowsAsync<HttpRequestException>(() => sending);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        rig.AssertClosedFor(CloseReason.RequestContentFailed);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task A_content_that_writes_on_after_its_task_ended_does_not_reach_the_next_request()
    {
        using var rig = new Rig();
        Stream? kept = null;
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""), Rig.Post(new PushContent(async stream =>
        {
            kept = stream;
            await stream.WriteAsync(s_x);
        })));
        response.Dispose();
        await RigReading.ThrowsAsync<ObjectDisposedException>(() => kept!.WriteAsync(s_x).AsTask());
        Assert.Throws<ObjectDisposedException>(() => kept!.Write(s_x));
        await kept!.FlushAsync();
        await peer.ExpectNoBytesAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task Every_way_to_write_works()
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(async stream =>
        {
            Assert.Equal((false, false, true), (stream.CanRead, stream.CanSeek, stream.CanWrite));
            await stream.WriteAsync(s_x);
#pragma warning disable CA1835 // the array overload is the subject
            await stream.WriteAsync(s_x, 0, 1);
#pragma warning restore CA1835

            await Task.Factory.FromAsync(stream.BeginWrite, stream.EndWrite, s_x, 0, 1, null);
            stream.Write(s_x, 0, 1);
            stream.Write(s_x.AsSpan());
            stream.WriteByte((byte)'x');
            await stream.WriteAsync(Array.Empty<byte>());
            stream.Flush();
        })));
        Assert.Equal("xxxxxx", (await (await rig.Network.AcceptAsync()).AnswerAsync()).BodyText);
        (await sending).Dispose();
    }

    [Fact]
    public async Task The_synchronous_way_in_uploads_and_downloads()
    {
        using var rig = new Rig();
        Task<string> sending = Task.Run(() =>
        {
            using HttpRequestMessage request = Rig.Post(new StringContent(new string('u', 100_000)));
            using HttpResponseMessage response = rig.Client.Send(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(response.Content.ReadAsStream(), Encoding.ASCII);
            return reader.ReadToEnd();
        });
        ReceivedRequest received = await (await rig.Network.AcceptAsync()).AnswerAsync(200, new string('d', 100_000));
        Assert.Equal(100_000, received.Body.Length);
        Assert.Equal(new string('d', 100_000), await Guard.Within(sending, () => "the synchronous send"));
        await rig.ExpectIdleAsync();
    }

    private static async Task AssertOneWriteAsync(HttpContent content, string expected)
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(content));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest request = await peer.AnswerAsync();
        Assert.Equal(expected, request.BodyText);
        Assert.Equal(HttpStatusCode.OK, (await sending).StatusCode);
        Assert.Equal(1, peer.End.ClientWrites);
    }
}
