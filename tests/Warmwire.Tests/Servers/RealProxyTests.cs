using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers;

/// <summary>Through squid, tinyproxy, haproxy, dante and microsocks, with .NET's handler beside ours.</summary>
public sealed class RealProxyTests
{
    private static readonly byte[] s_body = MakeBody();

    public static TheoryData<string> Names =>
    [
        "squid", "squid+basic", "squid+digest", "squid+ntlm", "tinyproxy", "tinyproxy+basic", "haproxy+squid", "haproxy+tinyproxy+basic",
        "microsocks", "microsocks+name", "dante+socks4", "dante+socks5",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    [InlineData("apache+digest")]
    public async Task Requests_get_through_and_connections_are_used_again(string name)
    {
        await using RealProxy proxy = await RealProxy.StartAsync(name);
        await using KestrelServer server = await StartServerAsync();

        // squid 5.7 does not read on behind its 407 to a plain request with more than some 64 KB, whatever client sends it.
        byte[] body = name.StartsWith("squid+", StringComparison.Ordinal) ? s_body[..30_000] : s_body;

        // tinyproxy closes behind its 407 and has not read the content, which may reset the connection before the 407 is read.
        bool hasContent = !name.Contains("tinyproxy+basic", StringComparison.Ordinal);
        bool isHttp = proxy.Address.Scheme.StartsWith("http", StringComparison.Ordinal);
        foreach (HttpMessageHandler handler in Handlers(proxy, withCredentials: proxy.WantsCredentials))
        {
            if (name == "apache+digest" && handler is SocketsHttpHandler)
            {
                // Its hash for CONNECT is over "/", which apache2 refuses with 400.
                continue;
            }

            using var client = new HttpClient(handler);
            foreach ((Uri uri, Version version, HttpVersionPolicy policy) in ((Uri, Version, HttpVersionPolicy)[])
            [
                (server.HttpUri, HttpVersion.Version11, HttpVersionPolicy.RequestVersionOrLower),
                (server.HttpsUri, HttpVersion.Version11, HttpVersionPolicy.RequestVersionOrLower),
                (server.HttpsUri, HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact),
            ])
            {
                for (int i = 0; i < 5; i++)
                {
                    // tinyproxy closes behind a response, which may cross the next request. A PUT is sent again then, a POST is not.
                    HttpMethod method = hasContent ? HttpMethod.Put : HttpMethod.Get;
                    using var request = new HttpRequestMessage(method, new UriBuilder(uri) { Host = "localhost" }.Uri)
                    {
                        Version = version,
                        VersionPolicy = policy,
                        Content = hasContent ? new ByteArrayContent(body) : null,
                    };
                    using HttpResponseMessage response = await client.SendAsync(request);
                    Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                    Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
                    Assert.Equal(version, response.RequestMessage!.Version);
                    Assert.False(response.Headers.Contains("X-Leaked"), "Proxy-Authorization went beyond the proxy");
                }
            }

            if (handler is PooledHttpHandler ours)
            {
                PoolSnapshot pool = ours.GetSnapshot();
                Assert.All(pool.Origins, origin => Assert.Equal(proxy.Address.OriginalString.TrimEnd('/'), origin.Proxy));

                // tinyproxy closes behind each plain response.
                bool closes = name.Contains("tinyproxy", StringComparison.Ordinal);
                Assert.All(
                    pool.Origins.Where(origin => !closes || origin.Origin != origin.Proxy),
                    static origin => Assert.Equal(1, origin.ConnectionsOpened));

                // Those that the proxy has authenticated are connections apart.
                int forwarding = name == "squid+ntlm" ? 2 : isHttp ? 1 : 0;
                Assert.Equal(forwarding, pool.Origins.Count(static origin => origin.Origin == origin.Proxy));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Refusals_are_told_as_in_dotnet(string name)
    {
        await using RealProxy proxy = await RealProxy.StartAsync(name);
        await using KestrelServer server = await StartServerAsync();
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        int port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        foreach (bool withCredentials in proxy.WantsCredentials ? (bool[])[false, true] : [false])
        {
            foreach (Uri uri in (Uri[])[
                new UriBuilder(server.HttpUri) { Host = "localhost" }.Uri,
                server.HttpsUri,
                new($"http://localhost:{port}/"),
                new($"https://localhost:{port}/")])
            {
                HttpMessageHandler[] handlers = Handlers(proxy, withCredentials);
                string reference = await OutcomeAsync(handlers[0], uri, proxy);
                Assert.Equal(reference, await OutcomeAsync(handlers[1], uri, proxy));
            }
        }
    }

    [Theory]
    [InlineData("squid+basic")]
    [InlineData("squid+digest")]
    public async Task A_wrong_password_is_refused_as_in_dotnet(string name)
    {
        await using RealProxy proxy = await RealProxy.StartAsync(name);
        foreach (string uri in (string[])["http://localhost:1/", "https://localhost:1/"])
        {
            var wrong = new WebProxy(proxy.Address) { Credentials = new NetworkCredential(RealProxy.User, "wrong") };
            string reference = await OutcomeAsync(new SocketsHttpHandler { Proxy = wrong }, new Uri(uri), proxy);
            Assert.Equal(reference, await OutcomeAsync(new PooledHttpHandler { Proxy = wrong }, new Uri(uri), proxy));
            Assert.Contains(uri[4] == ':' ? "407" : "ProxyAuthenticationRequired", reference, StringComparison.Ordinal);
        }
    }

    private static async Task<string> OutcomeAsync(HttpMessageHandler handler, Uri uri, RealProxy proxy)
    {
        using var client = new HttpClient(handler);
        try
        {
            using HttpResponseMessage response = await client.GetAsync(uri);
            return $"{(int)response.StatusCode}";
        }
        catch (HttpRequestException e)
        {
            if (e is TransportException failure)
            {
                Assert.Equal(TransportPhase.Proxy, failure.Phase);
                Assert.Contains($"{proxy.Address.Scheme}://localhost:{proxy.Address.Port}", e.Message, StringComparison.Ordinal);
            }

            return $"{e.HttpRequestError} {e.StatusCode}";
        }
    }

    private static HttpMessageHandler[] Handlers(RealProxy proxy, bool withCredentials) =>
    [
        new SocketsHttpHandler { Proxy = proxy.Setting(withCredentials), SslOptions = TestCertificates.Trusting() },
        new PooledHttpHandler { Proxy = proxy.Setting(withCredentials), SslOptions = TestCertificates.Trusting() },
    ];

    private static Task<KestrelServer> StartServerAsync() => KestrelServer.StartAsync(
        static async context =>
        {
            if (context.Request.Headers.ContainsKey("Proxy-Authorization"))
            {
                context.Response.Headers["X-Leaked"] = "yes";
            }

            if (context.Request.Method == "GET")
            {
                context.Response.ContentLength = s_body.Length;
                await context.Response.Body.WriteAsync(s_body);
                return;
            }

            context.Response.ContentLength = context.Request.ContentLength;
            await context.Request.Body.CopyToAsync(context.Response.Body);
        },
        new KestrelServerSettings { Protocols = HttpProtocols.Http1AndHttp2 });

    private static byte[] MakeBody()
    {
        byte[] body = new byte[200_000];
        new Random(7).NextBytes(body);
        return body;
    }
}
