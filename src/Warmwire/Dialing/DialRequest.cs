using Warmwire.Connections;

namespace Warmwire.Dialing;

/// <summary>What the pool wants dialed.</summary>
internal sealed class DialRequest
{
    public required Route Route { get; init; }

    /// <summary>The number that the connection will have; callbacks are told.</summary>
    public long ConnectionId { get; } = HttpConnection.NextId();

    /// <summary>HTTP/2 is not offered although the route allows it: the server has asked for HTTP/1.1 (RFC 9113 §7).</summary>
    public bool Http1Only { get; init; }

    /// <summary>The request that asked for the connection, shown to callbacks; <see langword="null"/> if none did (prewarming).</summary>
    public HttpRequestMessage? InitialRequest { get; init; }

    /// <summary>That request is sent synchronously, so what its callback makes may work only so.</summary>
    public bool IsSynchronous { get; init; }

    /// <summary>
    /// For the name and all address attempts together, and where <see cref="ConnectTimeoutBoundsTls"/> says so for TLS. A <see
    /// cref="PooledHttpHandler.PlaintextStreamFilter"/> is given the same again.
    /// </summary>
    public required TimeSpan ConnectTimeout { get; init; }

    public required TimeSpan TlsHandshakeTimeout { get; init; }

    /// <summary>Nobody has set a time for the handshake, so <see cref="ConnectTimeout"/> bounds it too.</summary>
    public bool ConnectTimeoutBoundsTls { get; init; }

    /// <summary>Where callbacks run; <see langword="null"/> if no request asked for the dial, or there is no callback.</summary>
    public CallerContext? Caller { get; init; }

    public RequestTrace? Trace { get; init; }

    /// <summary>Is told where the dial stands.</summary>
    public DialProgress Progress { get; } = new();

    /// <summary>What the pool knows of the host's addresses; <see langword="null"/>: nothing, and it wants to know nothing.</summary>
    public IDialAddresses? Addresses { get; init; }
}
