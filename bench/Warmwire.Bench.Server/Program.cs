using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Warmwire.Bench.Server;

// The arguments: port for http, port for https, certificate and key in PEM files. It ends when its standard input does.
if (args is not [var httpPort, var httpsPort, var certificateFile, var keyFile])
{
    await Console.Error.WriteLineAsync("usage: Warmwire.Bench.Server HTTP-PORT HTTPS-PORT CERTIFICATE.pem KEY.pem; started by bench/bench");
    return 2;
}

var connections = new ConnectionCount();
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseKestrelHttpsConfiguration();
builder.WebHost.ConfigureKestrel(options =>
{
    options.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
    options.Limits.MinRequestBodyDataRate = null;
    options.Limits.MinResponseDataRate = null;
    options.Listen(IPAddress.Loopback, int.Parse(httpPort, CultureInfo.InvariantCulture), listen =>
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(connections.Count);
    });
    options.Listen(IPAddress.Loopback, int.Parse(httpsPort, CultureInfo.InvariantCulture), listen =>
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(connections.Count);
        listen.UseHttps(X509CertificateLoader.LoadPkcs12(
            X509Certificate2.CreateFromPemFile(certificateFile, keyFile).Export(X509ContentType.Pkcs12), password: null));
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
