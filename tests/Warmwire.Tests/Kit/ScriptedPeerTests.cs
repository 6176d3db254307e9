using System.Text;
using Xunit;
using Xunit.Sdk;

namespace Warmwire.Tests.Kit;

public class ScriptedPeerTests
{
    private readonly Stream _client;
    private readonly ScriptedPeer _peer;

    public ScriptedPeerTests()
    {
        (_client, PeerEnd end) = MemoryTransport.CreatePair();
        _peer = new ScriptedPeer(end, "server.test", 80);
    }

    [Fact]
    public async Task A_request_without_body_is_parsed()
    {
        await Write("GET /path?q=1 HTTP/1.1\r\nHost: server.test\r\nAccept: a\r\naccept:b \r\nX-Empty:\r\n\r\n");
        ReceivedRequest request = await _peer.ReadRequestAsync();
        Assert.Equal(("GET", "/path?q=1", "HTTP/1.1"), (request.Method, request.Target, request.Version));
        Assert.Equal("server.test", request.Headers["host"]);
        Assert.Equal("a, b", request.Headers["Accept"]);
        Assert.Equal("", request.Headers["x-empty"]);
        Assert.Equal(("accept", "b"), request.HeaderLines[2]);
        Assert.Empty(request.Body);
        Assert.EndsWith("X-Empty:\r\n\r\n", request.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_with_a_length_leaves_the_next_request_alone()
    {
        await Write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.Equal("hello", (await _peer.ReadRequestAsync()).BodyText);
        Assert.Equal("/2", (await _peer.ReadRequestAsync()).Target);
        await _peer.ExpectNoBytesAsync();
    }

    [Fact]
    public async Task A_chunked_body_is_put_together()
    {
        Task<ReceivedRequest> reading = _peer.ReadRequestAsync();
        foreach (char c in "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Sum: 15\r\n\r\n")
        {
            await Write(c.ToString());
        }

        ReceivedRequest request = await reading;
        Assert.Equal("hello0123456789", request.BodyText);
        Assert.Equal([5, 10], request.ChunkSizes);
        Assert.Equal("15", request.Trailers["x-sum"]);
    }

    [Fact]
    public async Task The_body_can_wait_for_a_word_from_the_server()
    {
        await Write("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        ReceivedRequest request = await _peer.ReadRequestHeadAsync();
        await _peer.SendResponseAsync(100);
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await Read());
        await Write("ok");
        await _peer.ReadBodyAsync(request);
        Assert.Equal("ok", request.BodyText);
    }

    [Theory]
    [InlineData("GET  / HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET / HTTP/2\r\nHost: h\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nA: b\nC: d\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public async Task A_malformed_request_fails_the_test(string request)
    {
        await Write(request);
        await Assert.ThrowsAsync<FormatException>(_peer.ReadRequestAsync);
    }

    [Fact]
    public async Task A_response_goes_out_whole()
    {
        await _peer.SendResponseAsync(200, "hi", "X-A: 1");
        Assert.Equal("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nhi", await Read());
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_is_reported_with_what_it_sent()
    {
        await Write("GET / HT");
        await _client.DisposeAsync();
        var e = await Assert.ThrowsAsync<EndOfStreamException>(_peer.ReadHeadAsync);
        Assert.Contains("\"GET / HT\"", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clean_close_is_told_from_one_after_stray_bytes()
    {
        Task closed = _peer.ExpectClosedAsync();
        Assert.False(closed.IsCompleted);
        await _client.DisposeAsync();
        await closed;

        (Stream client, PeerEnd end) = MemoryTransport.CreatePair();
        await client.WriteAsync("stray"u8.ToArray());
        await client.DisposeAsync();
        await Assert.ThrowsAsync<FailException>(new ScriptedPeer(end).ExpectClosedAsync);
    }

    [Fact]
    public async Task A_close_after_the_peers_reset_counts()
    {
        _peer.Reset();
        await _client.DisposeAsync();
        await _peer.ExpectClosedAsync();
    }

    [Fact]
    public async Task Silence_is_told_from_bytes_and_the_bytes_are_kept()
    {
        await _peer.ExpectNoBytesAsync();
        await Write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await Assert.ThrowsAsync<FailException>(_peer.ExpectNoBytesAsync);
        Assert.Equal("/", (await _peer.ReadRequestAsync()).Target);
    }

    private Task Write(string text) => _client.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    private async Task<string> Read()
    {
        byte[] buffer = new byte[1024];
        return Encoding.Latin1.GetString(buffer, 0, await _client.ReadAsync(buffer));
    }
}
