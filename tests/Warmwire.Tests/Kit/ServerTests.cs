using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Warmwire.Tests.Servers.Http2;
using Xunit;

namespace Warmwire.Tests.Kit;

public class ServerTests
{
    [Fact]
    public async Task A_raw_server_runs_its_script_per_connection()
    {
        await using var server = new RawServer(async (stream, index, token) =>
        {
            byte[] request = new byte[1024];
            Assert.NotEqual(0, await stream.ReadAsync(request, token));
            if (index == 0)
            {
                RawServer.Reset(stream);
                return;
            }

            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray(), token);
        });
        using HttpClient client = CreateClient();
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(server.Uri));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(e.GetBaseException()).SocketErrorCode);
        Assert.Equal("ok", await client.GetStringAsync(server.Uri));
        Assert.Equal(2, server.Accepted);
        await Eventually.IsTrue(() => server.Open == 0, "both scripts returned");
    }

    [Fact]
    public async Task A_failed_script_surfaces_at_disposal()
    {
        var server = new RawServer((_, _, _) => throw new InvalidDataException("script"));
        using (var client = new TcpClient())
        {
            await client.ConnectAsync("127.0.0.1", server.Port);
            await Eventually.IsTrue(() => server.Accepted == 1 && server.Open == 0, "the script failed");
        }

        var e = await Assert.ThrowsAsync<AggregateException>(() => server.DisposeAsync().AsTask());
        Assert.IsType<InvalidDataException>(Assert.Single(e.InnerExceptions));
    }

    [Fact]
    public async Task Disposal_cancels_waiting_scripts()
    {
        var server = new RawServer((_, _, token) => Task.Delay(Timeout.Infinite, token));
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", server.Port);
        await Eventually.IsTrue(() => server.Open == 1, "the script runs");
        await server.DisposeAsync();
        Assert.Equal(0, server.Open);
    }

    [Fact]
    public async Task Kestrel_serves_http_and_https_and_counts()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            context => context.Response.WriteAsync(
                $"{context.Request.Protocol} {context.Request.Path} {context.Connection.ClientCertificate?.Subject}"),
            new KestrelServerSettings { ClientCertificates = ClientCertificateMode.AllowCertificate });
        using HttpClient client = CreateClient();
        Assert.Equal("HTTP/1.1 /a ", await client.GetStringAsync(new Uri(server.HttpUri, "/a")));
        Assert.Equal("HTTP/1.1 /b CN=client", await client.GetStringAsync(new Uri(server.HttpsUri, "/b")));
        Assert.Equal("HTTP/1.1 /c CN=client", await client.GetStringAsync(new Uri(server.HttpsUri, "/c")));
        Assert.Equal((2, 1, 3), (server.Connections, server.TlsHandshakes, server.Requests));
        client.Dispose();
        await Eventually.IsTrue(() => server.OpenConnections == 0, "all connections closed");
    }

    private static HttpClient CreateClient()
    {
        System.Net.Security.SslClientAuthenticationOptions ssl = TestCertificates.Trusting();
        ssl.LocalCertificateSelectionCallback = (_, _, _, _, _) => TestCertificates.Client;
        return new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = ssl });
    }
}
