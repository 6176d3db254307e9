namespace Warmwire;

/// <summary>Clients with production settings over a shared, bounded pool.</summary>
public static class WarmHttp
{
    private static readonly Lazy<HttpClient> s_shared = new(static () => CreateClient());

    /// <summary>
    /// One client for the whole process. Do not dispose it, and do not change its properties: every part of the program shares them.
    /// Settings of one request go through <see cref="TransportOptions"/>.
    /// </summary>
    /// <value>A client as <see cref="CreateClient"/> makes it.</value>
    public static HttpClient Shared => s_shared.Value;

    /// <summary>
    /// Makes a client over a handler of its own with production settings: <see cref="HttpClient.Timeout"/> 30 seconds,
    /// <see cref="PooledHttpHandler.ResponseHeadersTimeout"/> 10 seconds, <see cref="PooledHttpHandler.MaxIdleConnectionsPerServer"/> 100,
    /// <see cref="PooledHttpHandler.MaxIdleConnections"/> 1000. Make it once and share it.
    /// </summary>
    /// <param name="configure">Changes the handler's settings before the first request.</param>
    /// <returns>The client; disposing it disposes the handler.</returns>
    public static HttpClient CreateClient(Action<PooledHttpHandler>? configure = null)
    {
        var handler = new PooledHttpHandler
        {
            ResponseHeadersTimeout = TimeSpan.FromSeconds(10),
            MaxIdleConnectionsPerServer = 100,
            MaxIdleConnections = 1000,
        };
        try
        {
            configure?.Invoke(handler);
            return new HttpClient(handler, disposeHandler: true) { Timeout = TimeSpan.FromSeconds(30) };
        }
        catch
        {
            handler.Dispose();
            throw;
        }
    }
}
