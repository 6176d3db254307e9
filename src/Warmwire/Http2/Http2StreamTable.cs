using System.Diagnostics.CodeAnalysis;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>The streams that are under way, and stream objects that serve none. Guarded by the connection's gate.</summary>
internal sealed class Http2StreamTable
{
    private readonly Dictionary<int, Http2Stream> _streams = [];
    private readonly Stack<Http2Stream> _spares = new();
    private int _nextId = 1;

    // The streams that were cut last, in a ring.
    private int[]? _cut;
    private int _nextCut;

    public int Count => _streams.Count;

    public Dictionary<int, Http2Stream>.ValueCollection All => _streams.Values;

    /// <summary>The number the next stream will have: odd, and never used twice (RFC 9113 §5.1.1).</summary>
    public int NextId => _nextId;

    /// <summary>Whether all stream numbers are used up.</summary>
    public bool IsUsedUp { get; private set; }

    /// <summary>Puts a stream in under <see cref="NextId"/>.</summary>
    public void Add(Http2Stream stream)
    {
        _streams.Add(stream.Id, stream);
        if (_nextId > int.MaxValue - 2)
        {
            IsUsedUp = true;
        }
        else
        {
            _nextId += 2;
        }
    }

    public bool Remove(Http2Stream stream) => _streams.Remove(stream.Id);

    /// <summary>The stream of that number, or <see langword="null"/> if it is gone.</summary>
    /// <exception cref="Http2ConnectionException">There was never one (RFC 9113 §5.1: a frame on an idle stream).</exception>
    public Http2Stream? Find(int streamId, FrameType type)
    {
        if (_streams.TryGetValue(streamId, out Http2Stream? stream))
        {
            return stream;
        }

        bool never = (streamId & 1) == 0 || (streamId >= _nextId && !IsUsedUp);
        return never
            ? throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"{type} on stream {streamId}, which was never opened")
            : null;
    }

    /// <summary>Takes note that frames of this stream are ignored from here on.</summary>
    /// <returns>Whether that is new. It may seem so too of one that was cut long ago.</returns>
    public bool NoteCut(int streamId)
    {
        _cut ??= new int[Http2Limits.CutStreams];
        if (Array.IndexOf(_cut, streamId) >= 0)
        {
            return false;
        }

        _cut[_nextCut] = streamId;
        _nextCut = (_nextCut + 1) % _cut.Length;
        return true;
    }

    public bool TryTakeSpare([NotNullWhen(true)] out Http2Stream? spare) => _spares.TryPop(out spare);

    /// <summary>Keeps a stream object, which has no other user, for another request.</summary>
    public void Keep(Http2Stream spare)
    {
        if (_spares.Count < Http2Limits.SpareStreams)
        {
            _spares.Push(spare);
        }
    }

    /// <summary>An idle connection keeps a few for the next requests.</summary>
    public void TrimSpares(int keep)
    {
        while (_spares.Count > keep)
        {
            _spares.Pop();
        }
    }
}
