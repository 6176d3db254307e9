namespace Warmwire;

/// <summary>The part of an exchange in which a failure happened.</summary>
public enum TransportPhase
{
    /// <summary>Waiting for a connection of the pool.</summary>
    Queue,

    /// <summary>Resolving the host's name.</summary>
    Dns,

    /// <summary>Connecting to one of the host's addresses.</summary>
    Connect,

    /// <summary>Asking a proxy for a tunnel.</summary>
    Proxy,

    /// <summary>The TLS handshake.</summary>
    Tls,

    /// <summary>Writing the request's head or body.</summary>
    WriteRequest,

    /// <summary>Waiting for and reading the response's head.</summary>
    ReadHeaders,

    /// <summary>Reading the response's body.</summary>
    ReadBody,
}
