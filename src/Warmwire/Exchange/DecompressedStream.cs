using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using Warmwire.Buffers;
using Warmwire.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>
/// Undoes one content coding while it is read; each read gives at most what its buffer holds. Unlike the decompressors of .NET, it does not
/// take a body that was cut short for a whole one, and it reads the body below to its end before it reports its own, so that the connection
/// is back in the pool by then.
/// </summary>
/// <remarks>
/// <code> Unopened ── first read ──► Open ── 0 from the decompressor ──► Ending ── body below at its end ──► Ended
///                              └──── corrupt or cut short ─────► Broken (each read throws again)
/// </code>
/// One reader at a time, as every stream.
/// </remarks>
internal sealed class DecompressedStream : Stream
{
    /// <summary>
    /// How many bytes after the compressed data are skipped to reach the end of the body. What is left after them is left to disposing: it
    /// is not worth waiting for.
    /// </summary>
    internal const int MaxBytesAfterEnd = 64 * 1024;

    private const int SkipBufferSize = 4096;
    private const int ZlibHeaderLength = 2;

    private readonly CodedSource _source;
    private readonly ContentCoding _coding;
    private readonly bool _isPart;
    private Stream? _decompressor;
    private long _produced;
    private bool _hasMore; // the last read filled its buffer, so there may be more that needs no input
    private int _skipped;
    private State _state;
    private bool _disposed;

    /// <param name="original">The body as it arrives.</param>
    /// <param name="coding">What is undone.</param>
    /// <param name="isPart">Whether it is a part of a body (206), which may end in the middle of the compressed data.</param>
    public DecompressedStream(Stream original, ContentCoding coding, bool isPart = false)
    {
        _source = new CodedSource(original);
        _coding = coding;
        _isPart = isPart;
    }

    private enum State
    {
        Unopened,
        Open,
        Ending,
        Ended,
        Broken,
    }

    public override bool CanRead => !_disposed;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private string CodingName => _coding switch
    {
        ContentCoding.Gzip => "gzip",
        ContentCoding.Deflate => "deflate",
        _ => "br",
    };

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int Read(Span<byte> buffer)
    {
        if (!CheckReadable())
        {
            return 0;
        }

        if (buffer.IsEmpty)
        {
            if (MustWait)
            {
                _source.WaitForBytes();
            }

            return 0;
        }

        if (_state == State.Unopened)
        {
            if (_coding == ContentCoding.Deflate)
            {
                _source.Peek(ZlibHeaderLength);
            }

            Open();
        }

        if (_state == State.Open)
        {
            int read;
            try
            {
                read = _decompressor!.Read(buffer);
            }
            catch (Exception exception) when (IsCorruption(exception))
            {
                throw Corrupt(exception);
            }

            if (read != 0)
            {
                return Produced(read, buffer.Length);
            }

            EnsureComplete();
        }

        SkipToEnd();
        return 0;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!CheckReadable())
        {
            return 0;
        }

        if (buffer.IsEmpty)
        {
            if (MustWait)
            {
                await _source.WaitForBytesAsync(cancellationToken).ConfigureAwait(false);
            }

            return 0;
        }

        if (_state == State.Unopened)
        {
            if (_coding == ContentCoding.Deflate)
            {
                await _source.PeekAsync(ZlibHeaderLength, cancellationToken).ConfigureAwait(false);
            }

            Open();
        }

        if (_state == State.Open)
        {
            int read;
            try
            {
                read = await _decompressor!.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (IsCorruption(exception))
            {
                throw Corrupt(exception);
            }

            if (read != 0)
            {
                return Produced(read, buffer.Length);
            }

            EnsureComplete();
        }

        await SkipToEndAsync(cancellationToken).ConfigureAwait(false);
        return 0;
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            await (_decompressor ?? _source).DisposeAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            (_decompressor ?? _source).Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>
    /// Whether a read of nothing has to wait for input. The decompressor does not see such a read: it would fill its input, and the bytes
    /// it
    /// hands out later could not be told from those that <see cref="EnsureComplete"/> provokes.
    /// </summary>
    private bool MustWait => _state is State.Unopened or State.Open && !_hasMore;

    private int Produced(int read, int room)
    {
        _produced += read;
        _hasMore = read == room;
        return read;
    }

    /// <summary>Whether there is anything to read from.</summary>
    private bool CheckReadable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_state == State.Broken)
        {
            throw new HttpIOException(HttpRequestError.InvalidResponse, DecompressionErrorTexts.Corrupt(CodingName));
        }

        return _state != State.Ended;
    }

    private void Open()
    {
        _decompressor = _coding switch
        {
            ContentCoding.Gzip => new GZipStream(_source, CompressionMode.Decompress),
            ContentCoding.Brotli => new BrotliStream(_source, CompressionMode.Decompress),
            _ when IsZlib(_source.Peeked) => new ZLibStream(_source, CompressionMode.Decompress),
            _ => new DeflateStream(_source, CompressionMode.Decompress),
        };
        MoveTo(State.Open);
    }

    /// <summary>
    /// "deflate" is the zlib format (RFC 9110 §8.4.1.2), but some servers send the bare one. The header of zlib: method 8, at most a 32 KiB
    /// window, a check sum (RFC 1950 §2.2).
    /// </summary>
    private static bool IsZlib(ReadOnlySpan<byte> head) =>
        head.Length < ZlibHeaderLength || ((head[0] & 0x0F) == 8 && head[0] >> 4 <= 7 && ((head[0] << 8) | head[1]) % 31 == 0);

    /// <summary>
    /// The decompressor says it has no more. It says the same when it has finished and when its input just stopped, but it asks for more
    /// input only when it has not finished. gzip is the exception: after one member it looks for another, so it asks in both cases. There,
    /// one byte follows that begins no member: a decompressor that has finished leaves it alone and does not ask again; any other swallows
    /// it and asks, or chokes on it. An empty body counts as complete, as in .NET: servers put Content-Encoding on those too.
    /// </summary>
    private void EnsureComplete()
    {
        if (_source.EndSeen && _source.Supplied > 0 && !_isPart)
        {
            bool complete = false;
            if (_coding == ContentCoding.Gzip)
            {
                _source.AppendStranger();
                Span<byte> unexpected = stackalloc byte[64];
                try
                {
                    complete = _decompressor!.Read(unexpected) == 0 && !_source.EndSeen;
                }
                catch (InvalidDataException)
                {
                    complete = EndsWithLoneMagic();
                }
            }

            if (!complete)
            {
                MoveTo(State.Broken);
                throw new HttpIOException(HttpRequestError.ResponseEnded, DecompressionErrorTexts.Truncated(CodingName));
            }

            MoveTo(State.Ended);
        }
        else
        {
            MoveTo(_source.EndSeen ? State.Ended : State.Ending);
        }
    }

    /// <summary>
    /// Whether the body ended with a whole gzip member and one byte of junk that looks like the beginning of another: 1F. The decompressor
    /// has begun that member, so it cannot be asked; but before the byte stands the length of what was decompressed (RFC 1952 §2.3.1).
    /// </summary>
    private bool EndsWithLoneMagic()
    {
        const byte FirstMagic = 0x1F;
        ReadOnlySpan<byte> tail = _source.Tail;
        return _produced > 0
            && tail[^1] == FirstMagic
            && BinaryPrimitives.ReadUInt32LittleEndian(tail) == unchecked((uint)_produced);
    }

    /// <summary>Reads the body below to its end; bytes after the compressed data are ignored, as in .NET.</summary>
    private void SkipToEnd()
    {
        if (_state == State.Ended)
        {
            return;
        }

        byte[] buffer = BufferPool.Shared.Rent(SkipBufferSize);
        try
        {
            while (!Skipped(_source.Read(buffer)))
            {
            }
        }
        finally
        {
            BufferPool.Shared.Return(buffer);
        }
    }

    private async ValueTask SkipToEndAsync(CancellationToken cancellationToken)
    {
        if (_state == State.Ended)
        {
            return;
        }

        byte[] buffer = BufferPool.Shared.Rent(SkipBufferSize);
        bool returnable = false;
        try
        {
            while (!Skipped(await _source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)))
            {
            }

            returnable = true;
        }
        finally
        {
            // A read that was cancelled or failed may still hold the buffer; then it is the collector's.
            if (returnable)
            {
                BufferPool.Shared.Return(buffer);
            }
        }
    }

    private bool Skipped(int read)
    {
        _skipped += read;
        if (read != 0 && _skipped < MaxBytesAfterEnd)
        {
            return false;
        }

        MoveTo(State.Ended);
        return true;
    }

    /// <summary>
    /// Whether an exception of the decompressor speaks of its data. What the body below throws passes through; for Brotli .NET throws
    /// <see cref="InvalidOperationException"/>.
    /// </summary>
    private bool IsCorruption(Exception exception) =>
        !_source.Failed
        && (exception is InvalidDataException
            || (_coding == ContentCoding.Brotli && exception is InvalidOperationException and not ObjectDisposedException));

    private InvalidDataException Corrupt(Exception exception)
    {
        MoveTo(State.Broken);
        return new InvalidDataException(DecompressionErrorTexts.Corrupt(CodingName), exception);
    }

    private void MoveTo(State next)
    {
        Debug.Assert(
            (_state, next) is (State.Unopened, State.Open)
                or (State.Open, State.Ending or State.Ended or State.Broken)
                or (State.Ending, State.Ended),
            $"{_state} to {next}");
        _state = next;
    }
}
