using System.Net;
using Warmwire.Cli.Serving;
using Xunit;

namespace Warmwire.Cli.Tests.Serving;

public sealed class EmbeddedServerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_counts_connections_handshakes_and_requests(bool tls)
    {
        await using EmbeddedServer server = await EmbeddedServer.StartAsync(tls);
        using var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            SelfSignedCertificate.Thumbprint(certificate!) == server.Thumbprint;
        using var client = new HttpClient(handler);
        var uri = new UriBuilder(tls ? "https" : "http", "127.0.0.1", server.Port).Uri;
        for (int n = 0; n < 5; n++)
        {
            using HttpResponseMessage response = await client.GetAsync(uri);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(HttpVersion.Version11, response.Version);
            Assert.Equal("Hello, world.\n", await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(new ServerCounts(1, tls ? 1 : 0, 5), server.Counts);
    }
}
