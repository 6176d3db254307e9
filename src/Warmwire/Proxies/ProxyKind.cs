namespace Warmwire.Proxies;

/// <summary>What a proxy speaks, by the scheme of its address.</summary>
internal enum ProxyKind : byte
{
    /// <summary><c>http://</c>: HTTP/1.1 over TCP.</summary>
    Http,

    /// <summary><c>https://</c>: HTTP/1.1 over TLS.</summary>
    Https,

    /// <summary><c>socks4://</c>: knows IPv4 addresses only, so the names of servers are resolved here.</summary>
    Socks4,

    /// <summary><c>socks4a://</c>: resolves names itself.</summary>
    Socks4a,

    /// <summary><c>socks5://</c>: resolves names itself, and knows IPv6 (RFC 1928).</summary>
    Socks5,
}
