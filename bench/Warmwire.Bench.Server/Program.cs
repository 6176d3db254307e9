using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Warmwire.Bench.Server;

// The arguments: ports for http and https, the same for HTTP/2, the most streams of an HTTP/2 connection, certificate and key in PEM files.
// It ends when its standard input does.
if (args is not [var httpPort, var httpsPort, var http2Port, var https2Port, var streams, var certificateFile, var keyFile])
{
    await Console.Error.WriteLineAsync(
        "usage: Warmwire.Bench.Server HTTP-PORT HTTPS-PORT HTTP2-PORT HTTPS2-PORT STREAMS CERTIFICATE.pem KEY.pem; started by bench/bench");
    return 2;
}

using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(
    X509Certificate2.CreateFromPemFile(certificateFile, keyFile).Export(X509ContentType.Pkcs12), password: null);
var connections = new ConnectionCount();
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseKestrelHttpsConfiguration();
builder.WebHost.ConfigureKestrel(options =>
{
    options.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
    options.Limits.MinRequestBodyDataRate = null;
    options.Limits.MinResponseDataRate = null;
    options.Limits.Http2.MaxStreamsPerConnection = int.Parse(streams, CultureInfo.InvariantCulture);
    Listen(httpPort, HttpProtocols.Http1, isSecure: false);
    Listen(httpsPort, HttpProtocols.Http1, isSecure: true);
    Listen(http2Port, HttpProtocols.Http2, isSecure: false);
    Listen(https2Port, HttpProtocols.Http2, isSecure: true);

    // Every address of 127.0.0.0/8 is an origin to a client, and no other machine is served.
    void Listen(string port, HttpProtocols protocols, bool isSecure) =>
        options.Listen(port == httpPort ? IPAddress.Any : IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture), listen =>
        {
            listen.Use(static next => connection =>
                connection.RemoteEndPoint is IPEndPoint { Address: var address } && IPAddress.IsLoopback(address)
                    ? next(connection)
                    : Task.CompletedTask);
            listen.Protocols = protocols;
            listen.Use(connections.Count);
            if (isSecure)
            {
                listen.UseHttps(certificate);
            }
        });
});

WebApplication application = builder.Build();
application.Run(new Answers(connections).AnswerAsync);
await application.StartAsync();
Console.WriteLine("ready");
while (Console.ReadLine() is not null)
{
}

return 0;
