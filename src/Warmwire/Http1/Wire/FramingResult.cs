using Warmwire.Sockets;

namespace Warmwire.Http1.Wire;

/// <summary>How the end of a response's body is found (RFC 9112 §6.3).</summary>
internal enum BodyKind : byte
{
    /// <summary>There is nothing to read after the head; also for <c>Content-Length: 0</c>.</summary>
    None,

    /// <summary>The body has <see cref="FramingResult.Length"/> bytes, at least one.</summary>
    Length,

    Chunked,

    /// <summary>The body ends with the connection.</summary>
    UntilClose,

    /// <summary>HTTP is over: 101, or 2xx to CONNECT. What follows belongs to the application.</summary>
    Raw,
}

/// <summary>What the head of a response says about its body and about the connection.</summary>
internal readonly struct FramingResult
{
    // In the order that takes the least room: each connection keeps one.

    /// <summary>Bytes of the body, for <see cref="BodyKind.Length"/>.</summary>
    public long Length { get; init; }

    /// <summary>How long the server says it keeps the connection while it is idle.</summary>
    public int? KeepAliveTimeoutSeconds { get; init; }

    public BodyKind Kind { get; init; }

    /// <summary>Whether the connection may serve another request once this response has been read (RFC 9112 §9.3).</summary>
    public bool KeepAlive { get; init; }

    /// <summary>Not kept because it is an HTTP/1.0 response that does not say <c>keep-alive</c>.</summary>
    public bool Http10 { get; init; }

    /// <summary>One second less than promised, because our request needs time to get there.</summary>
    public TimeSpan? KeepAliveHint => KeepAliveTimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Max(0, seconds - 1)) : null;
}
