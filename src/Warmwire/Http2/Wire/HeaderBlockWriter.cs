using Warmwire.Buffers;

namespace Warmwire.Http2.Wire;

/// <summary>
/// Puts a header block that is encoded straight into the output into frames: one HEADERS frame, and CONTINUATION frames for what it has no room
/// for (RFC 9113 §4.3, §6.2, §6.10).
/// </summary>
internal static class HeaderBlockWriter
{
    /// <summary>Leaves room for the frame's header; the block is appended behind it.</summary>
    /// <returns>What <see cref="End"/> wants to know.</returns>
    public static int Begin(OutputBuffer output)
    {
        int start = output.Count;
        AddHeader(output);
        return start;
    }

    /// <summary>The block has been appended as a whole.</summary>
    public static void End(OutputBuffer output, int start, int streamId, bool endStream)
    {
        int length = output.Count - start - FrameHeader.Size;
        FrameFlags flags = endStream ? FrameFlags.EndStreamOrAck : FrameFlags.None;
        if (length <= Http2Limits.FrameBytes)
        {
            FrameHeader.Write(output.WrittenSpan[start..], length, FrameType.Headers, flags | FrameFlags.EndHeaders, streamId);
            return;
        }

        // Nothing may come in between (RFC 9113 §4.3).
        byte[] block = output.WrittenSpan[(start + FrameHeader.Size)..].ToArray();
        output.Truncate(start);
        for (int at = 0; at < block.Length; at += Http2Limits.FrameBytes)
        {
            int part = Math.Min(Http2Limits.FrameBytes, block.Length - at);
            FrameFlags last = at + part == block.Length ? FrameFlags.EndHeaders : FrameFlags.None;
            AddHeader(output);
            FrameHeader.Write(
                output.WrittenSpan[^FrameHeader.Size..],
                part,
                at == 0 ? FrameType.Headers : FrameType.Continuation,
                at == 0 ? last | flags : last,
                streamId);
            output.Write(block.AsSpan(at, part));
        }
    }

    private static void AddHeader(OutputBuffer output)
    {
        output.GetSpan(FrameHeader.Size);
        output.Advance(FrameHeader.Size);
    }
}
