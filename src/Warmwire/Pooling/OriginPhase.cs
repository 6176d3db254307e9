namespace Warmwire.Pooling;

/// <summary>How far an origin is on its way to the end.</summary>
/// <remarks>
/// <code>
/// Open ──► Draining ──► Closing
///   └─────────┴──► Removed
/// </code>
/// </remarks>
internal enum OriginPhase
{
    Open,

    /// <summary>No connection is kept any more, except for the waiters.</summary>
    Draining,

    /// <summary>The handler is disposed.</summary>
    Closing,

    /// <summary>The origin is forgotten; a request that still asks here asks the pool for the route again.</summary>
    Removed,
}

/// <summary>What is known of the protocol that an origin speaks.</summary>
internal enum ProtocolKnowledge
{
    /// <summary>The server chooses, and no dial has told yet.</summary>
    Unknown,

    /// <summary>HTTP/1.1: nothing else is asked for, or the last dial told so.</summary>
    Http1,

    /// <summary>HTTP/2: nothing else is asked for, or the last dial told so.</summary>
    Http2,

    /// <summary>The server has asked for HTTP/1.1 (RFC 9113 §7): HTTP/2 is not offered to it any more.</summary>
    Http1Required,
}
