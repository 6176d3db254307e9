namespace Warmwire;

/// <summary>
/// Why a connection was closed. Every close has exactly one reason; it is counted per origin in the snapshot, in metrics and in the log.
/// </summary>
public enum CloseReason
{
    /// <summary>
    /// It was idle longer than <see cref="PooledHttpHandler.PooledConnectionIdleTimeout"/>, or than the server's <c>Keep-Alive: timeout</c>
    /// allows.
    /// </summary>
    IdleTimeout,

    /// <summary>The connection grew older than <see cref="PooledHttpHandler.PooledConnectionLifetime"/> less its jitter.</summary>
    Lifetime,

    /// <summary>The server closed the connection, while it was idle or in the middle of an exchange.</summary>
    ServerClosed,

    /// <summary>
    /// The request or the response carried <c>Connection: close</c> (RFC 9112 §9.6), or the response <c>Keep-Alive: max=0</c> or
    /// <c>Transfer-Encoding: identity</c>.
    /// </summary>
    ConnectionCloseHeader,

    /// <summary>The server speaks HTTP/1.0 and did not ask to keep the connection (RFC 9112 §9.3).</summary>
    Http10,

    /// <summary>The response body had no length and ended with the connection (RFC 9112 §6.3, rule 8).</summary>
    BodyEndedByClose,

    /// <summary>The caller cancelled a request, and the rest of its response did not arrive within
    /// <see cref="PooledHttpHandler.CancellationDrainTimeout"/> and <see cref="PooledHttpHandler.MaxCancellationDrainSize"/>.</summary>
    Cancelled,

    /// <summary>One of the request's timeouts ran out while it was using the connection.</summary>
    RequestTimeout,

    /// <summary>
    /// A response was disposed with more of its body unread than <see cref="PooledHttpHandler.MaxResponseDrainSize"/> allows, so it was not
    /// drained at all.
    /// </summary>
    BodyNotDrained,

    /// <summary>
    /// Draining an unread body began but passed <see cref="PooledHttpHandler.MaxResponseDrainSize"/> or
    /// <see cref="PooledHttpHandler.ResponseDrainTimeout"/>.
    /// </summary>
    DrainLimit,

    /// <summary>Bytes arrived that no request asked for: after a response's end, or while the connection was idle.</summary>
    UnsolicitedData,

    /// <summary>The response broke the protocol or passed one of the limits on its size.</summary>
    ProtocolError,

    /// <summary>Writing the request failed.</summary>
    WriteError,

    /// <summary>Reading the response failed, for example because the peer reset the connection.</summary>
    ReadError,

    /// <summary>The response came before the request was sent, and the rest of it was not sent: not wanted, or not taken.</summary>
    RequestUnfinished,

    /// <summary>The content of the request failed while it was being written.</summary>
    RequestContentFailed,

    /// <summary>
    /// The address of the connection left the name of its host: several answers in a row lacked it, or it refused a connection and the
    /// last answer lacked it; see <see cref="PooledHttpHandler.DnsRefreshInterval"/>.
    /// </summary>
    AddressRetired,

    /// <summary>
    /// More connections were idle than <see cref="PooledHttpHandler.MaxIdleConnectionsPerServer"/> or
    /// <see cref="PooledHttpHandler.MaxIdleConnections"/> keep.
    /// </summary>
    IdleLimit,

    /// <summary>
    /// It was idle, or had just ended an exchange, and was closed to make room for another origin, because
    /// <see cref="PooledHttpHandler.MaxConnections"/> was reached.
    /// </summary>
    MadeRoom,

    /// <summary><see cref="PooledHttpHandler.CloseIdleConnections"/> was called.</summary>
    ClosedByUser,

    /// <summary>
    /// The connection became the application's own stream (101 Switching Protocols or CONNECT), which the application has closed.
    /// </summary>
    Upgraded,

    /// <summary>The handler was disposed.</summary>
    Disposed,

    /// <summary>
    /// The server announced the end of an HTTP/2 connection (GOAWAY, RFC 9113 §6.8); the exchanges it had accepted came to their end first.
    /// </summary>
    GoAway,

    /// <summary>An HTTP/2 PING was not answered within <see cref="PooledHttpHandler.KeepAlivePingTimeout"/>.</summary>
    PingTimeout,

    /// <summary>The server sent more frames that carry nothing than any purpose explains: pings, settings, resets, empty frames.</summary>
    PeerFlood,

    /// <summary>An HTTP/2 connection has used up its stream numbers (RFC 9113 §5.1.1).</summary>
    StreamIdsExhausted,

    /// <summary>The server wants HTTP/1.1 instead (HTTP_1_1_REQUIRED, RFC 9113 §7).</summary>
    Http11Required,

    /// <summary>
    /// The name got another address, and the connection makes way for one to that; see <see cref="PooledHttpHandler.AddressSelection"/>.
    /// </summary>
    Rebalanced,

    /// <summary><see cref="PooledHttpHandler.ShouldEvictConnection"/> has said so.</summary>
    Evicted,
}
