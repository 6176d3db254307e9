namespace Warmwire.Connections;

/// <summary>Which protocols a connection may speak, as the requests it is for allow: a part of its route.</summary>
internal enum ProtocolOffer : byte
{
    /// <summary>HTTP/1.1 and nothing else.</summary>
    Http1,

    /// <summary>HTTP/2 or HTTP/1.1, as the server chooses in the TLS handshake (RFC 7301).</summary>
    Http2OrHttp1,

    /// <summary>HTTP/2 without asking: prior knowledge, over plain TCP (RFC 9113 §3.3).</summary>
    Http2,
}
