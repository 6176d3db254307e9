using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>Trailers that are no header lines: an error of the protocol like one in the head, read by the caller or not.</summary>
public sealed class DamagedTrailerTests
{
    private const string Damaged = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nno colon\r\n\r\n";

    [Fact]
    public async Task They_fail_the_read_of_the_body_and_close_the_connection()
    {
        var network = new PeerNetwork();
        using PooledHttpHandler handler = network.CreateHandler();
        using var client = new HttpClient(handler);
        Task<HttpResponseMessage> sent = client.GetAsync("http://server.test/", HttpCompletionOption.ResponseHeadersRead);
        ScriptedPeer peer = await network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(Damaged);
        using HttpResponseMessage response = await sent;
        Stream body = await response.Content.ReadAsStreamAsync();

        var e = await Assert.ThrowsAsync<HttpIOException>(() => body.ReadExactlyAsync(new byte[10]).AsTask());

        Assert.Equal(HttpRequestError.InvalidResponse, e.HttpRequestError);
        await peer.WaitForCloseAsync();
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection was closed");
        Assert.Equal([CloseReason.ProtocolError], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
    }

    [Fact]
    public async Task They_close_the_connection_when_nobody_reads_the_body()
    {
        var network = new PeerNetwork();
        using PooledHttpHandler handler = network.CreateHandler();
        using var client = new HttpClient(handler);
        Task<HttpResponseMessage> sent = client.GetAsync("http://server.test/", HttpCompletionOption.ResponseHeadersRead);
        ScriptedPeer peer = await network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(Damaged);
        (await sent).Dispose();

        await peer.WaitForCloseAsync();
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection was closed");
        Assert.Equal([CloseReason.ProtocolError], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
    }

    [Fact]
    public async Task An_encoding_selector_that_throws_fails_the_read_and_leaves_no_connection_behind()
    {
        var network = new PeerNetwork();
        using PooledHttpHandler handler = network.CreateHandler(static handler =>
            handler.ResponseHeaderEncodingSelector = static (name, _) => name == "t" ? throw new NotSupportedException("selector") : null);
        using var client = new HttpClient(handler);
        Task<string> sent = client.GetStringAsync("http://server.test/");
        ScriptedPeer peer = await network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(Damaged.Replace("no colon", "t: v", StringComparison.Ordinal));

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => sent);
        await peer.WaitForCloseAsync();
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection was closed");
    }
}
