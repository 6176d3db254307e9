using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Bodies that break the protocol or end too early, as a stream's reader and as a buffering client see them.</summary>
public sealed class MalformedBodyTests
{
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    public static TheoryData<string> Malformed => new(
        Chunked + "x\r\n",
        Chunked + "5\r\nhelloXX0\r\n\r\n",
        Chunked + "5\r\nhello\n0\r\n\r\n",
        Chunked + "5\nhello\r\n0\r\n\r\n",
        Chunked + "5\r\nhello\r\n5 x\r\nhello\r\n0\r\n\r\n",
        Chunked + "5\r\nhello\r\n\r\n",
        Chunked + "5\r\nhello\r\n-1\r\n\r\n",
        Chunked + "5\r\nhello\r\n0x0\r\n\r\n",
        Chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n",
        Chunked + "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        Chunked + "5;a=\u0001\r\nhello\r\n0\r\n\r\n",
        Chunked + "5\r\nhello\r\n0\r\nA: b\n\r\n",
        Chunked + "5\r\nhello\r\n0\r\nA : b\r\n\r\n",
        Chunked + "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        Chunked + "5\r\nhello\r\n0\r\nA: b\0\r\n\r\n",
        Chunked + "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n");

    public static TheoryData<string> CutShort => new(
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        Chunked,
        Chunked + "5",
        Chunked + "5\r\nhel",
        Chunked + "5\r\nhello",
        Chunked + "5\r\nhello\r\n",
        Chunked + "5\r\nhello\r\n0\r\n",
        Chunked + "5\r\nhello\r\n0\r\nA: b\r\n");

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task The_reader_of_the_stream_gets_an_IO_exception_with_ours_inside(string answer)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(answer);
        Stream body = await response.Content.ReadAsStreamAsync();
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => body.CopyToAsync(Stream.Null));
        Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
        var inner = Assert.IsType<TransportException>(error.InnerException);
        Assert.Equal(
            (HttpRequestError.InvalidResponse, TransportPhase.ReadBody, RequestSent.Fully),
            (inner.HttpRequestError, inner.Phase, inner.RequestSent));
        rig.AssertClosedFor(CloseReason.ProtocolError);
        await Guard.Within(peer.ClientClosed, () => "the close");
        await RigReading.ThrowsAsync<HttpIOException>(() => body.ReadAsync(new byte[8]).AsTask());
        response.Dispose();
        await rig.AssertNextIsCleanAsync();
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_buffering_client_gets_ours_as_it_is(string answer)
    {
        using var rig = new Rig(transport: new MemoryTransportOptions { MaxBytesPerRead = 3 });
        Task<HttpResponseMessage> sending = rig.Client.GetAsync(Rig.Uri);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(answer);
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal((HttpRequestError.InvalidResponse, TransportPhase.ReadBody), (error.HttpRequestError, error.Phase));
        rig.AssertClosedFor(CloseReason.ProtocolError);
    }

    [Theory]
    [MemberData(nameof(CutShort))]
    public async Task A_body_cut_short_is_never_taken_for_a_whole_one(string answer)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(answer);
        Stream body = await response.Content.ReadAsStreamAsync();
        peer.Close();
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => body.CopyToAsync(Stream.Null));
        Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
        Assert.Equal(TransportPhase.ReadBody, Assert.IsType<TransportException>(error.InnerException).Phase);
        rig.AssertClosedFor(CloseReason.ServerClosed);
    }

    [Theory]
    [MemberData(nameof(CutShort))]
    public async Task A_buffering_client_sees_the_cut_too_synchronously_as_well(string answer)
    {
        foreach (bool synchronous in new[] { false, true })
        {
            using var rig = new Rig();
            using HttpRequestMessage request = Rig.Get();
            Task<HttpResponseMessage> sending = synchronous ? Task.Run(() => rig.Client.Send(request)) : rig.Client.SendAsync(request);
            ScriptedPeer peer = await rig.Network.AcceptAsync();
            await peer.ReadRequestAsync();
            await peer.SendAsync(answer);
            peer.Close();
            TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
            Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
            rig.AssertClosedFor(CloseReason.ServerClosed);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")]
    [InlineData(Chunked + "5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello")]
    public async Task A_reset_in_the_body_is_a_read_error_whatever_the_framing(string answer)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(answer);
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("hello", await body.ReadTextAsync());
        peer.Reset();
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => body.ReadAsync(new byte[8]).AsTask());
        Assert.Equal(TransportPhase.ReadBody, Assert.IsType<TransportException>(error.InnerException).Phase);
        rig.AssertClosedFor(CloseReason.ReadError);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")]
    [InlineData(Chunked + "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\r\n")]
    public async Task Bytes_behind_the_end_are_never_the_next_answer(string answer)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, _) = await rig.StartAsync(answer);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        await rig.ExpectClosedForAsync(CloseReason.UnsolicitedData);
        await rig.AssertNextIsCleanAsync();
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\nhello")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task A_body_where_none_can_be_is_never_the_next_answer(string method, string answer)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, _) = await rig.StartAsync(answer, new HttpRequestMessage(new HttpMethod(method), Rig.Uri));
        Assert.Equal("", await response.Content.ReadAsStringAsync());
        await rig.ExpectClosedForAsync(CloseReason.UnsolicitedData);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task Bytes_on_an_idle_connection_kill_it()
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        await peer.SendAsync(Rig.Ok("evil"));
        await rig.ExpectClosedForAsync(CloseReason.UnsolicitedData);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task The_data_in_front_of_the_fault_is_delivered()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Chunked + "5\r\nhello\r\n");
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("hello", await body.ReadTextAsync());
        await peer.SendAsync("zz\r\n");
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => body.ReadAsync(new byte[8]).AsTask());
        Assert.Contains("RFC 9112", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_content_copied_with_CopyToAsync_throws_ours_as_it_is()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, _) = await rig.StartAsync(Chunked + "5\r\nhelloXX");
        await RigReading.ThrowsAsync<TransportException>(() => response.Content.CopyToAsync(Stream.Null));
    }

    [Fact]
    public async Task What_came_before_a_malformed_chunk_is_delivered_and_the_connection_closed_at_once()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, _) = await rig.StartAsync(Rig.Chunked("5\r\nhello\r\n1\r\n!\r\nZZ"));
        using Stream body = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[100];
        Assert.Equal("hello", System.Text.Encoding.ASCII.GetString(buffer, 0, await body.ReadAsync(buffer)));
        rig.AssertClosedFor(CloseReason.ProtocolError);
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => body.ReadAsync(buffer).AsTask());
        Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
    }
}
