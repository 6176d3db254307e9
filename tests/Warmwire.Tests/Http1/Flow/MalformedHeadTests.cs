using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Responses whose head is not HTTP/1.1: no answer, no connection, and no harm to the next request.</summary>
public sealed class MalformedHeadTests
{
    public static TheoryData<string> Heads => new(
        // Two readings of where the body ends
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",

        // Two readings of where a line ends, or a header
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n A: b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA\u00e9: b\r\nContent-Length: 0\r\n\r\n",

        // Not a status line
        "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1200 OK\r\nContent-Length: 0\r\n\r\n",
        "ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "<html>hello</html>\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",

        // In an interim response too
        "HTTP/1.1 103 Early Hints\r\nA : b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",

        // An upgrade nobody asked for
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task It_is_refused_and_the_next_request_is_clean(string answer)
    {
        using var rig = new Rig();
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => rig.StartAsync(answer));
        Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
        Assert.Equal((TransportPhase.ReadHeaders, RequestSent.Fully, false), (error.Phase, error.RequestSent, error.IsTimeout));
        Assert.Equal("http://server.test:80", error.Origin);
        Assert.NotNull(error.ConnectionId);
        Assert.Contains(error.Origin!, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("..", error.Message, StringComparison.Ordinal);
        rig.AssertClosedFor(CloseReason.ProtocolError);
        await rig.AssertNextIsCleanAsync();
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task It_is_refused_byte_by_byte_too(string answer)
    {
        using var rig = new Rig(transport: new MemoryTransportOptions { MaxBytesPerRead = 1 });
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => rig.StartAsync(answer));
        Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
        rig.AssertClosedFor(CloseReason.ProtocolError);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_way_in_throws_the_same(bool synchronous)
    {
        using var rig = new Rig();
        foreach (HttpCompletionOption option in Enum.GetValues<HttpCompletionOption>())
        {
            using HttpRequestMessage request = Rig.Get();
            Task<HttpResponseMessage> sending = synchronous
                ? Task.Run(() => rig.Client.Send(request, option))
                : rig.Client.SendAsync(request, option);
            ScriptedPeer peer = await rig.Network.AcceptAsync();
            await peer.ReadRequestAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n");
            TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
            Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
        }
    }

    [Fact]
    public async Task A_bad_answer_on_a_reused_connection_is_not_replayed()
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
        await RigReading.ThrowsAsync<TransportException>(() => sending);
        rig.AssertClosedFor(CloseReason.ProtocolError);
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 5\r\n")]
    [InlineData("Content-Length: 5, 5\r\n")]
    [InlineData("Content-Length: 05\r\n")]
    public async Task A_length_said_twice_alike_is_one_length(string lines)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync($"HTTP/1.1 200 OK\r\n{lines}\r\nhello");
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData("", "without a response")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", "in the middle of the response's head")]
    public async Task A_head_cut_short_is_an_end_of_the_response(string answer, string where)
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new StringContent("x")));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(answer);
        peer.Close();
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
        Assert.Contains(where, error.Message, StringComparison.Ordinal);
        Assert.False(error.NotProcessed);
        rig.AssertClosedFor(CloseReason.ServerClosed);
    }

    [Fact]
    public async Task A_reset_instead_of_a_head_is_a_read_error()
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new StringContent("x")));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        peer.Reset();
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal(TransportPhase.ReadHeaders, error.Phase);
        Assert.IsType<IOException>(error.InnerException);
        rig.AssertClosedFor(CloseReason.ReadError);
    }
}
