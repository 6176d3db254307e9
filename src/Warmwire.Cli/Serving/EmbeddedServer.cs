using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Warmwire.Samples.PubSubEmulator;

namespace Warmwire.Cli.Serving;

/// <summary>
/// Kestrel on 127.0.0.1, HTTP/1.1 only: a small answer to every request, or a Pub/Sub emulator, and a count of what it saw.
/// </summary>
internal sealed class EmbeddedServer : IAsyncDisposable
{
    private static ReadOnlySpan<byte> Answer => "Hello, world.\n"u8;

    private readonly X509Certificate2? _certificate;
    private readonly WebApplication _application;
    private long _connections;
    private long _tlsHandshakes;
    private long _requests;

    private EmbeddedServer(bool tls, bool emulator)
    {
        _certificate = tls ? SelfSignedCertificate.Create() : null;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, Listen);
        });
        builder.Services.AddRoutingCore();
        _application = builder.Build();
        if (emulator)
        {
            _application.Use(CountAsync);
            PubSubEmulatorEndpoint.Map(_application, new PubSubEmulatorSettings());
        }
        else
        {
            _application.Run(AnswerAsync);
        }
    }

    public int Port { get; private set; }

    public string? Thumbprint => _certificate is null ? null : SelfSignedCertificate.Thumbprint(_certificate);

    public ServerCounts Counts => new(Volatile.Read(ref _connections), Volatile.Read(ref _tlsHandshakes), Volatile.Read(ref _requests));

    public static async Task<EmbeddedServer> StartAsync(bool tls, bool emulator = false)
    {
        var server = new EmbeddedServer(tls, emulator);
        await server._application.StartAsync();
        IFeatureCollection features = server._application.Services.GetRequiredService<IServer>().Features;
        string address = features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        server.Port = new Uri(address).Port;
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _certificate?.Dispose();
    }

    private void Listen(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            Interlocked.Increment(ref _connections);
            return next(connection);
        });
        if (_certificate is not null)
        {
            // What stands behind UseHttps runs only once the handshake has succeeded.
            listen.UseHttps(_certificate);
            listen.Use(next => connection =>
            {
                Interlocked.Increment(ref _tlsHandshakes);
                return next(connection);
            });
        }
    }

    private Task CountAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _requests);
        return next(context);
    }

    private Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = Answer.Length;
        Answer.CopyTo(context.Response.BodyWriter.GetSpan(Answer.Length));
        context.Response.BodyWriter.Advance(Answer.Length);
        return Task.CompletedTask;
    }
}
