using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Warmwire.Tests.Dialing;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What the server learns of the client's TLS, the same from both handlers.</summary>
public sealed class TlsParityTests
{
    [Theory]
    [InlineData("collection", "CN=client")]
    [InlineData("callback", "CN=client")]
    [InlineData("context", "CN=client")]
    [InlineData("none", "none")]
    public async Task A_client_certificate_reaches_the_server(string way, string expected)
    {
        await AssertSameAsync(expected + " server.test TLS " + expected, options =>
        {
            switch (way)
            {
                case "collection":
                    options.ClientCertificates = [TestCertificates.Client];
                    break;
                case "callback":
                    options.LocalCertificateSelectionCallback = (_, _, _, _, _) => TestCertificates.Client;
                    break;
                case "context":
                    options.ClientCertificateContext = SslStreamCertificateContext.Create(
                        TestCertificates.Client, additionalCertificates: null, offline: true);
                    break;
                default:
                    break;
            }
        }, async (client, uri) =>
        {
            string first = await client.GetStringAsync(uri);
            return first + " " + (await client.GetStringAsync(uri)).Split(' ')[0];
        });
    }

    [Fact]
    public async Task The_certificate_of_a_request_has_connections_of_its_own()
    {
        await using KestrelServer server = await StartAsync();
        using PooledHttpHandler handler = Ours(_ => { }, server);
        using var client = new HttpClient(handler);
        Assert.Equal("none", await SendAsync(certificate: null));
        Assert.Equal("CN=client", await SendAsync(TestCertificates.Client));
        Assert.Equal("none", await SendAsync(certificate: null));
        Assert.Equal("CN=client", await SendAsync(TestCertificates.Client));
        Assert.Equal(2, server.Connections);
        Assert.Equal(2, handler.GetSnapshot().Origins.Count);

        async Task<string> SendAsync(X509Certificate2? certificate)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Named(server, "server.test"));
            if (certificate is not null)
            {
                request.Options.Set(TransportOptions.ClientCertificate, certificate);
            }

            using HttpResponseMessage response = await client.SendAsync(request);
            return (await response.Content.ReadAsStringAsync()).Split(' ')[0];
        }
    }

    [Fact]
    public Task The_server_name_is_the_host_of_the_URI_or_the_Host_of_the_request() =>
        AssertSameAsync("server.test|one.server.test|one.server.test", _ => { }, async (client, uri) =>
        {
            string own = await NameAsync(client, uri, host: null);
            string given = await NameAsync(client, uri, "one.server.test");
            string withPort = await NameAsync(client, uri, "one.server.test:8443");
            return $"{own}|{given}|{withPort}";
        });

    // A deliberate difference: a setting that is ignored is a trap, and this one says whom to trust.
    [Theory]
    [InlineData(null, "server.test")]
    [InlineData("one.server.test", "one.server.test")]
    public async Task A_target_host_that_was_set_is_the_name_while_NET_overwrites_it(string? host, string reference)
    {
        await using KestrelServer server = await StartAsync();
        SslClientAuthenticationOptions options = TestCertificates.Trusting();
        options.TargetHost = "two.server.test";
        using var theirs = new HttpClient(
            new SocketsHttpHandler { UseProxy = false, SslOptions = options, ConnectCallback = Connect(server, null) });
        Assert.Equal(reference, await NameAsync(theirs, Named(server, "server.test"), host));
        using var ours = new HttpClient(Ours(own => own.TargetHost = "two.server.test", server));
        Assert.Equal("two.server.test", await NameAsync(ours, Named(server, "server.test"), host));
    }

    [Fact]
    public async Task A_connection_that_was_opened_beforehand_proves_the_target_host_too()
    {
        await using KestrelServer server = await StartAsync();
        using PooledHttpHandler handler = Ours(static own => own.TargetHost = "two.server.test", server);
        using var client = new HttpClient(handler);
        Assert.Equal(1, await handler.PrewarmAsync(Named(server, "server.test"), 1));
        Assert.Equal("two.server.test", await NameAsync(client, Named(server, "server.test"), host: null));
        Assert.Equal(1, Assert.Single(handler.GetSnapshot().Origins).ConnectionsOpened);
    }

    /// <summary>Else who has the certificate of the one could pass as the other.</summary>
    [Fact]
    public async Task What_one_request_says_of_TLS_does_not_follow_it_to_another_origin()
    {
        await using KestrelServer server = await StartAsync();
        X509Certificate2 certificate = TestCertificates.Client;
        using PooledHttpHandler handler = Ours(static _ => { }, server);
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Named(server, "server.test"), "/away"));
        request.Options.Set(TransportOptions.TlsServerName, "two.server.test");
        request.Options.Set(TransportOptions.ClientCertificate, certificate);
        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
        Assert.Equal("none one.server.test TLS", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public Task The_callback_decides_whom_to_trust_and_sees_what_is_wrong()
    {
        string seen = "";
        return AssertSameAsync("RemoteCertificateChainErrors CN=localhost", options =>
        {
            seen = "";
            options.CertificateChainPolicy = null;
            options.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            {
                seen += $"{errors} {certificate!.Subject}";
                return true;
            };
        }, async (client, uri) =>
        {
            await client.GetStringAsync(uri);
            await client.GetStringAsync(uri);
            return seen;
        });
    }

    [Fact]
    public Task The_callback_may_refuse() =>
        AssertSameAsync(
            "SecureConnectionError AuthenticationException",
            options => options.RemoteCertificateValidationCallback = (_, _, _, _) => false,
            async (client, uri) =>
        {
            HttpRequestException e = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync(uri));
            return $"{e.HttpRequestError} {e.InnerException?.GetType().Name}";
        });

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public Task The_protocol_is_the_one_that_was_enabled(SslProtocols protocol) =>
        AssertSameAsync(
            protocol.ToString(),
            options => options.EnabledSslProtocols = protocol,
            async (client, uri) => (await client.GetStringAsync(new Uri(uri, "/protocol"))).Trim());

    [Theory]
    [InlineData(X509RevocationMode.Offline)]
    [InlineData(X509RevocationMode.Online)]
    public Task A_revocation_mode_is_accepted(X509RevocationMode mode) =>
        AssertSameAsync("ok", options =>
        {
            options.CertificateChainPolicy = null;
            options.CertificateRevocationCheckMode = mode;
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }, async (client, uri) =>
        {
            await client.GetStringAsync(uri);
            return "ok";
        });

    [Fact]
    public async Task A_second_connection_resumes_the_session_of_the_first()
    {
        // .NET keeps sessions by target name for the whole process, so this test has its own.
        string host = $"{Guid.NewGuid():N}.server.test";
        await using KestrelServer server = await StartAsync();
        var received = new List<CountingStream>();
        using PooledHttpHandler handler = Ours(_ => { }, server, connected: stream =>
        {
            var counting = new CountingStream(stream);
            received.Add(counting);
            return counting;
        });
        using var client = new HttpClient(handler);
        for (int i = 0; i < 2; i++)
        {
            await client.GetStringAsync(Named(server, host));
            Assert.Equal(1, handler.CloseIdleConnections());
        }

        // The certificate is what a full handshake has and a resumed one has not.
        Assert.Equal(2, server.TlsHandshakes);
        Assert.True(received[1].BytesRead < received[0].BytesRead - 200, $"{received[0].BytesRead} bytes, then {received[1].BytesRead}");
    }

    [Fact]
    public Task The_callbacks_of_a_connection_get_what_they_get_in_NET()
    {
        string log = "";
        return AssertSameAsync("connect server.test GET same|filter 1.1 GET same SslStream|", _ => log = "", async (client, uri) =>
        {
            await client.GetStringAsync(uri);
            await client.GetStringAsync(uri);
            return log;
        },
            connected: (context, stream) =>
            {
                log += $"connect {context.DnsEndPoint.Host} {context.InitialRequestMessage.Method} {Same(context.InitialRequestMessage)}|";
                return stream;
            },
            filter: (context, _) =>
            {
                log += $"filter {context.NegotiatedHttpVersion} {context.InitialRequestMessage.Method} "
                    + $"{Same(context.InitialRequestMessage)} {context.PlaintextStream.GetType().Name}|";
                return ValueTask.FromResult<Stream>(new CountingStream(context.PlaintextStream));
            });

        static string Same(HttpRequestMessage request) => request.RequestUri!.Host == "server.test" ? "same" : "other";
    }

    private static Task<KestrelServer> StartAsync() => KestrelServer.StartAsync(
        static context => context.Request.Path == "/away" ? Leave(context) : context.Response.WriteAsync(context.Request.Path == "/protocol"
            ? context.Features.Get<ITlsHandshakeFeature>()!.Protocol.ToString()
            : $"{context.Connection.ClientCertificate?.Subject ?? "none"} "
                    + $"{context.Features.Get<ISslStreamFeature>()!.SslStream.TargetHostName} TLS"),
        new KestrelServerSettings { ClientCertificates = ClientCertificateMode.AllowCertificate });

    private static Task Leave(HttpContext context)
    {
        context.Response.Redirect($"https://one.server.test:{context.Connection.LocalPort}/");
        return Task.CompletedTask;
    }

    private static Uri Named(KestrelServer server, string host) => new UriBuilder(server.HttpsUri) { Host = host }.Uri;

    private static async Task<string> NameAsync(HttpClient client, Uri uri, string? host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.Host = host;
        using HttpResponseMessage response = await client.SendAsync(request);
        return (await response.Content.ReadAsStringAsync()).Split(' ')[1];
    }

    private static async Task AssertSameAsync(
        string expected,
        Action<SslClientAuthenticationOptions> configure,
        Func<HttpClient, Uri, Task<string>> scenario,
        Func<SocketsHttpConnectionContext, Stream, Stream>? connected = null,
        Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? filter = null)
    {
        foreach (bool ours in new[] { false, true })
        {
            await using KestrelServer server = await StartAsync();
            SslClientAuthenticationOptions options = TestCertificates.Trusting();
            configure(options);
            using var client = new HttpClient(ours
                ? new PooledHttpHandler
            {
                UseProxy = false,
                SslOptions = options,
                ConnectCallback = Connect(server, connected),
                PlaintextStreamFilter = filter,
            }
                : new SocketsHttpHandler
            {
                UseProxy = false,
                SslOptions = options,
                ConnectCallback = Connect(server, connected),
                PlaintextStreamFilter = filter,
            });
            string actual = await scenario(client, Named(server, "server.test"));
            Assert.True(expected == actual, $"{(ours ? "ours" : ".NET")}: expected {expected}, got {actual}");
        }
    }

    private static PooledHttpHandler Ours(
        Action<SslClientAuthenticationOptions> configure, KestrelServer server, Func<Stream, Stream>? connected = null)
    {
        SslClientAuthenticationOptions options = TestCertificates.Trusting();
        configure(options);
        return new PooledHttpHandler
        {
            UseProxy = false,
            SslOptions = options,
            ConnectCallback = Connect(server, connected is null ? null : (_, stream) => connected(stream)),
        };
    }

    /// <summary>Whatever the name, there is one server.</summary>
    private static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> Connect(
        KestrelServer server, Func<SocketsHttpConnectionContext, Stream, Stream>? connected) =>
        async (context, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.HttpsUri.Port), token);
            var stream = new NetworkStream(socket, ownsSocket: true);
            return connected?.Invoke(context, stream) ?? stream;
        };

    private sealed class CountingStream(Stream inner) : Stream
    {
        public long BytesRead { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await inner.ReadAsync(buffer, cancellationToken);
            BytesRead += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
