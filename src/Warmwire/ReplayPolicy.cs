namespace Warmwire;

/// <summary>
/// When a failed exchange may be sent again on another connection. At most three times, and never past the request's total time.
/// </summary>
public enum ReplayPolicy
{
    /// <summary>
    /// The default. A request is sent again only if not one byte of it was handed to the socket; or if the server says that it did nothing
    /// with it (RFC 9113 §8.7); or if it was sent on a connection that had served a request or been idle and that failed before the first
    /// byte of a response, and its method is idempotent (RFC 9110 §9.2.2) or it carries <c>Idempotency-Key</c>. If any of it was sent, its
    /// body must be absent or of a kind that can be produced again.
    /// </summary>
    Safe,

    /// <summary>No request is ever sent twice, not even one of which no byte was sent.</summary>
    Never,

    /// <summary>
    /// As <see cref="Safe"/>, and an idempotent request is also sent again when it failed on a fresh connection before the first byte of a
    /// response.
    /// </summary>
    Idempotent,
}
