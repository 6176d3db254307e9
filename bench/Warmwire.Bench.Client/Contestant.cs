using System.Net;
using System.Net.Security;

namespace Warmwire.Bench.Client;

/// <summary>
/// Makes what is measured. Settings are the defaults, but for the number of connections, how long those of HTTP/2 rest while others are
/// measured, and the trust in the bench's own certificate.
/// </summary>
internal static class Contestant
{
    /// <param name="words">
    /// <c>handler=</c> sockets, warmwire or memory; <c>insecure=1</c> trusts any certificate; <c>adaptive=1</c> has the concurrency follow
    /// latency; <c>http2=</c> is the number of HTTP/2 connections, 0 is HTTP/1.1.
    /// </param>
    /// <param name="connections">The most connections of HTTP/1.1; 0 leaves the default.</param>
    public static HttpMessageHandler CreateHandler(Words words, int connections)
    {
        string kind = words.Text("handler");
        bool insecure = words.Number("insecure", 0) != 0;
        int http2 = words.Number("http2", 0);
        return kind switch
        {
            "sockets" => CreateSockets(connections, http2, insecure),
            "warmwire" => CreateWarmwire(connections, http2, insecure, isAdaptive: words.Number("adaptive", 0) != 0),
            "memory" => new MemoryHandler(),
            _ => throw new ArgumentException($"there is no handler '{kind}'", nameof(words)),
        };
    }

    /// <summary>
    /// The interface that calls it; <c>interface=</c> client or invoker. An <see cref="HttpClient"/> is an invoker whose <c>SendAsync</c>
    /// reads the whole body.
    /// </summary>
    public static HttpMessageInvoker CreateInvoker(Words words, HttpMessageHandler handler) =>
        IsClient(words) ? new HttpClient(handler) : new HttpMessageInvoker(handler);

    /// <summary>A request in HTTP/1.1, or in HTTP/2 and nothing else.</summary>
    public static HttpRequestMessage CreateRequest(HttpMethod method, Uri uri, bool isHttp2) => isHttp2
        ? new HttpRequestMessage(method, uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact }
        : new HttpRequestMessage(method, uri);

    public static bool IsHttp2(Words words) => words.Number("http2", 0) > 0;

    public static bool IsClient(Words words) => words.Text("interface", "invoker") == "client";

    private static SocketsHttpHandler CreateSockets(int connections, int http2, bool insecure)
    {
        var handler = new SocketsHttpHandler();
        if (http2 > 0)
        {
            handler.MaxConnectionsPerServer = http2;
            handler.EnableMultipleHttp2Connections = http2 > 1;
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        }
        else if (connections > 0)
        {
            handler.MaxConnectionsPerServer = connections;
        }

        if (insecure)
        {
            handler.SslOptions = TrustAnything();
        }

        return handler;
    }

    private static PooledHttpHandler CreateWarmwire(int connections, int http2, bool insecure, bool isAdaptive)
    {
        var handler = new PooledHttpHandler { ConcurrencyLimit = isAdaptive ? new AdaptiveConcurrency() : null };
        if (http2 > 0)
        {
            handler.MaxConnectionsPerServer = http2;
            handler.EnableMultipleHttp2Connections = http2 > 1;
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        }
        else if (connections > 0)
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

    private static SslClientAuthenticationOptions TrustAnything() =>
        new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
}
