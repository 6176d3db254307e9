using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Warmwire.Tests.Kit;

public sealed record KestrelServerSettings
{
    public HttpProtocols Protocols { get; init; } = HttpProtocols.Http1;

    public ClientCertificateMode ClientCertificates { get; init; } = ClientCertificateMode.NoCertificate;

    /// <summary>The rest of Kestrel's own settings.</summary>
    public Action<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>? Configure { get; init; }
}

/// <summary>A real server in the same process, with http and https on loopback.</summary>
public sealed class KestrelServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _connections;
    private int _open;
    private int _handshakes;
    private int _requests;

    private KestrelServer(KestrelServerSettings options, RequestDelegate handle)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            // A request that a test holds back must not be taken for a slow one: by default its connection is reset after 5 s.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.AddServerHeader = false;
            options.Configure?.Invoke(kestrel);
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = options.Protocols;
                listen.Use(CountConnection);
            });
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = options.Protocols;
                listen.Use(CountConnection);
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = TestCertificates.Server,
                    ClientCertificateMode = options.ClientCertificates,
                    ClientCertificateValidation = (_, _, _) => true,
                });
                listen.Use(CountHandshake);
            });
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        _app = builder.Build();
        _app.Run(context =>
        {
            Interlocked.Increment(ref _requests);
            return handle(context);
        });
    }

    /// <summary>http://127.0.0.1:port/</summary>
    public Uri HttpUri { get; private set; } = null!;

    /// <summary>https://localhost:port/, the name in <see cref="TestCertificates.Server"/>.</summary>
    public Uri HttpsUri { get; private set; } = null!;

    /// <summary>Connections accepted, over both ports.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public int OpenConnections => Volatile.Read(ref _open);

    /// <summary>Handshakes completed.</summary>
    public int TlsHandshakes => Volatile.Read(ref _handshakes);

    public int Requests => Volatile.Read(ref _requests);

    public static async Task<KestrelServer> StartAsync(RequestDelegate handle, KestrelServerSettings? options = null)
    {
        var server = new KestrelServer(options ?? new KestrelServerSettings(), handle);
        await server._app.StartAsync().ConfigureAwait(false);
        foreach (string address in server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses)
        {
            var uri = new Uri(address);
            if (uri.Scheme == Uri.UriSchemeHttps)
            {
                server.HttpsUri = new UriBuilder(uri) { Host = "localhost" }.Uri;
            }
            else
            {
                server.HttpUri = uri;
            }
        }

        return server;
    }

    /// <summary>Stops at once; requests in flight are aborted.</summary>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private ConnectionDelegate CountConnection(ConnectionDelegate next) => async connection =>
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _open);
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    };

    private ConnectionDelegate CountHandshake(ConnectionDelegate next) => connection =>
    {
        Interlocked.Increment(ref _handshakes);
        return next(connection);
    };
}
