using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Warmwire.Clients.Tests.Kit;

/// <summary>An ASP.NET Core application in the same process, with whatever services and endpoints the test wants.</summary>
internal sealed class AppServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _connections;

    private AppServer(HttpProtocols protocols, Action<IServiceCollection> services, Action<WebApplication> endpoints)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            listen.Use(next => connection =>
            {
                Interlocked.Increment(ref _connections);
                return next(connection);
            });
        }));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        services(builder.Services);
        _app = builder.Build();
        endpoints(_app);
    }

    public Uri Uri { get; private set; } = null!;

    public int Connections => Volatile.Read(ref _connections);

    public static async Task<AppServer> StartAsync(
        Action<WebApplication> endpoints, Action<IServiceCollection>? services = null, HttpProtocols protocols = HttpProtocols.Http1)
    {
        var server = new AppServer(protocols, services ?? (_ => { }), endpoints);
        await server._app.StartAsync();
        IServerAddressesFeature addresses = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        server.Uri = new Uri(addresses.Addresses.Single());
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
