using System.Net;
using System.Text;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Proxies;
using Warmwire.Settings;
using Warmwire.Tests.Dialing;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>What a proxy changes in a dial: where it connects, what it resolves, and what it delivers.</summary>
public sealed class ProxyDialTests
{
    [Fact]
    public async Task What_follows_the_answer_belongs_to_the_tunnel()
    {
        // RFC 9110 §9.3.6: a server behind it may speak first, and the proxy may put that into the same packet.
        (Stream client, PeerEnd end) = MemoryTransport.CreatePair();
        var peer = new ScriptedPeer(end);
        Task<DialedStream> dial = DialAsync(client, "http://192.0.2.1:3128", "server.test");
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfirst");
        DialedStream dialed = await dial;
        await peer.SendAsync(" second");
        byte[] read = new byte[12];
        await dialed.Stream.ReadExactlyAsync(read);
        Assert.Equal("first second", Encoding.ASCII.GetString(read));
        await dialed.Stream.WriteAsync("up"u8.ToArray());
        Assert.Equal("up"u8.ToArray(), await peer.ReadExactlyAsync(2));
        dialed.Dispose();
        await peer.WaitForCloseAsync();
    }

    [Theory]
    [InlineData("socks5", "050100", "0500", "0501000 30B7365727665722E746573740050", "05000003017800 50")]
    [InlineData("socks5", "050100", "0500", "0501000 30B7365727665722E746573740050", "0500000400000000000000000000000000000000 0050")]
    [InlineData("socks4a", null, null, "0401005000000001 00 7365727665722E7465737400", "005A000000000000")]
    [InlineData("socks4", null, null, "04010050C0000207 00", "005A000000000000")]
    public async Task SOCKS_reads_not_one_byte_of_the_server(string scheme, string? greeting, string? choice, string request, string reply)
    {
        (Stream client, PeerEnd end) = MemoryTransport.CreatePair();
        var peer = new ScriptedPeer(end);
        Task<DialedStream> dial = DialAsync(client, $"{scheme}://192.0.2.1", "server.test");
        if (greeting is not null)
        {
            Assert.Equal(Bytes(greeting), await peer.ReadExactlyAsync(Bytes(greeting).Length));
            await peer.SendAsync(Bytes(choice!));
        }

        Assert.Equal(Bytes(request), await peer.ReadExactlyAsync(Bytes(request).Length));
        await peer.SendAsync((byte[])[.. Bytes(reply), .. "server"u8]);
        byte[] read = new byte[6];
        await (await dial).Stream.ReadExactlyAsync(read);
        Assert.Equal("server", Encoding.ASCII.GetString(read));
    }

    [Fact]
    public async Task SOCKS_4_has_no_way_to_a_server_with_IPv6_alone()
    {
        (Stream client, PeerEnd _) = MemoryTransport.CreatePair();
        TransportException e = await Assert.ThrowsAsync<TransportException>(
            () => DialAsync(client, "socks4://192.0.2.1", "six.test"));
        Assert.Equal(TransportPhase.Proxy, e.Phase);
        Assert.Contains("SOCKS 4 has no words for the address 2001:db8::1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SOCKS_4_cannot_ask_for_a_name_that_is_not_known_here()
    {
        (Stream client, PeerEnd _) = MemoryTransport.CreatePair();
        TransportException e = await Assert.ThrowsAsync<TransportException>(
            () => DialAsync(client, "socks4://192.0.2.1", "nowhere.test"));
        Assert.Equal((TransportPhase.Dns, HttpRequestError.NameResolutionError), (e.Phase, e.HttpRequestError));
        Assert.Contains("nowhere.test", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_name_that_is_resolved_and_followed_is_the_proxys()
    {
        await using RawServer server = new(static async (stream, _, token) =>
        {
            await Raw.ReadHeadAsync(stream, token);
            await Raw.SendAsync(stream, Raw.Ok, token);
            await Raw.UntilClosedAsync(stream, token);
        });
        var asked = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var handler = new PooledHttpHandler
        {
            Proxy = new WebProxy($"http://proxy.test:{server.Port}"),
            ResolveNames = (host, _) =>
            {
                asked.Enqueue(host);
                return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
            },
        };
        using var client = new HttpClient(handler);
        Assert.Equal("ok", await client.GetStringAsync("http://unknown.test/"));
        Assert.Equal(["proxy.test"], asked);
        ConnectionSnapshot connection = Assert.Single(handler.GetSnapshot().Origins[0].Connections);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, server.Port), connection.RemoteEndPoint);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("wrong.test", false)]
    public async Task The_certificate_of_a_proxy_proves_the_name_of_the_proxy(string host, bool isRight)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static _ => Task.CompletedTask);
        await using var proxy = new TestProxy("https");
        foreach (Uri uri in (Uri[])[server.HttpUri, server.HttpsUri])
        {
            using var handler = new PooledHttpHandler
            {
                Proxy = new WebProxy($"https://{host}:{proxy.Uri.Port}"),
                SslOptions = TestCertificates.Trusting(),
                ResolveNames = static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
            };

            // A name for the server's certificate is not for the proxy's.
            handler.SslOptions.TargetHost = "server.test";
            using var client = new HttpClient(handler);
            if (isRight)
            {
                using HttpResponseMessage response = await client.GetAsync(uri);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                continue;
            }

            TransportException e = await Assert.ThrowsAsync<TransportException>(() => client.GetAsync(uri));
            Assert.Equal((HttpRequestError.SecureConnectionError, TransportPhase.Tls), (e.HttpRequestError, e.Phase));
            Assert.Contains($"wrong.test:{proxy.Uri.Port} (", e.Message, StringComparison.Ordinal);
            Assert.Contains("target name wrong.test", e.Message, StringComparison.Ordinal);
            Assert.Empty(proxy.Asked);
        }
    }

    [Fact]
    public async Task TLS_in_TLS_is_used_again_and_its_end_is_noticed()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static _ => Task.CompletedTask);
        await using var proxy = new TestProxy("https");
        using var handler = new PooledHttpHandler { Proxy = new WebProxy(proxy.Uri), SslOptions = TestCertificates.Trusting() };
        using var client = new HttpClient(handler);
        for (int i = 0; i < 20; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(server.HttpsUri);
        }

        Assert.Equal(1, proxy.Connections);
        await proxy.DisposeAsync();
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the idle connection is closed");
    }

    private static async Task<DialedStream> DialAsync(Stream client, string proxy, string host)
    {
        var settings = new HandlerSettings
        {
            ResolveNames = static (host, _) => host switch
            {
                "server.test" => Task.FromResult<IPAddress[]>([IPAddress.Parse("2001:db8::1"), IPAddress.Parse("192.0.2.7")]),
                "six.test" => Task.FromResult<IPAddress[]>([IPAddress.Parse("2001:db8::1")]),
                _ => throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound),
            },
        };
        var route = new RouteIdentity(isTls: false, host, 80).Through(ProxyHop.Of(new Uri(proxy), credentials: null));
        var dialer = new Dialer(settings, (endPoint, _) =>
        {
            Assert.Equal("192.0.2.1", endPoint.Address.ToString());
            return Task.FromResult(client);
        });
        var request = new DialRequest
        {
            Route = new Route(route),
            ConnectTimeout = Patience.Limit,
            TlsHandshakeTimeout = Patience.Limit,
        };
        return await dialer.DialAsync(request, CancellationToken.None).WaitAsync(Patience.Limit);
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
