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

/// <summary>The way of a stream through its states.</summary>
internal static class Http2StreamStates
{
    public static bool IsLegal(Http2StreamState from, Http2StreamState to) => (from, to) switch
    {
        (Http2StreamState.Closed, _) => false,
        (_, Http2StreamState.Closed) => true,
        (Http2StreamState.Idle, Http2StreamState.Open or Http2StreamState.HalfClosedLocal) => true,
        (Http2StreamState.Open, Http2StreamState.HalfClosedLocal or Http2StreamState.HalfClosedRemote) => true,
        _ => false,
    };
}
