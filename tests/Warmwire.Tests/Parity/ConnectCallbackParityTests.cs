using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>ConnectCallback that does the TLS handshake itself (own server name, pinning).</summary>
public sealed class ConnectCallbackParityTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Issue10", "D1-callback-sslstream")]
    public Task An_authenticated_SslStream_for_https_is_used_with_what_it_negotiated(bool http2) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(
                async context => await context.Response.WriteAsync(context.Request.Protocol),
                new KestrelServerSettings { Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http1AndHttp2 });
            string? serverName = null;
            using HttpMessageInvoker invoker = stage.Invoker(new
            {
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>(async (_, token) =>
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(IPAddress.Loopback, server.HttpsUri.Port, token);
                    var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                    SslClientAuthenticationOptions options = TestCertificates.Trusting();
                    options.TargetHost = "server.test";
                    options.ApplicationProtocols = [http2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11];
                    await tls.AuthenticateAsClientAsync(options, token);
                    serverName = tls.TargetHostName;
                    return tls;
                }),
                SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => false },
            });
            using var request = new HttpRequestMessage(HttpMethod.Get, "https://pinned.example/")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            };
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, default).WaitAsync(TimeSpan.FromSeconds(4)));
            stage.Outcome.Tell("handshakes", server.TlsHandshakes);
            stage.Outcome.Tell("server name", serverName);
        },
        ("response", http2 ? "200 HTTP/2" : "200 HTTP/1.1"), ("handshakes", 1));

    // SocketsHttpHandler writes HTTP/1.1 to it all the same.
    [Fact]
    [Trait("Issue10", "D1-callback-sslstream")]
    public async Task An_SslStream_that_negotiated_HTTP_2_is_refused_in_words_for_a_request_of_HTTP_1()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            _ => Task.CompletedTask,
            new KestrelServerSettings { Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http1AndHttp2 });
        using var handler = new PooledHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, server.HttpsUri.Port, token);
                var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                SslClientAuthenticationOptions options = TestCertificates.Trusting();
                options.TargetHost = "server.test";
                options.ApplicationProtocols = [SslApplicationProtocol.Http2];
                await tls.AuthenticateAsClientAsync(options, token);
                return tls;
            },
        };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        HttpRequestException e = await Assert.ThrowsAnyAsync<HttpRequestException>(
            () => Guard.Within(invoker.SendAsync(ParityStage.Get("https://pinned.example/"), default), () => "hangs"));
        Assert.Equal(HttpRequestError.SecureConnectionError, e.HttpRequestError);
        Assert.Contains("negotiated HTTP/2", e.Message, StringComparison.Ordinal);
    }
}
