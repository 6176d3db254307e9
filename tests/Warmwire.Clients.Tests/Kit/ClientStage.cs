using System.Net.Http;
using System.Reflection;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;

namespace Warmwire.Clients.Tests.Kit;

/// <summary>Where a client library is run over one of the two handlers: makes the handler, and keeps what is told.</summary>
internal sealed class ClientStage(HandlerKind kind) : IDisposable
{
    private readonly List<HttpMessageHandler> _made = [];

    public bool IsOurs => kind == HandlerKind.PooledHttpHandler;

    public ParityOutcome Outcome { get; } = new();

    /// <summary>A handler without proxy that trusts the test's certificate, with these settings on top; gone with the stage.</summary>
    /// <param name="settings">An anonymous object; each property is a setting of both handlers.</param>
    public HttpMessageHandler Create(object? settings = null)
    {
        HttpMessageHandler handler = CreateForLibrary(settings);
        _made.Add(handler);
        return handler;
    }

    /// <summary>The same for a library that disposes it.</summary>
    public HttpMessageHandler CreateForLibrary(object? settings = null)
    {
        HttpMessageHandler handler = IsOurs ? new PooledHttpHandler() : new SocketsHttpHandler();
        Set(handler, nameof(SocketsHttpHandler.UseProxy), false);
        Set(handler, nameof(SocketsHttpHandler.SslOptions), TestCertificates.Trusting());
        foreach (PropertyInfo setting in settings?.GetType().GetProperties() ?? [])
        {
            Set(handler, setting.Name, setting.GetValue(settings));
        }

        return handler;
    }

    public HttpClient Client(object? settings = null) => new(Create(settings), disposeHandler: false);

    public void Dispose() => _made.ForEach(handler => handler.Dispose());

    private static void Set(HttpMessageHandler handler, string setting, object? value) =>
        handler.GetType().GetProperty(setting)!.SetValue(handler, value);
}
