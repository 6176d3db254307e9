namespace Warmwire.Http2;

/// <summary>Guarded by the connection's gate.</summary>
/// <remarks>
/// <code>
///          GOAWAY, a failed write, numbers used up               Close
///   Open ───────────────────────────────────► Draining ─────────► Closed
///     └──────────────────────────── Close ─────────────────────────►
/// </code>
/// </remarks>
internal enum Http2State : byte
{
    Open,

    /// <summary>Streams come to their end, and none is begun.</summary>
    Draining,

    Closed,
}
