using Warmwire.Http1.Wire;

namespace Warmwire.Proxies;

/// <summary>
/// The body of an answer that refuses a tunnel, read from input cut anywhere: its beginning is kept to be told, its end is found so that
/// the connection can be used again.
/// </summary>
/// <param name="framing">How it ends.</param>
internal sealed class ConnectAnswerBody(FramingResult framing)
{
    private readonly byte[] _begin = new byte[ProxyLimits.KeptBodyBytes];
    private ChunkDecoder _chunks;
    private HeadScanner _trailer = new(isTrailer: true);
    private bool _inTrailer;
    private long _left = framing.Length;
    private int _kept;

    /// <summary>The beginning of the body.</summary>
    public ReadOnlySpan<byte> Begin => _begin.AsSpan(0, _kept);

    /// <summary>Bytes taken so far, with those of a coding.</summary>
    public long Taken { get; private set; }

    /// <summary>The end was found. A body that ends with the connection has none until then.</summary>
    public bool IsComplete { get; private set; } = framing.Kind is BodyKind.None or BodyKind.Raw;

    /// <summary>It may not grow further.</summary>
    public bool IsTooLong => Taken > ProxyLimits.AnswerBodyBytes;

    /// <param name="input">What has arrived and was not consumed yet.</param>
    /// <returns>How much of it is over. The rest must be given again with more behind it, or is behind the body.</returns>
    /// <exception cref="WireFormatException">Its coding is malformed.</exception>
    public int Take(ReadOnlySpan<byte> input)
    {
        int consumed = IsComplete ? 0
            : framing.Kind == BodyKind.Chunked ? TakeChunks(input)
            : TakePlain(input);
        Taken += consumed;
        return consumed;
    }

    private int TakePlain(ReadOnlySpan<byte> input)
    {
        int count = framing.Kind == BodyKind.Length ? (int)Math.Min(input.Length, _left) : input.Length;
        Keep(input[..count]);
        _left -= count;
        IsComplete = framing.Kind == BodyKind.Length && _left == 0;
        return count;
    }

    private int TakeChunks(ReadOnlySpan<byte> input)
    {
        int total = 0;
        while (!_inTrailer)
        {
            ChunkStatus status = _chunks.Decode(input[total..], int.MaxValue, out int consumed, out int start, out int length);
            Keep(input.Slice(total + start, length));
            total += consumed;
            if (status == ChunkStatus.NeedMore)
            {
                return total;
            }

            _inTrailer = status == ChunkStatus.EndOfChunks;
        }

        IsComplete = _trailer.TryFindEnd(input[total..], out int trailer);
        return total + trailer;
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        int count = Math.Min(data.Length, _begin.Length - _kept);
        data[..count].CopyTo(_begin.AsSpan(_kept));
        _kept += count;
    }
}
