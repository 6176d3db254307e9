using System.Net;
using System.Net.Security;

namespace Warmwire;

/// <summary>
/// Callbacks that follow one request through the transport, in the order of the members below. They run on the threads of the transport, so
/// they must be quick; an exception from one is swallowed. Set the ones of interest and pass the object as
/// <see cref="TransportOptions.Trace"/>.
/// </summary>
/// <remarks>
/// Name resolution, connect and TLS are reported to the request that asked for the connection, even if a connection that came free
/// sooner served it in the end.
/// </remarks>
public sealed class RequestTrace
{
    /// <summary>The request asks the pool for a connection; the argument is the origin.</summary>
    public Action<string>? GetConnection { get; init; }

    /// <summary>No connection was free: the request waits, with this many requests ahead of it.</summary>
    public Action<int>? Queued { get; init; }

    /// <summary>The host's name is looked up.</summary>
    public Action<string>? DnsStart { get; init; }

    /// <summary>The look-up ended, with these addresses or the exception.</summary>
    public Action<IReadOnlyList<IPAddress>, Exception?>? DnsDone { get; init; }

    /// <summary>A connection attempt to one address starts.</summary>
    public Action<EndPoint>? ConnectStart { get; init; }

    /// <summary>A connection attempt ended, well or with the exception.</summary>
    public Action<EndPoint, Exception?>? ConnectDone { get; init; }

    /// <summary>The TLS handshake starts.</summary>
    public Action? TlsHandshakeStart { get; init; }

    /// <summary>The TLS handshake ended, with the stream that tells its outcome or with the exception.</summary>
    public Action<SslStream?, Exception?>? TlsHandshakeDone { get; init; }

    /// <summary>A connection was found.</summary>
    public Action<GotConnectionInfo>? GotConnection { get; init; }

    /// <summary>
    /// The request's head has been handed to the operating system; with HTTP/2, to the connection, which sends it together with what others
    /// have for it.
    /// </summary>
    public Action? WroteHeaders { get; init; }

    /// <summary>The server said 100 Continue.</summary>
    public Action? Got100Continue { get; init; }

    /// <summary>The request has been written as a whole, or writing it failed.</summary>
    public Action<Exception?>? WroteRequest { get; init; }

    /// <summary>The first byte of a response arrived.</summary>
    public Action? GotFirstResponseByte { get; init; }

    /// <summary>
    /// The exchange is over for the connection: it is idle again or serves other requests (<see langword="null"/>), or it was closed for
    /// this reason.
    /// </summary>
    public Action<CloseReason?>? PutIdleConnection { get; init; }
}

/// <summary>The connection a request was given.</summary>
/// <param name="ConnectionId">The connection's number, unique in the process.</param>
/// <param name="Reused">Whether it has served a request before.</param>
/// <param name="WasIdle">Whether it was idle in the pool.</param>
/// <param name="IdleTime">The time it was idle; zero if it was not.</param>
public readonly record struct GotConnectionInfo(long ConnectionId, bool Reused, bool WasIdle, TimeSpan IdleTime);
