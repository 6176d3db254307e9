using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>Every version with every policy at every kind of server, with what the handler of .NET makes of it.</summary>
public sealed class VersionMatrixTests
{
    public static TheoryData<string, HttpVersionPolicy, bool, HttpProtocols> Cases
    {
        get
        {
            var cases = new TheoryData<string, HttpVersionPolicy, bool, HttpProtocols>();
            foreach (HttpProtocols server in new[] { HttpProtocols.Http1, HttpProtocols.Http1AndHttp2, HttpProtocols.Http2 })
            {
                foreach (string version in new[] { "1.0", "1.1", "2.0" })
                {
                    foreach (HttpVersionPolicy policy in Enum.GetValues<HttpVersionPolicy>())
                    {
                        cases.Add(version, policy, false, server);
                        cases.Add(version, policy, true, server);
                    }
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_version_spoken_or_the_failure_is_the_one_of_NET(
        string version, HttpVersionPolicy policy, bool tls, HttpProtocols protocols)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            static context => context.Response.WriteAsync(context.Request.Protocol), new KestrelServerSettings { Protocols = protocols });
        string expected = await PlayAsync(Subject.CreateReference());
        string actual = await PlayAsync(Subject.Create());
        Assert.Equal(expected, actual);

        async Task<string> PlayAsync(HttpMessageHandler handler)
        {
            using var client = new HttpClient(handler);
            string outcome = "";
            for (int i = 0; i < 2; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, tls ? server.HttpsUri : server.HttpUri)
                {
                    Version = Version.Parse(version),
                    VersionPolicy = policy,
                };
                try
                {
                    using HttpResponseMessage response = await client.SendAsync(request);
                    outcome += $"{(int)response.StatusCode} {response.Version} {await response.Content.ReadAsStringAsync()}; ";
                }
                catch (HttpRequestException error)
                {
                    // A server of the other kind: which of its errors that is without TLS is a race of its answer and its close. With TLS
                    // ours says in each case what the server chose; that of .NET offers only what the request demands, and reports how the
                    // server took it.
                    Assert.True(
                        !tls || handler is not PooledHttpHandler
                            || error.HttpRequestError is HttpRequestError.VersionNegotiationError or HttpRequestError.SecureConnectionError,
                        error.ToString());
                    outcome += "failed; ";
                }
            }

            return outcome;
        }
    }

    [Fact]
    public async Task A_server_may_ask_for_the_older_version_where_that_is_allowed()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            static context =>
            {
                if (HttpProtocol.IsHttp2(context.Request.Protocol))
                {
                    context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResetFeature>()!.Reset((int)Http2ErrorCode.Http11Required);
                    return Task.CompletedTask;
                }

                return context.Response.WriteAsync(context.Request.Protocol);
            },
            new KestrelServerSettings { Protocols = HttpProtocols.Http1AndHttp2 });
        using var client = new HttpClient(new PooledHttpHandler { SslOptions = TestCertificates.Trusting(), UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, server.HttpsUri)
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal("HTTP/1.1", await response.Content.ReadAsStringAsync());
        using var exact = new HttpRequestMessage(HttpMethod.Get, server.HttpsUri)
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        TransportException error = await Assert.ThrowsAsync<TransportException>(() => client.SendAsync(exact));
        Assert.Equal(HttpRequestError.VersionNegotiationError, error.HttpRequestError);
    }
}
