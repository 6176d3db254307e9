namespace Warmwire.Http1.Flow;

/// <summary>How far a request is on its way to the server.</summary>
/// <remarks>
/// <code>
///                    a body to come            the last byte
///   NotStarted ─────────────────────► Sending ──────────────► HandedOver ────► Done
///       │                              │  ▲                     ▲    │
///       │                wait for 100  ▼  │  100, or its time   │    │ the write failed
///       │                             Withheld                  │    ▼
///       └───────────────────────────────┼───────────────────────┘  Unfinished
///            no body                    └─► Unfinished ◄─ Sending
/// </code>
/// </remarks>
internal enum Http1RequestState
{
    /// <summary>Not one byte was handed to the stream.</summary>
    NotStarted,

    /// <summary>The head, or a part of the body, was handed to the stream; the content is being asked for more.</summary>
    Sending,

    /// <summary>The body waits for 100 Continue.</summary>
    Withheld,

    /// <summary>The last byte has been handed to the stream, which may not have said yet that it has taken it.</summary>
    HandedOver,

    /// <summary>Written as a whole.</summary>
    Done,

    /// <summary>The request will not be written as a whole: the server refused it, or a write failed.</summary>
    Unfinished,
}
