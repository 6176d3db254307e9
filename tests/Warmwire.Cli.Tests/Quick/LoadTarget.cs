using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli.Tests.Quick;

/// <summary>A server in this process that counts its connections and answers as a test says.</summary>
internal sealed class LoadTarget : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly X509Certificate2? _certificate;
    private int _connections;

    private LoadTarget(RequestDelegate answer, HttpProtocols protocols, bool tls, bool asksCertificate, string? unixSocket)
    {
        _certificate = tls ? SelfSignedCertificate.Create() : null;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        EndPoint end = unixSocket is null ? new IPEndPoint(IPAddress.Loopback, 0) : new UnixDomainSocketEndPoint(unixSocket);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(end, listen =>
        {
            listen.Protocols = protocols;
            listen.Use(next => connection =>
            {
                Interlocked.Increment(ref _connections);
                return next(connection);
            });
            if (_certificate is not null)
            {
                listen.UseHttps(_certificate, https =>
                {
                    https.ClientCertificateMode = asksCertificate ? ClientCertificateMode.RequireCertificate
                        : ClientCertificateMode.NoCertificate;
                    https.ClientCertificateValidation = static (_, _, _) => true;
                });
            }
        }));
        _application = builder.Build();
        _application.Run(answer);
    }

    public Uri Url { get; private set; } = null!;

    public int Connections => Volatile.Read(ref _connections);

    public static Task<LoadTarget> StartAsync(string body = "ok") => StartAsync(context => context.Response.WriteAsync(body));

    public static async Task<LoadTarget> StartAsync(
        RequestDelegate answer,
        HttpProtocols protocols = HttpProtocols.Http1,
        bool tls = false,
        bool asksCertificate = false,
        string? unixSocket = null)
    {
        var target = new LoadTarget(answer, protocols, tls, asksCertificate, unixSocket);
        await target._application.StartAsync();
        IFeatureCollection features = target._application.Services.GetRequiredService<IServer>().Features;
        string address = features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        target.Url = unixSocket is null ? new Uri(address) : new Uri("http://localhost/");
        return target;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _certificate?.Dispose();
    }
}
