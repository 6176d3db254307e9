using System.Net;
using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Connections;
using Warmwire.Handler;
using Warmwire.Pooling;
using Warmwire.Tests.Authentication;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Exchange;

/// <summary>
/// Two requests share a connection if and only if they agree in everything that a connection is made of: over all pairs of requests of one
/// handler, with every combination of the options, against a model that knows nothing of routes.
/// </summary>
public sealed class ConnectionSharingTests
{
    private static readonly WebProxy s_proxy = new("http://192.0.2.9:3128");
    private static readonly WebProxy s_sameWithCredentials =
        new("http://192.0.2.9:3128") { Credentials = new NetworkCredential("user", "password") };

    [Fact]
    public async Task Requests_share_a_connection_if_and_only_if_they_agree_in_what_it_is_made_of()
    {
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpMessageInvoker(handler);
        var byKey = new Dictionary<string, long>();
        var byConnection = new Dictionary<long, string>();
        Shape[] all = [.. Combinations()];

        // Twice, the second time in another order, so that each connection is found again behind all others.
        foreach (Shape shape in (Shape[])[.. all, .. Shuffled(all)])
        {
            using HttpRequestMessage request = shape.Request();
            if (shape.IsContradiction)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => client.SendAsync(request, CancellationToken.None));
                continue;
            }

            using HttpResponseMessage response = await Guard.Within(
                client.SendAsync(request, CancellationToken.None), () => $"the response of {shape}");
            string made = await Guard.Within(response.Content.ReadAsStringAsync(), () => $"the body of {shape}");
            long id = response.GetConnectionInfo()!.ConnectionId;
            Assert.True(shape.Made == made, $"{shape}\n wants {shape.Made}\n and has {made}");
            Assert.True(
                byConnection.GetValueOrDefault(id, shape.Key) == shape.Key,
                $"{shape} was given connection {id}, which was made for\n {byConnection.GetValueOrDefault(id)}, and not for\n {shape.Key}");
            Assert.True(
                byKey.GetValueOrDefault(shape.Key, id) == id,
                $"{shape} was given connection {id}, although {byKey.GetValueOrDefault(shape.Key)} is there for {shape.Key}");
            byConnection[id] = shape.Key;
            byKey[shape.Key] = id;
        }

        Assert.True(byKey.Count > 300, $"only {byKey.Count} connections");
        AssertEachMemberHasVaried(handler);
    }

    /// <summary>A member of the route that no option above changes would be one that this test says nothing about.</summary>
    private static void AssertEachMemberHasVaried(PooledHttpHandler handler)
    {
        RouteIdentity[] routes = [.. PoolOf(handler).Origins.Select(static origin => origin.Route.Identity)];
        PropertyInfo[] members = typeof(RouteIdentity).GetProperties(BindingFlags.Instance | BindingFlags.Public);
        Assert.NotEmpty(members);
        foreach (PropertyInfo member in members)
        {
            Assert.True(
                routes.Select(route => member.GetValue(route)).Distinct().Take(2).Count() == 2,
                $"RouteIdentity.{member.Name} was the same on all routes: give Shape an option that changes it.");
        }
    }

    private static ConnectionPool PoolOf(PooledHttpHandler handler)
    {
        const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;
        var lifetime = (HandlerLifetime)typeof(PooledHttpHandler).GetField("_lifetime", Private)!.GetValue(handler)!;
        return (ConnectionPool)lifetime.Started!.GetType().GetField("_pool", Private)!.GetValue(lifetime.Started)!;
    }

    /// <summary>Every combination of two values of each option, and some with a third.</summary>
    private static IEnumerable<Shape> Combinations()
    {
        for (int bits = 0; bits < 1 << 10; bits++)
        {
            int of = bits;
            yield return Shape.Of(Enumerable.Range(0, 10).Select(i => (of >> i) & 1).ToArray());
        }

        var random = new Random(20260512);
        for (int i = 0; i < 300; i++)
        {
            yield return Shape.Of(Enumerable.Range(0, 10).Select(_ => random.Next(3)).ToArray());
        }
    }

    private static Shape[] Shuffled(Shape[] all)
    {
        Shape[] copy = [.. all];
        new Random(7).Shuffle(copy);
        return copy;
    }

    private static PooledHttpHandler NewHandler()
    {
        var credentials = new CredentialCache();
        foreach (string host in Shape.Hosts)
        {
            foreach (string scheme in (string[])["http", "https"])
            {
                foreach (int port in Shape.Ports)
                {
                    foreach (string? who in Shape.Names)
                    {
                        if (who is not null)
                        {
                            credentials.Add(new Uri($"{scheme}://{host}:{port}/ntlm-{who}/"), "NTLM", new NetworkCredential(who, "p"));
                        }
                    }
                }
            }
        }

        return new PooledHttpHandler
        {
            ConnectCallback = static (context, _) =>
                ValueTask.FromResult(SharingServer.Connect($"{context.DnsEndPoint.Host}:{context.DnsEndPoint.Port}")),
            ConnectUnix = static (endPoint, _) => Task.FromResult(SharingServer.Connect(endPoint.ToString())),
            TimeProvider = new FakeTime(),
            UseProxy = false,
            UseCookies = false,
            Credentials = credentials,
            Negotiations = new ScriptedNegotiations { SaysName = true },
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
            MaxConnections = 10_000,
            MaxIdleConnections = 10_000,
            MaxIdleConnectionsPerServer = 10_000,
        };
    }

    /// <summary>A request, and what its connection must be like.</summary>
    private sealed record Shape(
        bool IsTls,
        string Host,
        int Port,
        string? HostHeader,
        string? ServerName,
        X509Certificate2? Certificate,
        WebProxy? Proxy,
        string? UnixPath,
        int Version,
        string? Who)
    {
        public static readonly string[] Hosts = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
        public static readonly int[] Ports = [1080, 8443, 8080];
        public static readonly string?[] Names = [null, "me", "you"];

        // The same names in both: what proves itself under a name is not what the request is for.
        private static readonly string?[] s_hostHeaders = [null, "h.test", "n.test"];
        private static readonly string?[] s_serverNames = [null, "n.test", "h.test"];
        private static readonly X509Certificate2?[] s_certificates = [null, TestCertificates.Client, TestCertificates.Server];
        private static readonly WebProxy?[] s_proxies = [null, s_proxy, s_sameWithCredentials];
        private static readonly string?[] s_paths = [null, "/a.sock", "/A.sock"];

        /// <summary>Nothing goes through a proxy and a Unix domain socket.</summary>
        public bool IsContradiction => Proxy is not null && UnixPath is not null;

        /// <summary>0: 1.1. 1: 2.0 or lower, which without TLS is 1.1. 2: 2.0 exactly.</summary>
        private bool IsHttp2 => Version == 2 || (Version == 1 && IsTls);

        /// <summary>Connections are authenticated with HTTP/1.1 only.</summary>
        private string? Identity => Version == 0 ? Who : null;

        private bool IsForwarded => Proxy is not null && !IsTls && !IsHttp2;

        private string? NameToProve => !IsTls ? null : ServerName ?? HostHeader ?? Host;

        /// <summary>What its connection is made of.</summary>
        public string Key => IsForwarded
            ? $"forwarded {ProxyText} {(Identity is null ? null : $"{Identity} at {Host}:{Port}")}"
            : $"{IsTls} {Host}:{Port} {NameToProve} {(IsTls ? HostHeader : null)} {(IsTls ? Certificate?.Subject : null)} {ProxyText} "
                + $"{UnixPath} {IsHttp2} {Identity}";

        /// <summary>The same as far as its server can tell.</summary>
        public string Made => SharingServer.Made(
            UnixPath ?? (Proxy is null ? $"{Host}:{Port}" : "192.0.2.9:3128"),
            Proxy is not null && !IsForwarded ? $"{Host}:{Port}" : null,
            NameToProve is { } name ? IPAddress.TryParse(name, out _) ? "" : name : null,
            IsTls ? Certificate?.Subject : null,
            IsHttp2,
            Identity);

        private string ProxyText => Proxy is null ? "" : $"{Proxy.Address} {Proxy.Credentials is not null}";

        public static Shape Of(int[] choice) => new(
            choice[0] > 0,
            Hosts[choice[1]],
            Ports[choice[2]],
            s_hostHeaders[choice[3]],
            s_serverNames[choice[4]],
            s_certificates[choice[5]],
            s_proxies[choice[6]],
            s_paths[choice[7]],
            choice[8] == 1 ? 2 : choice[8] == 2 ? 1 : 0,
            Names[choice[9]]);

        public HttpRequestMessage Request()
        {
            string path = Identity is null ? "" : $"ntlm-{Identity}/";
            var request = new HttpRequestMessage(HttpMethod.Get, $"{(IsTls ? "https" : "http")}://{Host}:{Port}/{path}")
            {
                Version = Version == 0 ? HttpVersion.Version11 : HttpVersion.Version20,
                VersionPolicy = Version == 2 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
            };
            request.Headers.Host = HostHeader;
            Set(TransportOptions.TlsServerName, ServerName);
            Set(TransportOptions.ClientCertificate, Certificate);
            Set(TransportOptions.Proxy, Proxy);
            if (UnixPath is not null)
            {
                request.Options.Set(TransportOptions.UnixSocketPath, UnixPath);
            }

            return request;

            void Set<T>(HttpRequestOptionsKey<T> key, T? value)
                where T : class
            {
                if (value is not null)
                {
                    request.Options.Set(key, value);
                }
            }
        }
    }
}
