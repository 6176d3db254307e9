namespace Warmwire.Http2;

/// <summary>How far a connection is. Moved by <see cref="Http2Lifetime"/>, under the gate.</summary>
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
