using System.Net;

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
    /// Disposes the stream of a connection that is about to be told closed. One that is not ours may send a request and wait for it.
    /// </summary>
    void EndStream(DialedStream stream) => stream.Dispose();

    /// <summary>
    /// An attempt that the owner measures (<see cref="Attempt.Measured"/>) has its response's head, or has ended without one.
    /// </summary>
    void HeadEnded(HttpConnection connection, Attempt attempt, HttpStatusCode? status)
    {
    }

    /// <summary>An exchange of the connection has become a tunnel: it is the program's now, and may last for days.</summary>
    void Upgraded(HttpConnection connection)
    {
    }

    /// <summary>A response was found by the garbage collector: it was never disposed.</summary>
    void ResponseLeaked(HttpConnection connection, string? stack);
}
