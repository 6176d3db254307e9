namespace Warmwire;

/// <summary>The error codes of HTTP/2 (RFC 9113 §7).</summary>
public enum Http2ErrorCode : uint
{
    /// <summary>No error.</summary>
    NoError,

    /// <summary>The protocol was broken.</summary>
    ProtocolError,

    /// <summary>Something went wrong inside.</summary>
    InternalError,

    /// <summary>More was sent than the window allows.</summary>
    FlowControlError,

    /// <summary>SETTINGS were not acknowledged in time.</summary>
    SettingsTimeout,

    /// <summary>A frame for a stream that had ended.</summary>
    StreamClosed,

    /// <summary>A frame of a wrong size.</summary>
    FrameSizeError,

    /// <summary>The request was not processed at all.</summary>
    RefusedStream,

    /// <summary>The stream is no longer wanted.</summary>
    Cancel,

    /// <summary>A header block cannot be decoded.</summary>
    CompressionError,

    /// <summary>The connection behind CONNECT failed.</summary>
    ConnectError,

    /// <summary>The peer does too much.</summary>
    EnhanceYourCalm,

    /// <summary>TLS is not as HTTP/2 wants it.</summary>
    InadequateSecurity,

    /// <summary>The request should be made over HTTP/1.1.</summary>
    Http11Required,
}
