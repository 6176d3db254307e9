namespace Warmwire.Http1.Flow;

/// <summary>What an HTTP/1.1 connection is doing.</summary>
/// <remarks>
/// <code>
///            lease            send             head, body to come
///   Idle ────────────► Leased ────► Exchange ────────────────────► Body ─────────┐
///    ▲                   │             │  │ given up, request         │ disposed  │ last byte
///    │       not used    │             │  │ fully written             ▼ cancelled │
///    ├───────────────────┘             │  └────────────────────► Draining ────────┤
///    │                                 │ 101, CONNECT                             │
///    │                                 └────────► Upgraded                        │
///    │              request written                                               ▼
///    └──────────────────────────────────────────────────────────────────────── Finishing
///
///   every state ────► Closed, which is the end
/// </code>
/// </remarks>
internal enum Http1State
{
    /// <summary>Taken by one exchange which has not begun.</summary>
    Leased,

    /// <summary>In the pool, watched.</summary>
    Idle,

    /// <summary>The request is being written, or the response's head awaited.</summary>
    Exchange,

    /// <summary>The caller holds the response and reads its body.</summary>
    Body,

    /// <summary>The response is not wanted any more; the rest of it is read in order to keep the connection.</summary>
    Draining,

    /// <summary>The response is complete; the writer of the request is about to say so too.</summary>
    Finishing,

    /// <summary>The stream is the application's own.</summary>
    Upgraded,

    /// <summary>The end.</summary>
    Closed,
}

/// <summary>The moves of the drawing above.</summary>
internal static class Http1States
{
    public static bool Follows(Http1State state, Http1State next) => (state, next) switch
    {
        (Http1State.Closed, _) => false,
        (_, Http1State.Closed) => true,
        (Http1State.Idle, Http1State.Leased) => true,
        (Http1State.Leased, Http1State.Exchange or Http1State.Idle) => true,
        (Http1State.Exchange, Http1State.Body or Http1State.Draining or Http1State.Upgraded or Http1State.Idle) => true,
        (Http1State.Body, Http1State.Draining or Http1State.Finishing or Http1State.Idle) => true,
        (Http1State.Draining, Http1State.Finishing or Http1State.Idle) => true,
        (Http1State.Finishing, Http1State.Idle) => true,
        _ => false,
    };
}
