using System.Diagnostics;
using System.Runtime.CompilerServices;
using Warmwire.Http1.Wire;
using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// Reads messages from the stream: fills the buffer, finds heads, takes bodies apart. Used by one flow at a time; the connection says by
/// whom.
/// </summary>
internal sealed class Http1Reader
{
    /// <summary>The lone CR LF behind the last chunk.</summary>
    private const int EmptyTrailerBlock = 2;

    private readonly Stream _stream;
    private readonly SocketStream? _socket;
    private readonly bool _zeroByteReads;
    private readonly byte[] _watchByte;

    private ReadBuffer _buffer;
    private int _room;
    private Task<int>? _watch;
    private bool _watchIsAnswer;
    private HeadScanner _headScanner = new(isTrailer: false);

    private Body _body;

    /// <param name="stream">What to read.</param>
    /// <param name="zeroByteReads">Whether a read into an empty buffer waits until there is something to read.</param>
    /// <param name="socket">Where the stream is TLS over a socket: that.</param>
    public Http1Reader(Stream stream, bool zeroByteReads, SocketStream? socket = null)
    {
        _stream = stream;
        _socket = socket;
        _zeroByteReads = zeroByteReads;
        _watchByte = zeroByteReads ? [] : new byte[1];
    }

    public int Buffered => _buffer.Count;

    /// <summary>
    /// The last read got all it had room for. A stream that takes more from the one below than it gives, TLS, may hold what came behind it,
    /// and then the socket does not tell.
    /// </summary>
    public bool MayHaveLeftSome { get; private set; }

    public ReadOnlySpan<byte> Unread => _buffer.Unread;

    public void Consume(int count) => _buffer.Consume(count);

    // ---- The watch: one read that waits while the connection is idle, and is the first wait of the next response.

    /// <summary>Gives the buffer back while the connection is idle, unless a read into it is pending; there are no bytes in it.</summary>
    public void ReleaseBuffer()
    {
        Debug.Assert(_buffer.Count == 0, "idle over unread bytes");
        _buffer.Release();
    }

    /// <summary>
    /// Starts the read that waits while the connection is idle. It holds no buffer: a read of nothing where the stream waits for it, else
    /// of one byte; below TLS it is one of the socket. A lease that was not used has left the read of the idle period before it pending;
    /// that one goes on.
    /// </summary>
    public Task<int> StartWatch()
    {
        Debug.Assert(_buffer.Count == 0, "a watch over unread bytes");
        _buffer.Release();
        return _watch ??= BeginWatch();
    }

    /// <summary>The watch ended for nothing. Returns the one to wait for.</summary>
    public Task<int> RestartWatch() => _watchIsAnswer ? _watch! : _watch = BeginWatch();

    public bool IsWatch(Task<int> watch) => _watch == watch;

    private Task<int> BeginWatch()
    {
        try
        {
            return (_socket ?? _stream).ReadAsync(_watchByte).AsTask();
        }
        catch (Exception e)
        {
            return Task.FromException<int>(e);
        }
    }

    /// <summary>
    /// Asks TLS what the socket has brought. <see langword="true"/>: something is here, and the watch is a read of TLS that has ended.
    /// <see langword="false"/>: nothing, or TLS could not say at once; then the watch is a read of it that waits, <see
    /// cref="UnansweredWatch"/>.
    /// </summary>
    public bool AskTls()
    {
        if (!_watchIsAnswer && _socket!.Ask(_stream, out Task<int>? answer))
        {
            (_watch, _watchIsAnswer) = (answer, true);
        }

        return TlsHasAnswered;
    }

    /// <summary>Whether a read of TLS has ended, so that something is here.</summary>
    public bool TlsHasAnswered => _watchIsAnswer && WatchHasEnded;

    /// <summary>The read that waits because TLS could not say at once whether it has something.</summary>
    public Task<int>? UnansweredWatch => _watchIsAnswer && !WatchHasEnded ? _watch : null;

    /// <summary>Whether what the watch waited for is here.</summary>
    public bool WatchHasEnded => _watch is { IsCompleted: true };

    public Task<int>? EndedWatch => _watch is { IsCompleted: true } watch ? watch : null;

    /// <summary>
    /// After the watch came to its end on an idle connection: whether the peer sent bytes (<see langword="true"/>) or closed, or broke the
    /// connection.
    /// </summary>
    public async ValueTask<bool> WatchFoundBytesAsync(Task<int>? watch)
    {
        if (watch is not { IsCompletedSuccessfully: true })
        {
            return false;
        }

        return _zeroByteReads ? await FindsByteAsync().ConfigureAwait(false) : await watch.ConfigureAwait(false) > 0;
    }

    /// <summary>On a connection that is to be closed and has something to read: whether it is a byte, or the end or a failure.</summary>
    public async ValueTask<bool> FindsByteAsync()
    {
        try
        {
            return await _stream.ReadAsync(new byte[1]).ConfigureAwait(false) > 0;
        }
        catch (Exception)
        {
            // A read of nothing ends well on a socket that was reset; the failure comes with the read of a byte.
            return false;
        }
    }

    /// <summary>
    /// Starts a read of more into the buffer; what it delivers must be told to <see cref="EndFill"/>. In two steps, so that the flow that
    /// waits for a head needs no frame of its own here.
    /// </summary>
    /// <param name="wanted">How much room would be useful.</param>
    /// <param name="cancellationToken">Only where reads can be withdrawn.</param>
    public ValueTask<int> BeginFill(int wanted, CancellationToken cancellationToken = default) =>
        _watch is null ? _stream.ReadAsync(FreeRoom(wanted), cancellationToken) : FillAfterWatchAsync(wanted);

    /// <summary>The read has delivered <paramref name="read"/> bytes; 0 is the end of the stream.</summary>
    public void EndFill(int read)
    {
        _buffer.Commit(read);
        MayHaveLeftSome = read >= _room;
    }

    private Memory<byte> FreeRoom(int wanted)
    {
        Memory<byte> free = _buffer.GetFree(wanted);
        _room = free.Length;
        return free;
    }

    /// <summary>Reads more into the buffer; 0 at the end of the stream.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> FillAsync(int wanted)
    {
        int read = await BeginFill(wanted).ConfigureAwait(false);
        EndFill(read);
        return read;
    }

    /// <summary>The watch of the idle period is the first wait of the response.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> FillAfterWatchAsync(int wanted)
    {
        Task<int> watch = _watch!;
        (_watch, _watchIsAnswer) = (null, false);
        int watched = await watch.ConfigureAwait(false);
        if (_zeroByteReads)
        {
            return await _stream.ReadAsync(FreeRoom(wanted)).ConfigureAwait(false);
        }

        _room = _watchByte.Length;
        if (watched > 0)
        {
            _buffer.GetFree().Span[0] = _watchByte[0];
        }

        return watched;
    }

    // ---- Heads.

    /// <summary>A whole head is in the buffer; it stays there until it is consumed.</summary>
    public bool TryFindHead(out int length) => _headScanner.TryFindEnd(_buffer.Unread, out length);

    public void ConsumeHead(int length)
    {
        _buffer.Consume(length);
        _headScanner.Reset();
    }

    // ---- Bodies.

    public bool BodyEnded => _body.Ended;

    /// <summary>What is known to be left of the body; <see langword="null"/> if its length is not known.</summary>
    public long? BodyRemaining => _body.Kind == BodyKind.Length ? _body.Remaining : null;

    /// <summary>The trailer block as it was sent, without its last empty line; set when the body has ended.</summary>
    public byte[]? TrailerBlock => _body.TrailerBlock;

    public bool BodyEndsWithStream => _body.Kind is BodyKind.UntilClose;

    /// <summary>
    /// How many bytes a read could deliver straight into the caller's memory, past the buffer; 0 if the framing is in the way.
    /// </summary>
    public long DirectReadLimit => _buffer.Count > 0 || _watch is not null ? 0 : _body.Kind switch
    {
        BodyKind.Length => _body.Remaining,
        BodyKind.Chunked => _body.InTrailers ? 0 : _body.Chunks.RemainingInChunk,
        BodyKind.UntilClose => long.MaxValue,
        _ => 0,
    };

    public void BeginBody(in FramingResult framing, int trailerLimit)
    {
        _body = new Body
        {
            Kind = framing.Kind,
            Remaining = framing.Length,
            TrailerLimit = trailerLimit,
            TrailerScanner = new HeadScanner(isTrailer: true),
            Ended = framing.Kind == BodyKind.None || (framing.Kind == BodyKind.Length && framing.Length == 0),
        };
    }

    /// <summary>
    /// The next bytes of the body that are in the buffer; they stay valid until the next fill. Empty: the body has ended
    /// (<see cref="BodyEnded"/>) or more must be read. The end is noticed together with the last byte whenever it is in the buffer.
    /// </summary>
    public ReadOnlyMemory<byte> NextBody(int max)
    {
        if (BodyEnded)
        {
            return default;
        }

        ReadOnlyMemory<byte> unread = _buffer.UnreadMemory;
        switch (_body.Kind)
        {
            case BodyKind.Length:
                {
                    int count = (int)Math.Min(Math.Min(unread.Length, max), _body.Remaining);
                    _body.Remaining -= count;
                    _body.Ended = _body.Remaining == 0;
                    _buffer.Consume(count);
                    return unread[..count];
                }

            case BodyKind.UntilClose:
                {
                    int count = Math.Min(unread.Length, max);
                    _buffer.Consume(count);
                    return unread[..count];
                }

            default:
                return NextChunked(unread, max);
        }
    }

    /// <summary>
    /// The data of a chunked body of which all came with the head, and behind which nothing came: the usual small answer of a server that
    /// does not know its length. <see langword="null"/>: it is not so, and nothing has changed.
    /// </summary>
    /// <param name="max">Of the body with its framing.</param>
    public byte[]? TakeWholeChunks(int max)
    {
        ReadOnlySpan<byte> unread = _buffer.Unread;
        if (_body.Kind != BodyKind.Chunked || unread.Length > max || !unread.EndsWith("0\r\n\r\n"u8))
        {
            return null;
        }

        // The end may be data, or the bytes may be wrong: a copy finds out, and what is not as it seems is left to the reads of the body.
        ChunkDecoder chunks = _body.Chunks;
        Span<byte> data = stackalloc byte[unread.Length];
        int position = 0;
        int length = 0;
        try
        {
            ChunkStatus status;
            do
            {
                status = chunks.Decode(unread[position..], unread.Length, out int consumed, out int dataStart, out int dataLength);
                unread.Slice(position + dataStart, dataLength).CopyTo(data[length..]);
                length += dataLength;
                position += consumed;
            }
            while (status == ChunkStatus.Data);
            if (status != ChunkStatus.EndOfChunks || unread.Length - position != EmptyTrailerBlock)
            {
                return null;
            }
        }
        catch (WireFormatException)
        {
            return null;
        }

        _buffer.Consume(unread.Length);
        _body.Ended = true;
        return data[..length].ToArray();
    }

    public void DirectReadDone(int count)
    {
        MayHaveLeftSome = count >= _room;
        switch (_body.Kind)
        {
            case BodyKind.Length:
                _body.Remaining -= count;
                _body.Ended = _body.Remaining == 0;
                break;
            case BodyKind.Chunked:
                _body.Chunks.AdvanceData(count);
                break;
            default:
                break;
        }
    }

    public ValueTask<int> ReadDirectAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        _room = destination.Length;
        return _stream.ReadAsync(destination, cancellationToken);
    }

    /// <summary>The stream ended: right for a body that ends with it, a cut-short body otherwise.</summary>
    public bool TryEndWithStream()
    {
        if (_body.Kind == BodyKind.UntilClose)
        {
            _body.Ended = true;
        }

        return BodyEnded;
    }

    private ReadOnlyMemory<byte> NextChunked(ReadOnlyMemory<byte> unread, int max)
    {
        ReadOnlyMemory<byte> data = default;
        int position = 0;

        // First the data, then on to look whether the end is there too, without taking more data.
        while (!_body.InTrailers)
        {
            ChunkStatus status = _body.Chunks.Decode(
                unread.Span[position..],
                data.IsEmpty ? max : 0,
                out int consumed,
                out int dataStart,
                out int dataLength);
            if (dataLength > 0)
            {
                data = unread.Slice(position + dataStart, dataLength);
            }

            position += consumed;
            if (status == ChunkStatus.EndOfChunks)
            {
                _body.InTrailers = true;
            }
            else if (status == ChunkStatus.NeedMore || dataLength == 0)
            {
                break;
            }
        }

        // Consuming only moves indices, so the slice handed out stays what it is.
        _buffer.Consume(position);
        if (!_body.InTrailers)
        {
            return data;
        }

        bool found = _body.TrailerScanner.TryFindEnd(_buffer.Unread, out int length);
        if ((found ? length : _buffer.Count) > Math.Max(_body.TrailerLimit, EmptyTrailerBlock))
        {
            throw new WireFormatException(
                $"the trailers are longer than the {_body.TrailerLimit} bytes left of the limit on heads",
                "PooledHttpHandler.MaxResponseHeadersLength");
        }

        if (found)
        {
            if (length > EmptyTrailerBlock)
            {
                CheckTrailers(_buffer.Unread[..length]);
                _body.TrailerBlock = _buffer.Unread[..length].ToArray();
            }

            _buffer.Consume(length);
            _body.Ended = true;
        }

        return data;
    }

    /// <summary>Read by the caller or not: a connection is only kept after trailers that are well-formed.</summary>
    private static void CheckTrailers(ReadOnlySpan<byte> block)
    {
        var lines = new HeaderLineReader(block);
        while (lines.MoveNext())
        {
        }
    }

    /// <summary>What is known of one body, from its head to its end.</summary>
    private struct Body
    {
        public BodyKind Kind;
        public long Remaining;
        public ChunkDecoder Chunks;
        public bool InTrailers;
        public int TrailerLimit;
        public HeadScanner TrailerScanner;
        public byte[]? TrailerBlock;
        public bool Ended;
    }
}
