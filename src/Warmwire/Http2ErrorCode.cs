namespace Warmwire;

/// <summary>Why an HTTP/2 stream or connection was ended (RFC 9113 §7).</summary>
public enum Http2ErrorCode : uint
{
    /// <summary>Not an error: an orderly end.</summary>
    NoError = 0x0,

    /// <summary>The protocol was broken, and no other code says how.</summary>
    ProtocolError = 0x1,

    /// <summary>Something unexpected failed inside the endpoint.</summary>
    InternalError = 0x2,

    /// <summary>More data was sent than flow control allowed.</summary>
    FlowControlError = 0x3,

    /// <summary>SETTINGS were not acknowledged in time.</summary>
    SettingsTimeout = 0x4,

    /// <summary>A frame came for a stream that was closed already.</summary>
    StreamClosed = 0x5,

    /// <summary>A frame had a size its type does not allow.</summary>
    FrameSizeError = 0x6,

    /// <summary>The stream was refused before the server did anything with it: the request may be sent again.</summary>
    RefusedStream = 0x7,

    /// <summary>The stream is not needed any more.</summary>
    Cancel = 0x8,

    /// <summary>The header compression got out of step; the connection cannot be used.</summary>
    CompressionError = 0x9,

    /// <summary>The connection a CONNECT request had opened was reset or broken.</summary>
    ConnectError = 0xa,

    /// <summary>The peer makes too much work.</summary>
    EnhanceYourCalm = 0xb,

    /// <summary>The TLS connection does not meet HTTP/2's demands.</summary>
    InadequateSecurity = 0xc,

    /// <summary>The server wants HTTP/1.1 for this request.</summary>
    Http11Required = 0xd,
}
