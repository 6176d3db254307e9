using System.Net;

namespace Warmwire;

/// <summary>The connection that served a response, and how long each phase took.</summary>
public sealed class TransportConnectionInfo
{
    internal TransportConnectionInfo()
    {
    }

    /// <summary>The connection's number, unique in the process.</summary>
    public required long ConnectionId { get; init; }

    /// <summary>Whether the connection had served a request before.</summary>
    public required bool Reused { get; init; }

    /// <summary>The time the connection was idle before this request; zero if it was not.</summary>
    public required TimeSpan IdleTime { get; init; }

    /// <summary>
    /// The server's address, or <see langword="null"/> if a <see cref="PooledHttpHandler.ConnectCallback"/> made the stream and it is not a
    /// socket's.
    /// </summary>
    public required EndPoint? RemoteEndPoint { get; init; }

    /// <summary>Time spent waiting for a connection.</summary>
    public required TimeSpan QueueTime { get; init; }

    /// <summary>Time of the name look-up that made the connection; zero on a reused connection.</summary>
    public required TimeSpan DnsTime { get; init; }

    /// <summary>Time of the TCP connect that made the connection; zero on a reused connection.</summary>
    public required TimeSpan ConnectTime { get; init; }

    /// <summary>Time of the TLS handshake that made the connection; zero on a reused connection and without TLS.</summary>
    public required TimeSpan TlsTime { get; init; }

    /// <summary>From getting the connection to the response's head.</summary>
    public required TimeSpan ResponseHeadersTime { get; init; }

    /// <summary>How often this request was replayed before it was answered.</summary>
    public required int Replays { get; init; }
}
