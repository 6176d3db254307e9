using System.Net;

namespace Warmwire;

/// <summary>A connection that <see cref="PooledHttpHandler.ShouldEvictConnection"/> is asked about.</summary>
/// <remarks>.NET 11 has a type of this name and these members in System.Net.Http.</remarks>
public sealed class SocketsHttpConnectionEvictionContext
{
    internal SocketsHttpConnectionEvictionContext()
    {
    }

    /// <summary>The time since the connection was opened.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>The connection's number, unique in the process, as in <see cref="TransportConnectionInfo.ConnectionId"/>.</summary>
    public required long ConnectionId { get; init; }

    /// <summary>The version of HTTP that it speaks: 1.1 or 2.0.</summary>
    public required Version HttpVersion { get; init; }

    /// <summary>
    /// Host and port of the origin it was opened for, also where it goes through a proxy or a Unix domain socket. Of a proxy that forwards
    /// plain requests it is the proxy.
    /// </summary>
    public required DnsEndPoint DnsEndPoint { get; init; }

    /// <summary>
    /// The address it leads to; <see langword="null"/> for a Unix domain socket, and for a stream of a <see
    /// cref="PooledHttpHandler.ConnectCallback"/> that is not a socket's.
    /// </summary>
    public required IPEndPoint? RemoteEndPoint { get; init; }
}
