using Warmwire.Buffers;

namespace Warmwire.Http2.Wire;

/// <summary>
/// A header block whose fragments come in several frames (RFC 9113 §4.3), and the limits on that. The reading flow's own.
/// </summary>
internal sealed class FieldBlock
{
    private readonly OutputBuffer _fragments = new();
    private readonly int _maxBytes;
    private int _frames;

    /// <param name="maxDecodedBytes">
    /// The limit on what the block may decode to, <see cref="PooledHttpHandler.MaxResponseHeadersLength"/>.
    /// </param>
    public FieldBlock(int maxDecodedBytes)
    {
        // A block that passes this decodes to more than the limit, whatever is in it. It cannot be skipped either: what it does to the
        // table would be lost.
        _maxBytes = (int)Math.Min(int.MaxValue, Math.Max(maxDecodedBytes, Http2Limits.FrameBytes) * 2L);
    }

    /// <summary>
    /// The stream whose block has begun and not ended; 0 for none. Until its end no other frame may come (RFC 9113 §6.10).
    /// </summary>
    public int StreamId { get; private set; }

    /// <summary>Whether the frame that began it ends the stream.</summary>
    public bool EndStream { get; private set; }

    public ReadOnlySpan<byte> Bytes => _fragments.Written.Span;

    public void Begin(int streamId, bool endStream, ReadOnlySpan<byte> fragment)
    {
        StreamId = streamId;
        EndStream = endStream;
        _frames = 0;
        _fragments.Clear();
        Append(fragment);
    }

    /// <exception cref="Http2ConnectionException">The block is too long, or in too many pieces.</exception>
    public void Continue(ReadOnlySpan<byte> fragment)
    {
        if (++_frames > Http2Limits.ContinuationFrames + (_maxBytes / Http2Limits.FrameBytes))
        {
            throw new Http2ConnectionException(
                Http2ErrorCode.EnhanceYourCalm, $"a header block goes on over more than {_frames - 1} CONTINUATION frames");
        }

        Append(fragment);
    }

    public void End()
    {
        StreamId = 0;
        _fragments.Release();
    }

    private void Append(ReadOnlySpan<byte> fragment)
    {
        if (fragment.Length > _maxBytes - _fragments.Count)
        {
            throw new Http2ConnectionException(
                Http2ErrorCode.EnhanceYourCalm,
                $"a header block is longer than {_maxBytes} bytes; see PooledHttpHandler.MaxResponseHeadersLength");
        }

        _fragments.Write(fragment);
    }
}
