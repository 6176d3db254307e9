namespace Warmwire;

/// <summary>Clients with production settings over a shared, bounded pool.</summary>
public static class WarmHttp
{
    private static readonly Lazy<HttpClient> s_shared =
        new(static () => Create(configure: null, static handler => new SharedClient(handler)));

    /// <summary>
    /// One client for the whole process. Disposing it does nothing, so a <c>using</c> around it does no harm. Do not change its properties:
    /// every part of the program shares them. Settings of one request go through <see cref="TransportOptions"/>.
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
    public static HttpClient CreateClient(Action<PooledHttpHandler>? configure = null) =>
        Create(configure, static handler => new HttpClient(handler, disposeHandler: true));

    private static HttpClient Create(Action<PooledHttpHandler>? configure, Func<PooledHttpHandler, HttpClient> createClient)
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
            HttpClient client = createClient(handler);
            client.Timeout = TimeSpan.FromSeconds(30);
            return client;
        }
        catch
        {
            handler.Dispose();
            throw;
        }
    }

    /// <summary>A client that belongs to all, so disposing it does nothing.</summary>
    private sealed class SharedClient(PooledHttpHandler handler) : HttpClient(handler, disposeHandler: false)
    {
        protected override void Dispose(bool disposing) => base.Dispose(disposing: false);
    }
}
