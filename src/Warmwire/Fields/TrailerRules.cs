using System.Collections.Frozen;

namespace Warmwire.Fields;

/// <summary>
/// Fields that mean something only in front of a body (RFC 9110 §6.5.1). By the time a trailer arrives they have been acted on, so one
/// that comes late is dropped: it must not look as if it had been obeyed. Digests and validators (Content-MD5, ETag) are what trailers are
/// for.
/// </summary>
internal static class TrailerRules
{
    private static readonly FrozenSet<string> s_forbidden = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        // Framing and the connection
        "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        // Routing
        "Host", "Location", "Max-Forwards", "Via",
        // Authentication and state
        "Authorization", "Cookie", "Cookie2", "Proxy-Authenticate", "Proxy-Authorization", "Set-Cookie", "Set-Cookie2", "WWW-Authenticate",
        // Request modifiers
        "Cache-Control", "Expect", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Pragma", "Range",
        // Response control
        "Age", "Allow", "Date", "Expires", "Retry-After", "Vary", "Warning",
        // How to read the content
        "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Location", "Content-Range", "Content-Type");

    public static bool IsForbidden(string name) => s_forbidden.Contains(name);
}
