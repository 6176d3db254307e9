namespace Warmwire.Http2.Wire;

/// <summary>What the form of a frame must be, whatever it says: a frame that breaks it ends the connection (RFC 9113 §4.2, §6).</summary>
internal static class FrameRules
{
    /// <exception cref="Http2ConnectionException">The frame concerns no stream.</exception>
    public static void RequireStream(in FrameHeader header)
    {
        if (header.StreamId == 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"{header.Type} without a stream");
        }
    }

    /// <exception cref="Http2ConnectionException">The frame concerns one stream.</exception>
    public static void RequireConnection(in FrameHeader header)
    {
        if (header.StreamId != 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"{header.Type} on a stream");
        }
    }

    /// <exception cref="Http2ConnectionException">The frame is longer or shorter.</exception>
    public static void RequireLength(in FrameHeader header, int length)
    {
        if (header.Length != length)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"{header.Type} of {header.Length} bytes and not {length}");
        }
    }

    /// <summary>The payload of SETTINGS is made of six bytes for each, and an acknowledgement has none (RFC 9113 §6.5).</summary>
    /// <exception cref="Http2ConnectionException">It has another form.</exception>
    public static void RequireSettings(in FrameHeader header)
    {
        if (header.StreamId != 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "SETTINGS on a stream (RFC 9113 §6.5)");
        }

        if (header.Has(FrameFlags.EndStreamOrAck) ? header.Length != 0 : header.Length % 6 != 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"SETTINGS of {header.Length} bytes (RFC 9113 §6.5)");
        }
    }

    /// <summary>
    /// The payload without its padding: a byte with the length of what stands behind, if the flag says so (RFC 9113 §6.1).
    /// </summary>
    /// <exception cref="Http2ConnectionException">There is more padding than payload.</exception>
    public static ReadOnlySpan<byte> WithoutPadding(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!header.Has(FrameFlags.Padded))
        {
            return payload;
        }

        if (payload.IsEmpty)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"{header.Type} is too short for its padding");
        }

        int padding = payload[0];
        return padding < payload.Length
            ? payload[1..^padding]
            : throw new Http2ConnectionException(
                Http2ErrorCode.ProtocolError, $"{header.Type} has more padding than payload (RFC 9113 §6.1)");
    }

    /// <summary>The fragment of a header block in HEADERS, without padding and priority (RFC 9113 §6.2).</summary>
    /// <exception cref="Http2ConnectionException">The frame is too short for what its flags promise.</exception>
    public static ReadOnlySpan<byte> HeaderFragment(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> fragment = WithoutPadding(header, payload);
        if (!header.Has(FrameFlags.Priority))
        {
            return fragment;
        }

        return fragment.Length >= 5
            ? fragment[5..]
            : throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, "HEADERS is too short for its priority (RFC 9113 §6.2)");
    }
}
