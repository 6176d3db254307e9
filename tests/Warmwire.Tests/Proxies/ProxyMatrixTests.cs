using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>
/// Both handlers through each kind of proxy, side by side: what the caller gets, and what the proxy is asked for. The server is asked for
/// by a name that only the proxy resolves, where the kind of proxy resolves names.
/// </summary>
public sealed class ProxyMatrixTests
{
    public enum Way
    {
        Proxied,
        Bypassed,
        Redirected,
        Switched,
    }

    public static TheoryData<string, bool, bool, int, Way> Cells
    {
        get
        {
            var cells = new TheoryData<string, bool, bool, int, Way>();
            foreach (string scheme in (string[])["http", "https", "socks4", "socks4a", "socks5"])
            {
                foreach (bool credentials in (bool[])[false, true])
                {
                    foreach (bool tls in (bool[])[false, true])
                    {
                        foreach (int version in (int[])[1, 2])
                        {
                            foreach (Way way in Enum.GetValues<Way>())
                            {
                                cells.Add(scheme, credentials, tls, version, way);
                            }
                        }
                    }
                }
            }

            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Both_handlers_get_the_same(string scheme, bool credentials, bool tls, int version, Way way)
    {
        string[] reference = await PlayAsync(new SocketsHttpHandler(), scheme, credentials, tls, version, way);
        string[] ours = await PlayAsync(new PooledHttpHandler(), scheme, credentials, tls, version, way);

        // .NET lets itself be refused before each plain request; what was accepted once, we say at once.
        Assert.Equal(reference.Distinct(), ours.Distinct());
        Assert.True(ours.Length <= reference.Length);
    }

    private static async Task<string[]> PlayAsync(
        HttpMessageHandler handler, string scheme, bool credentials, bool tls, int version, Way way)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            static async context =>
            {
                if (context.Request.Path == "/moved")
                {
                    context.Response.Redirect("/here");
                    context.Response.ContentLength = 0;
                    return;
                }

                string leaked = context.Request.Headers.ContainsKey("Proxy-Authorization") ? " leaked" : "";
                HttpRequest request = context.Request;
                byte[] body = Encoding.ASCII.GetBytes($"{request.Method} {request.Path} {request.Protocol}{leaked}");
                context.Response.ContentLength = body.Length;
                await context.Response.Body.WriteAsync(body);
            },
            new KestrelServerSettings { Protocols = HttpProtocols.Http1AndHttp2 });
        await using var proxy = new TestProxy(scheme, credentials);
        Uri direct = tls ? server.HttpsUri : server.HttpUri;
        string host = way == Way.Bypassed || scheme == "socks4" ? "localhost" : "server.test";
        var uri = new UriBuilder(direct) { Host = host, Path = way == Way.Redirected ? "/moved" : "/here" }.Uri;
        var setting = new WebProxy(proxy.Uri)
        {
            Credentials = credentials ? new NetworkCredential(TestProxy.User, TestProxy.Password) : null,
            BypassList = way == Way.Bypassed ? ["localhost"] : [],
        };
        Configure(handler, setting, way);
        using var client = new HttpClient(handler);
        var seen = new List<string>();
        for (int i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(i == 0 ? HttpMethod.Get : HttpMethod.Post, uri)
            {
                Version = new Version(version, version == 1 ? 1 : 0),
                Content = i == 0 ? null : new StringContent("content"),
            };
            try
            {
                using HttpResponseMessage response = await client.SendAsync(request);
                seen.Add($"{(int)response.StatusCode} {response.Version} {await response.Content.ReadAsStringAsync()}");
            }
            catch (HttpRequestException e)
            {
                seen.Add($"{e.HttpRequestError} {e.StatusCode}");
            }
        }

        seen.AddRange(proxy.Asked.Select(asked => asked
            .Replace($":{server.HttpUri.Port}", ":PORT", StringComparison.Ordinal)
            .Replace($":{server.HttpsUri.Port}", ":PORT", StringComparison.Ordinal)));
        return [.. seen];
    }

    private static void Configure(HttpMessageHandler handler, IWebProxy proxy, Way way)
    {
        if (handler is SocketsHttpHandler reference)
        {
            (reference.Proxy, reference.UseProxy, reference.SslOptions) = (proxy, way != Way.Switched, TestCertificates.Trusting());
        }
        else
        {
            var ours = (PooledHttpHandler)handler;
            (ours.Proxy, ours.UseProxy, ours.SslOptions) = (proxy, way != Way.Switched, TestCertificates.Trusting());
        }
    }
}
