namespace Warmwire.Http2;

/// <summary>RFC 9113 §5.1, as a client without server push sees it. Guarded by the connection's gate.</summary>
/// <remarks>
/// <code>
///            HEADERS          our END_STREAM
///   Idle ───────────► Open ──────────────────► HalfClosedLocal
///                      │                             │
///                      │ their END_STREAM            │ their END_STREAM
///                      ▼                             ▼
///              HalfClosedRemote ─────────────────► Closed ◄──── every state: RST_STREAM of either side, the end of the connection
///                               our END_STREAM
/// </code>
/// </remarks>
internal enum Http2StreamState : byte
{
    Idle,
    Open,
    HalfClosedLocal,
    HalfClosedRemote,
    Closed,
}
