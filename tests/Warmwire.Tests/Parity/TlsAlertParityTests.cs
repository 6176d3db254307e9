using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What TLS servers say, and what they are told.</summary>
public sealed class TlsAlertParityTests
{
    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    [Trait("Issue10", "M14-certificate-required")]
    public async Task A_server_that_requires_a_certificate_gives_SecureConnectionError(SslProtocols protocol)
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            using OpenSslServer server =
                await OpenSslServer.StartAsync(protocol == SslProtocols.Tls13 ? "-tls1_3" : "-tls1_2", "-Verify", "1");
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellAsync("request", ParityStage.Soon(
                invoker.SendAsync(ParityStage.Get($"https://localhost:{server.Port}/"), default), "the request's end"));
        });
        HttpRequestError theirs = protocol == SslProtocols.Tls13 ? HttpRequestError.Unknown : HttpRequestError.SecureConnectionError;
        Assert.StartsWith($"HttpRequestException({theirs})", reference["request"], StringComparison.Ordinal);
        Assert.StartsWith("HttpRequestException(SecureConnectionError)", ours["request"], StringComparison.Ordinal);
    }

    // RFC 6066 §3: the name in SNI has no trailing dot.
    [Fact]
    [Trait("Issue10", "M15-sni-trailing-dot")]
    public Task The_name_in_SNI_has_no_trailing_dot() => ParityScenario.AssertDifferenceAsync(
        async stage =>
        {
            string? name = null;
            await using var server = new RawServer(async (stream, _, token) =>
            {
                using var tls = new SslStream(stream);
                try
                {
                    await tls.AuthenticateAsServerAsync(
                        (_, hello, _, _) =>
                        {
                            name = hello.ServerName;
                            return ValueTask.FromResult(TestCertificates.Presenting());
                        },
                        null,
                        token);
                    await RawPeer.AnswerAllAsync(stream, "", token);
                }
                catch (Exception e) when (e is IOException or AuthenticationException)
                {
                    // only the name is of interest
                }
            });
            using HttpMessageInvoker invoker = stage.Invoker(new
            {
                SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>(async (_, token) =>
                {
                    var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                    await socket.ConnectAsync(IPAddress.Loopback, server.Port, token);
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                }),
            });
            using var source = new CancellationTokenSource();
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Get("https://server.test./"), source.Token);
            await Eventually.IsTrue(() => name is not null, "the handshake begins");
            await source.CancelAsync();
            // Real time: the limit of the wait for the end of the request, which is not what the test looks at.
            await Task.WhenAny(sending, Task.Delay(2000));
            _ = sending.Exception;
            stage.Outcome.Tell("server name", name);
        },
        ("server name", "server.test.", "server.test"));
}
