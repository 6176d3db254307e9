namespace Warmwire;

/// <summary>Clients with production settings over a shared, bounded pool.</summary>
public static class WarmHttp
{
    private static readonly Lazy<SharedClient> s_shared = new(static () =>
    {
        PooledHttpHandler handler = NewHandler();
        return new SharedClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    });

    /// <summary>
    /// One client for the whole process. Disposing it does nothing, so a <c>using</c> around it does no harm. Do not change its properties:
    /// every part of the program shares them. Settings of one request go through <see cref="TransportOptions"/>.
    /// </summary>
    /// <remarks>
    /// A request has 30 seconds for its whole exchange, the response's body included, also with
    /// <see cref="HttpCompletionOption.ResponseHeadersRead"/> and for a stream from <see cref="HttpClient.GetStreamAsync(string)"/>. A
    /// download that takes longer, or a stream of events, sets <see cref="TransportOptions.Timeout"/> on its request: a longer time, or
    /// <see cref="Timeout.InfiniteTimeSpan"/>. See <see cref="PooledHttpHandler.RequestTimeout"/> for how a timeout is told.
    /// </remarks>
    /// <value>A client as <see cref="CreateClient"/> makes it, made at the first use.</value>
    public static HttpClient Shared => s_shared.Value;

    /// <summary>
    /// Makes a client over a handler of its own with production settings: <see cref="PooledHttpHandler.RequestTimeout"/> 30 seconds,
    /// <see cref="PooledHttpHandler.ResponseHeadersTimeout"/> 10 seconds, <see cref="PooledHttpHandler.MaxIdleConnectionsPerServer"/> 100,
    /// <see cref="PooledHttpHandler.MaxIdleConnections"/> 1000. Make it once and share it.
    /// </summary>
    /// <param name="configure">Changes the handler's settings before the first request.</param>
    /// <returns>
    /// The client; disposing it disposes the handler. Its <see cref="HttpClient.Timeout"/> is infinite, so that no token source is made for
    /// each request; one that is set holds beside <see cref="PooledHttpHandler.RequestTimeout"/>, and the shorter ends the request.
    /// </returns>
    public static HttpClient CreateClient(Action<PooledHttpHandler>? configure = null)
    {
        PooledHttpHandler handler = NewHandler();
        try
        {
            configure?.Invoke(handler);
            return new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        }
        catch
        {
            handler.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Tells the state of the connections of <see cref="Shared"/>, as <see cref="PooledHttpHandler.GetSnapshot"/>. Makes no client.
    /// </summary>
    /// <returns>A copy; it does not change afterwards. An empty one while <see cref="Shared"/> has not been used.</returns>
    public static PoolSnapshot GetSnapshot() =>
        s_shared.IsValueCreated ? s_shared.Value.Handler.GetSnapshot() : new PoolSnapshot([], TimeProvider.System.GetUtcNow());

    /// <summary>
    /// Closes the idle connections of <see cref="Shared"/>, as <see cref="PooledHttpHandler.CloseIdleConnections"/>. Makes no client.
    /// </summary>
    /// <returns>The number of connections closed.</returns>
    public static int CloseIdleConnections() => s_shared.IsValueCreated ? s_shared.Value.Handler.CloseIdleConnections() : 0;

    /// <summary>Opens HTTP/1.1 connections of <see cref="Shared"/> before they are needed, and leaves them idle in the pool.</summary>
    /// <inheritdoc cref="PooledHttpHandler.PrewarmAsync(Uri, int, CancellationToken)"/>
    public static Task<int> PrewarmAsync(Uri origin, int connections, CancellationToken cancellationToken = default) =>
        s_shared.Value.Handler.PrewarmAsync(origin, connections, cancellationToken);

    /// <summary>
    /// Opens connections of <see cref="Shared"/> before they are needed, for requests of a version, with their TCP and TLS handshakes, and
    /// leaves them idle in the pool. Connections that are already there count; the limits hold.
    /// </summary>
    /// <inheritdoc cref="PooledHttpHandler.PrewarmAsync(Uri, int, Version, CancellationToken)"/>
    public static Task<int> PrewarmAsync(Uri origin, int connections, Version httpVersion, CancellationToken cancellationToken = default) =>
        s_shared.Value.Handler.PrewarmAsync(origin, connections, httpVersion, cancellationToken);

    private static PooledHttpHandler NewHandler() => new()
    {
        RequestTimeout = TimeSpan.FromSeconds(30),
        ResponseHeadersTimeout = TimeSpan.FromSeconds(10),
        MaxIdleConnectionsPerServer = 100,
        MaxIdleConnections = 1000,
    };

    /// <summary>A client that belongs to all, so disposing it does nothing.</summary>
    private sealed class SharedClient(PooledHttpHandler handler) : HttpClient(handler, disposeHandler: false)
    {
        public PooledHttpHandler Handler => handler;

        protected override void Dispose(bool disposing) => base.Dispose(disposing: false);
    }
}
