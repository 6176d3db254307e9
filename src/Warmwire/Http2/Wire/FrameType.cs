namespace Warmwire.Http2.Wire;

/// <summary>RFC 9113 §6.</summary>
internal enum FrameType : byte
{
    Data = 0x0,
    Headers = 0x1,
    Priority = 0x2,
    RstStream = 0x3,
    Settings = 0x4,
    PushPromise = 0x5,
    Ping = 0x6,
    GoAway = 0x7,
    WindowUpdate = 0x8,
    Continuation = 0x9,
}

/// <summary>RFC 9113 §6; what a bit means depends on the type.</summary>
[Flags]
internal enum FrameFlags : byte
{
    None = 0,

    /// <summary>Of DATA and HEADERS: the last frame. Of SETTINGS and PING: an acknowledgement.</summary>
    EndStreamOrAck = 0x1,

    /// <summary>HEADERS and CONTINUATION.</summary>
    EndHeaders = 0x4,

    /// <summary>DATA and HEADERS.</summary>
    Padded = 0x8,

    /// <summary>HEADERS.</summary>
    Priority = 0x20,
}
