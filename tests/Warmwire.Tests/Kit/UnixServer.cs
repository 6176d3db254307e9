using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Warmwire.Tests.Kit;

/// <summary>Kestrel at a Unix domain socket.</summary>
public sealed class UnixServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _connections;
    private int _open;

    private UnixServer(string path, HttpProtocols protocols, bool tls, RequestDelegate handle)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenUnixSocket(path, listen =>
            {
                listen.Protocols = protocols;
                listen.Use(next => async connection =>
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
                });
                if (tls)
                {
                    listen.UseHttps(TestCertificates.Server);
                }
            });
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        _app = builder.Build();
        _app.Run(handle);
    }

    /// <summary>Connections accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public int OpenConnections => Volatile.Read(ref _open);

    public static async Task<UnixServer> StartAsync(
        string path, RequestDelegate handle, HttpProtocols protocols = HttpProtocols.Http1, bool tls = false)
    {
        var server = new UnixServer(path, protocols, tls, handle);
        await server._app.StartAsync().ConfigureAwait(false);
        return server;
    }

    /// <summary>A listener that accepts nothing by itself.</summary>
    public static Socket Listen(string path, int backlog)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(backlog);
        return socket;
    }

    /// <summary>Stops at once; requests in flight are aborted.</summary>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
