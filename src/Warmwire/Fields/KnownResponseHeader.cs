using Warmwire.Sockets;

namespace Warmwire.Fields;

/// <summary>The response headers the engine itself acts on, or whose values repeat.</summary>
internal enum KnownResponseHeader : byte
{
    Other,
    Connection,
    ContentEncoding,
    ContentLength,
    ContentType,
    CacheControl,
    Date,
    KeepAlive,
    Location,
    ProxyAuthenticate,
    RetryAfter,
    Server,
    SetCookie,
    Trailer,
    TransferEncoding,
    Upgrade,
    Vary,
    Via,
    WwwAuthenticate,
}
