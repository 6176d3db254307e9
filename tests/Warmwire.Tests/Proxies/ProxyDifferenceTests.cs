using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Proxies;

/// <summary>Where .NET's handler and ours differ behind a proxy, on purpose: docs/migrating.md has each.</summary>
public sealed class ProxyDifferenceTests
{
    [Fact]
    public async Task What_a_proxy_has_accepted_is_sent_at_once()
    {
        await using KestrelServer server = await StartAsync();
        int[] asked = await BothAsync("http", credentials: true, async (client, proxy) =>
        {
            for (int i = 0; i < 10; i++)
            {
                await client.GetStringAsync(server.HttpUri);
            }

            return proxy.Asked.Count;
        });
        Assert.Equal([20, 11], asked);
    }

    [Fact]
    public async Task What_the_caller_says_to_the_proxy_is_not_sent_to_the_server()
    {
        await using KestrelServer server = await StartAsync();
        string[] seen = await BothAsync("http", credentials: false, async (client, _) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.HttpsUri);
            request.Headers.TryAddWithoutValidation("Proxy-Authorization", "Basic b3du");
            using HttpResponseMessage response = await client.SendAsync(request);
            return await response.Content.ReadAsStringAsync();
        });
        Assert.Equal(["Basic b3du", ""], seen);
    }

    [Fact]
    public async Task HTTP2_without_TLS_goes_through_a_tunnel()
    {
        await using KestrelServer server = await StartAsync(HttpProtocols.Http2);
        string[] seen = await BothAsync("http", credentials: false, async (client, _) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.HttpUri)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            try
            {
                using HttpResponseMessage response = await client.SendAsync(request);
                return response.Version.ToString();
            }
            catch (HttpRequestException e)
            {
                return e.HttpRequestError.ToString();
            }
        });
        Assert.Equal(["VersionNegotiationError", "2.0"], seen);
    }

    [Theory]
    [InlineData("http", "407", "200")]
    [InlineData("socks5", "ProxyTunnelError", "200")]
    public async Task Name_and_password_in_the_address_are_used(string scheme, string reference, string ours)
    {
        await using KestrelServer server = await StartAsync();
        string[] seen = await BothAsync(scheme, credentials: true, inAddress: true, use: async (client, _) =>
        {
            try
            {
                using HttpResponseMessage response = await client.GetAsync(server.HttpUri);
                return ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
            }
            catch (HttpRequestException e)
            {
                return e.HttpRequestError.ToString();
            }
        });
        Assert.Equal([reference, ours], seen);
    }

    private static async Task<T[]> BothAsync<T>(
        string scheme, bool credentials, Func<HttpClient, TestProxy, Task<T>> use, bool inAddress = false)
    {
        var seen = new List<T>();
        foreach (bool isOurs in (bool[])[false, true])
        {
            await using var proxy = new TestProxy(scheme, credentials);
            string secret = $"{TestProxy.User}:{Uri.EscapeDataString(TestProxy.Password)}@";
            var setting = new WebProxy($"{scheme}://{(inAddress ? secret : "")}localhost:{proxy.Uri.Port}")
            {
                Credentials = credentials && !inAddress ? new NetworkCredential(TestProxy.User, TestProxy.Password) : null,
            };
            using var client = new HttpClient(isOurs
                ? new PooledHttpHandler { Proxy = setting, SslOptions = TestCertificates.Trusting() }
                : new SocketsHttpHandler { Proxy = setting, SslOptions = TestCertificates.Trusting() });
            seen.Add(await use(client, proxy));
        }

        return [.. seen];
    }

    private static Task<KestrelServer> StartAsync(HttpProtocols protocols = HttpProtocols.Http1AndHttp2) => KestrelServer.StartAsync(
        static async context =>
        {
            byte[] body = System.Text.Encoding.ASCII.GetBytes(context.Request.Headers["Proxy-Authorization"].ToString());
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        },
        new KestrelServerSettings { Protocols = protocols });
}
