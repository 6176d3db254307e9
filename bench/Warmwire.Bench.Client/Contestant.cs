using System.Net.Security;

namespace Warmwire.Bench.Client;

/// <summary>Makes what is measured. Settings are the defaults, but for the number of connections and the trust in the bench's own certificate.</summary>
internal static class Contestant
{
    /// <param name="words"><c>handler=</c> sockets, warmwire or memory; <c>insecure=1</c> trusts any certificate.</param>
    /// <param name="connections">The most connections; 0 leaves the default.</param>
    public static HttpMessageHandler CreateHandler(Words words, int connections)
    {
        string kind = words.Text("handler");
        bool insecure = words.Number("insecure", 0) != 0;
        return kind switch
        {
            "sockets" => CreateSockets(connections, insecure),
            "warmwire" => CreateWarmwire(connections, insecure),
            "memory" => new MemoryHandler(),
            _ => throw new ArgumentException($"there is no handler '{kind}'", nameof(words)),
        };
    }

    /// <summary>The interface that calls it; <c>interface=</c> client or invoker. An <see cref="HttpClient"/> is an invoker whose <c>SendAsync</c> reads the whole body.</summary>
    public static HttpMessageInvoker CreateInvoker(Words words, HttpMessageHandler handler) =>
        IsClient(words) ? new HttpClient(handler) : new HttpMessageInvoker(handler);

    public static bool IsClient(Words words) => words.Text("interface", "invoker") == "client";

    private static SocketsHttpHandler CreateSockets(int connections, bool insecure)
    {
        var handler = new SocketsHttpHandler();
        if (connections > 0)
        {
            handler.MaxConnectionsPerServer = connections;
        }

        if (insecure)
        {
            handler.SslOptions = TrustAnything();
        }

        return handler;
    }

    private static PooledHttpHandler CreateWarmwire(int connections, bool insecure)
    {
        var handler = new PooledHttpHandler();
        if (connections > 0)
        {
            handler.MaxConnectionsPerServer = connections;

            // SocketsHttpHandler keeps every idle connection; the comparison is between equal numbers of them.
            handler.MaxIdleConnectionsPerServer = Math.Max(handler.MaxIdleConnectionsPerServer, connections);
            handler.MaxIdleConnections = Math.Max(handler.MaxIdleConnections, connections);
        }

        if (insecure)
        {
            handler.SslOptions = TrustAnything();
        }

        return handler;
    }

    private static SslClientAuthenticationOptions TrustAnything() => new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
}
