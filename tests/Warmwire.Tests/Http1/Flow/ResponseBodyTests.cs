using System.Net;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Where a body ends, and what becomes of the connection (RFC 9112 §6.3, §9.3).</summary>
public sealed class ResponseBodyTests
{
    public static TheoryData<string, string> Kept => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0;z\r\nA: b\r\n\r\n", "hello" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000005\r\nhello\r\n000\r\n\r\n", "hello" },
        { "HTTP/1.1 204 No Content\r\n\r\n", "" },
        { "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "" },
        { "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", "" },
        {
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "hello"
        },
        { "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", "hello" },
        { "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 5\r\n\r\nhello", "hello" },
        { "HTTP/1.9 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello" },
    };

    public static TheoryData<string, CloseReason> NotKept => new()
    {
        { "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", CloseReason.ConnectionCloseHeader },
        {
            "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            CloseReason.ConnectionCloseHeader
        },
        { "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=0\r\nContent-Length: 5\r\n\r\nhello", CloseReason.ConnectionCloseHeader },
        { "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", CloseReason.Http10 },
        { "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 5\r\n\r\nhello", CloseReason.IdleTimeout },
    };

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task The_body_is_read_and_the_connection_kept(string answer, string body)
    {
        foreach (int bytesPerRead in new[] { int.MaxValue, 1 })
        {
            using var rig = new Rig(transport: new MemoryTransportOptions { MaxBytesPerRead = bytesPerRead });
            (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(answer);
            Assert.Equal(body, await response.Content.ReadAsStringAsync());
            rig.AssertIdle();
            await rig.AssertReusedAsync(peer);
        }
    }

    [Theory]
    [MemberData(nameof(NotKept))]
    public async Task The_body_is_read_and_the_connection_closed(string answer, CloseReason reason)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(answer);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        rig.AssertClosedFor(reason);
        await peer.ExpectClosedAsync();
        await rig.AssertNextIsCleanAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n")]
    public async Task A_body_without_framing_ends_with_the_connection(string head)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(head);
        Stream body = await response.Content.ReadAsStreamAsync();
        await peer.SendAsync("one");
        Assert.Equal("one", await body.ReadTextAsync());
        await peer.SendAsync("two");
        peer.Close();
        Assert.Equal("two", await body.ReadTextAsync());
        Assert.Equal("", await body.ReadTextAsync());
        rig.AssertClosedFor(CloseReason.BodyEndedByClose);
    }

    [Theory]
    [InlineData("Content-Length: 500", 500L)]
    [InlineData("Transfer-Encoding: chunked", null)]
    public async Task Head_has_no_body_whatever_it_announces_and_says_how_long_it_would_be(string framing, long? length)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) =
            await rig.StartAsync($"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n", new HttpRequestMessage(HttpMethod.Head, Rig.Uri));
        Assert.Equal(length, response.Content.Headers.ContentLength);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task A_request_that_says_close_closes()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Headers.ConnectionClose = true;
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok("x"), request);
        Assert.Contains("Connection: close\r\n", peer.Seen, StringComparison.Ordinal);
        Assert.Equal("x", await response.Content.ReadAsStringAsync());
        rig.AssertClosedFor(CloseReason.ConnectionCloseHeader);
    }

    [Theory]
    [InlineData(5_000)]
    [InlineData(300_000)]
    public async Task Large_bodies_come_whole_sized_and_chunked_in_pieces_of_any_size(int length)
    {
        byte[] expected = new byte[length];
        new Random(length).NextBytes(expected);
        foreach (bool chunked in new[] { false, true })
        {
            foreach (int bytesPerRead in new[] { 7, 4096, int.MaxValue })
            {
                if (bytesPerRead == 7 && length > 10_000)
                {
                    continue;
                }

                using var rig = new Rig(transport: new MemoryTransportOptions { MaxBytesPerRead = bytesPerRead });
                (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(
                    chunked ? Rig.Chunked("") : $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                for (int sent = 0; sent < length; sent += 1000)
                {
                    ReadOnlyMemory<byte> piece = expected.AsMemory(sent, Math.Min(1000, length - sent));
                    await peer.SendAsync(chunked ? $"{piece.Length:x}\r\n" : "");
                    await peer.SendAsync(piece);
                    await peer.SendAsync(chunked ? "\r\n" : "");
                }

                await peer.SendAsync(chunked ? "0\r\n\r\n" : "");
                Assert.Equal(expected, await response.Content.ReadAsByteArrayAsync());
                rig.AssertIdle();
            }
        }
    }

    [Fact]
    public async Task A_request_of_version_1_0_is_sent_as_one_and_its_answer_read()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Post(new StringContent("x"));
        request.Version = HttpVersion.Version10;
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.0 200 OK\r\n\r\nold", request);
        peer.Close();
        Assert.StartsWith("POST / HTTP/1.0\r\n", peer.Seen, StringComparison.Ordinal);
        Assert.Equal(HttpVersion.Version10, response.Version);
        Assert.Equal("old", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Data_and_the_end_of_the_chunks_in_separate_reads()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Chunked("5\r\nhello\r\n"));
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("hello", await body.ReadTextAsync());
        Assert.Equal(0, rig.Origin.Idle);
        Task<string> end = body.ReadTextAsync();
        await peer.SendAsync("0\r\nA: b\r\n\r\n");
        Assert.Equal("", await end);
        Assert.Equal("b", response.TrailingHeaders.GetValues("A").Single());
        rig.AssertIdle();
    }
}
