namespace Warmwire.Connections;

/// <summary>
/// What a connection tells upwards. Declared here and implemented by the pool, so that connections know nothing of pools.
/// </summary>
internal interface IConnectionOwner
{
    /// <summary>The exchange is over and the connection is clean and watched: it may serve the next one.</summary>
    void Returned(HttpConnection connection);

    /// <summary>The connection is closed. Called exactly once for each connection, from any state.</summary>
    void Closed(HttpConnection connection, CloseReason reason);

    /// <summary>
    /// Runs what ends a stream that is not ours: its code may block, or send a request and wait, so nothing of the owner's may wait behind
    /// it.
    /// </summary>
    void EndForeignStream(Action end) => end();

    /// <summary>A response was found by the garbage collector: it was never disposed.</summary>
    void ResponseLeaked(HttpConnection connection, string? stack);
}
