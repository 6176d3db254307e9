using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>
/// What the caller gets when a proxy refuses, breaks or is not there: the same as with .NET's handler, refusal by refusal.
/// </summary>
public sealed class ProxyRefusalParityTests
{
    public static TheoryData<string, string> Connects => new()
    {
        { "403", "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied" },
        { "502", "HTTP/1.0 502 Bad Gateway\r\n\r\nno route" },
        { "407 without a scheme", "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n" },
        { "407 Basic", "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n" },
        { "302", "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n" },
        { "200 and close", "HTTP/1.1 200 OK\r\n\r\n" },
        { "garbage", "SSH-2.0-OpenSSH_9.2\r\n" },
        { "nothing", "" },
    };

    [Theory]
    [MemberData(nameof(Connects))]
    public async Task A_refused_tunnel_is_the_same_error(string name, string answer)
    {
        Assert.NotEmpty(name);
        await AssertSameAsync("http", "https://server.test/", answer, static stream => Raw.ReadHeadAsync(stream, CancellationToken.None));
    }

    public static TheoryData<string, string, byte[]> Socks => new()
    {
        { "socks5", "no method", [5, 0xFF] },
        { "socks5", "another version", [4, 0] },
        { "socks5", "refused", [5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0] },
        { "socks5", "cut", [5, 0, 5, 0] },
        { "socks4", "refused", [0, 91, 0, 0, 0, 0, 0, 0] },
        { "socks4a", "refused", [0, 93, 0, 0, 0, 0, 0, 0] },
        { "socks4a", "nothing", [] },
    };

    [Theory]
    [MemberData(nameof(Socks))]
    public async Task A_refusal_of_SOCKS_is_the_same_error(string scheme, string name, byte[] answer)
    {
        Assert.NotEmpty(name);
        await AssertSameAsync(
            scheme,
            "http://localhost/",
            Encoding.Latin1.GetString(answer),
            static async stream => await stream.ReadExactlyAsync(new byte[3]));
    }

    [Fact]
    public async Task A_refusal_of_a_plain_request_is_its_response()
    {
        string[] seen = await AssertSameAsync(
            "http",
            "http://server.test/",
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 6\r\n\r\ndenied",
            static stream => Raw.ReadHeadAsync(stream, CancellationToken.None));
        Assert.Equal(["407 denied"], seen);
    }

    [Theory]
    [InlineData("http://server.test/")]
    [InlineData("https://server.test/")]
    public async Task A_proxy_that_is_not_there_is_the_same_error(string uri)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var proxy = new WebProxy($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        listener.Stop();
        string reference = await OutcomeAsync(new SocketsHttpHandler { Proxy = proxy }, new Uri(uri));
        Assert.Equal(reference, await OutcomeAsync(new PooledHttpHandler { Proxy = proxy }, new Uri(uri)));
        Assert.StartsWith("ConnectionError", reference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scheme_of_no_proxy_is_the_same_error()
    {
        var proxy = new WebProxy("ftp://127.0.0.1:1");
        var uri = new Uri("http://server.test/");
        using var reference = new HttpMessageInvoker(new SocketsHttpHandler { Proxy = proxy });
        using var ours = new HttpMessageInvoker(new PooledHttpHandler { Proxy = proxy });
        await Assert.ThrowsAsync<NotSupportedException>(() => reference.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), default));
        NotSupportedException e = await Assert.ThrowsAsync<NotSupportedException>(
            () => ours.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), default));
        Assert.Contains("'ftp'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http", "CONNECT")]
    [InlineData("https", "CONNECT")]
    [InlineData("socks5", "socks5")]
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "RFC 6455 §4.2.2 wants it.")]
    public async Task A_WebSocket_goes_through_a_tunnel_also_without_TLS(string scheme, string asked)
    {
        await using var server = new RawServer(static async (stream, _, token) =>
        {
            string head = await Raw.ReadHeadAsync(stream, token);
            string key = head.Split("\r\n").First(static line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal))[19..];
            byte[] hash = SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
            await Raw.SendAsync(
                stream,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + $"Sec-WebSocket-Accept: {Convert.ToBase64String(hash)}\r\n\r\n",
                token);
            using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
            byte[] buffer = new byte[100];
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, token);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, endOfMessage: true, token);
            await Raw.UntilClosedAsync(stream, token);
        });
        foreach (bool isOurs in (bool[])[false, true])
        {
            await using var proxy = new TestProxy(scheme, wantsCredentials: true);
            var setting = new WebProxy(proxy.Uri) { Credentials = new NetworkCredential(TestProxy.User, TestProxy.Password) };
            using HttpMessageHandler handler = isOurs
                ? new PooledHttpHandler { Proxy = setting, SslOptions = TestCertificates.Trusting() }
                : new SocketsHttpHandler { Proxy = setting, SslOptions = TestCertificates.Trusting() };
            using var invoker = new HttpMessageInvoker(handler);
            using var client = new ClientWebSocket();
            await client.ConnectAsync(
                new UriBuilder(server.Uri) { Scheme = "ws", Host = "server.test" }.Uri, invoker, CancellationToken.None);
            await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            byte[] buffer = new byte[100];
            WebSocketReceiveResult echoed = await client.ReceiveAsync(buffer, CancellationToken.None);
            Assert.Equal("hello", Encoding.ASCII.GetString(buffer, 0, echoed.Count));
            Assert.All(proxy.Asked, line => Assert.StartsWith($"{asked} server.test:", line, StringComparison.Ordinal));
        }
    }

    private static async Task<string[]> AssertSameAsync(string scheme, string uri, string answer, Func<Stream, Task> readFirst)
    {
        await using var proxy = new RawServer(async (stream, _, token) =>
        {
            await readFirst(stream);
            await Raw.SendAsync(stream, answer, token);
            stream.Socket.Shutdown(SocketShutdown.Send);
            await Raw.UntilClosedAsync(stream, token);
        });
        var setting = new WebProxy($"{scheme}://127.0.0.1:{proxy.Port}");
        string reference = await OutcomeAsync(new SocketsHttpHandler { Proxy = setting }, new Uri(uri));
        string ours = await OutcomeAsync(new PooledHttpHandler { Proxy = setting }, new Uri(uri));
        Assert.Equal(reference, ours);
        return [ours];
    }

    private static async Task<string> OutcomeAsync(HttpMessageHandler handler, Uri uri)
    {
        using var client = new HttpClient(handler);
        try
        {
            using HttpResponseMessage response = await client.GetAsync(uri);
            return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
        }
        catch (HttpRequestException e)
        {
            return $"{e.HttpRequestError} {e.StatusCode}";
        }
    }
}
