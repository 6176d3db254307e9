using System.Globalization;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>What a server may make us hold, and where it ends.</summary>
public sealed class ResponseLimitTests
{
    private const int Limit = 1024;

    [Fact]
    public async Task A_head_of_exactly_the_limit_passes_and_one_byte_more_does_not()
    {
        using var rig = Limited();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Head(Limit));
        response.Dispose();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        await peer.ReadRequestAsync();
        await peer.SendAsync(Head(Limit + 1));
        AssertLimit(await RigReading.ThrowsAsync<TransportException>(() => sending), TransportPhase.ReadHeaders);
        rig.AssertClosedFor(CloseReason.ProtocolError);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task A_head_without_an_end_fails_as_soon_as_the_limit_is_passed()
    {
        using var rig = Limited();
        AssertLimit(
            await RigReading.ThrowsAsync<TransportException>(() => rig.StartAsync("HTTP/1.1 200 OK\r\nA: " + new string('x', Limit))),
            TransportPhase.ReadHeaders);
        rig.AssertClosedFor(CloseReason.ProtocolError);
    }

    [Fact]
    public async Task Interim_heads_count_into_the_limit()
    {
        using var rig = Limited();
        string hint = "HTTP/1.1 103 Early Hints\r\nA: " + new string('x', 300) + "\r\n\r\n";
        AssertLimit(
            await RigReading.ThrowsAsync<TransportException>(() => rig.StartAsync(hint + hint + hint + Head(200))),
            TransportPhase.ReadHeaders);
    }

    [Fact]
    public async Task A_hundred_interim_responses_pass_and_one_more_does_not()
    {
        using var rig = new Rig();
        string hundred = string.Concat(Enumerable.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100));
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(hundred + Rig.Ok("here"));
        Assert.Equal("here", await response.Content.ReadAsStringAsync());

        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        await peer.ReadRequestAsync();
        await peer.SendAsync(hundred + "HTTP/1.1 102 Processing\r\n\r\n" + Rig.Ok("never"));
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
        Assert.Contains("100 interim", error.Message, StringComparison.Ordinal);
        rig.AssertClosedFor(CloseReason.ProtocolError);
    }

    [Fact]
    public async Task A_thousand_header_lines_pass_and_one_more_does_not()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Lines(1000));
        Assert.Equal(999, response.Headers.NonValidated["A"].Count);

        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        await peer.ReadRequestAsync();
        await peer.SendAsync(Lines(1001));
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal(HttpRequestError.ConfigurationLimitExceeded, error.HttpRequestError);
        Assert.Contains("1000 header lines", error.Message, StringComparison.Ordinal);
        Assert.Contains("PooledHttpHandler.MaxResponseHeaderCount", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(100)]
    public async Task Trailers_share_what_the_head_left_of_the_limit_however_they_arrive(int bytesPerRead)
    {
        foreach ((int trailer, bool passes) in new[] { (Limit - 400, true), (Limit - 200, false), (Limit + 200, false) })
        {
            using var rig = Limited(new MemoryTransportOptions { MaxBytesPerRead = bytesPerRead });
            string head = Head(300).Replace("Content-Length: 0", "Transfer-Encoding: chunked", StringComparison.Ordinal);
            (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(head);
            Stream body = await response.Content.ReadAsStreamAsync();
            await peer.SendAsync("5\r\nhello\r\n0\r\nA: " + new string('t', trailer) + "\r\n\r\n");
            Task copying = body.CopyToAsync(Stream.Null);
            if (passes)
            {
                await Guard.Within(copying, () => "the body");
                Assert.Equal(trailer, response.TrailingHeaders.GetValues("A").Single().Length);
                rig.AssertIdle();
                continue;
            }

            HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => copying);
            AssertLimit(Assert.IsType<TransportException>(error.InnerException), TransportPhase.ReadBody);
            rig.AssertClosedFor(CloseReason.ProtocolError);
        }
    }

    [Fact]
    public async Task Chunk_extensions_of_all_chunks_together_have_a_limit()
    {
        using var rig = new Rig();
        var chunks = new StringBuilder();
        for (int i = 0; i < 20; i++)
        {
            chunks.Append(CultureInfo.InvariantCulture, $"1;{new string('e', 1000)}\r\nx\r\n");
        }

        (HttpResponseMessage response, _) = await rig.StartAsync(Rig.Chunked(chunks.ToString()));
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(
            async () => await (await response.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null));
        Assert.Equal(HttpRequestError.InvalidResponse, error.HttpRequestError);
        Assert.Contains("16384 bytes", error.Message, StringComparison.Ordinal);
        rig.AssertClosedFor(CloseReason.ProtocolError);
    }

    [Fact]
    public async Task A_buffering_clients_own_limit_closes_or_drains_the_connection()
    {
        using var rig = new Rig();
        rig.Client.MaxResponseContentBufferSize = 10;
        Task<HttpResponseMessage> sending = rig.Client.GetAsync(Rig.Uri);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(Rig.Chunked("b\r\nhello world\r\n"));
        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(() => sending);
        Assert.Equal(HttpRequestError.ConfigurationLimitExceeded, error.HttpRequestError);
        await peer.SendAsync("0\r\n\r\n");
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    private static Rig Limited(MemoryTransportOptions? transport = null) => new(handler => handler.MaxResponseHeadersLength = 1, transport);

    /// <summary>A whole head of this many bytes, without a body.</summary>
    private static string Head(int bytes)
    {
        const string Start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
        return Start + new string('x', bytes - Start.Length - 4) + "\r\n\r\n";
    }

    private static string Lines(int count) =>
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", count - 1)) + "\r\n";

    private static void AssertLimit(TransportException error, TransportPhase phase)
    {
        Assert.Equal((HttpRequestError.ConfigurationLimitExceeded, phase), (error.HttpRequestError, error.Phase));
        Assert.Contains(nameof(PooledHttpHandler.MaxResponseHeadersLength), error.Message, StringComparison.Ordinal);
    }
}
