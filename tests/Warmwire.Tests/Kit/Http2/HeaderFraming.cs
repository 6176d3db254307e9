namespace Warmwire.Tests.Kit.Http2;

/// <summary>How a header block is cut into frames and what is put around it.</summary>
internal sealed record HeaderFraming
{
    /// <summary>The most bytes of the block in one frame; the rest follows in CONTINUATION frames.</summary>
    public int PiecesOf { get; init; } = 16384;

    /// <summary>The length of the padding of the HEADERS frame; <see langword="null"/> for a frame without.</summary>
    public byte? Padding { get; init; }

    /// <summary>Whether the HEADERS frame carries the old priority fields.</summary>
    public bool Priority { get; init; }

    public IEnumerable<PeerFrame> Cut(int streamId, byte[] block, bool endStream)
    {
        byte[] piece = block[..Math.Min(PiecesOf, block.Length)];
        int at = piece.Length;
        byte flags = endStream ? FrameFlags.EndStream : FrameFlags.None;
        if (Priority)
        {
            flags |= FrameFlags.Priority;
            piece = [0, 0, 0, 0, 15, .. piece];
        }

        if (Padding is byte padding)
        {
            flags |= FrameFlags.Padded;
            piece = [padding, .. piece, .. new byte[padding]];
        }

        yield return new PeerFrame(FrameType.Headers, (byte)(flags | (at == block.Length ? FrameFlags.EndHeaders : 0)), streamId, piece);
        while (at < block.Length)
        {
            piece = block[at..Math.Min(at + PiecesOf, block.Length)];
            at += piece.Length;
            yield return new PeerFrame(
                FrameType.Continuation, at == block.Length ? FrameFlags.EndHeaders : FrameFlags.None, streamId, piece);
        }
    }
}
