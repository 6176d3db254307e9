using Warmwire.Buffers;
using Warmwire.Connections;
using Warmwire.Http2.Hpack;
using Warmwire.Http2.Wire;
using Warmwire.Runtime;

namespace Warmwire.Http2;

/// <summary>
/// The flow that reads a connection: bytes into whole frames, which <see cref="Http2FrameReceiver"/> takes. It ends with the connection. No code of the
/// user's runs on it: what one stream's would block, it would block for all.
/// </summary>
internal sealed class Http2Reader
{
#if DEBUG
    // So that every test meets frames in pieces.
    private const int FirstBufferBytes = 16;
#else
    private const int FirstBufferBytes = Http2Limits.ReceiveBufferBytes;
#endif

    private readonly Http2Connection _connection;
    private readonly Stream _stream;
    private readonly bool _zeroByteReads;
    private readonly Http2FrameReceiver _receiver;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _bufferSize = FirstBufferBytes;

    public Http2Reader(Http2Connection connection, DialedStream dialed)
    {
        _connection = connection;
        _stream = dialed.Stream;
        _zeroByteReads = dialed.SupportsZeroByteReads;
        _receiver = new Http2FrameReceiver(connection);
    }

    public void Start() => _ = Detached.Run(this, 0, static (reader, _) => reader.RunAsync());

    private async Task RunAsync()
    {
        Action? end = null;
        try
        {
            // The reads stand here and not in a method of their own, which would allocate each time that it waits.
            while (true)
            {
                if (_start == _end && _zeroByteReads && _connection.TryReleaseBuffers())
                {
                    // An idle connection holds no buffer.
                    ReleaseBuffer();
                    await _stream.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                }

                MakeRoom();
                int read = await _stream.ReadAsync(_buffer.AsMemory(_end)).ConfigureAwait(false);
                if (read == 0)
                {
                    end = _connection.Lifetime.ServerClosed;
                    return;
                }

                Came(read);
                while (TryTakeFrame())
                {
                }

                _receiver.ReadIsOver();
                if (_connection.Lifetime.IsClosed)
                {
                    return;
                }
            }
        }
        catch (Http2ConnectionException e)
        {
            end = () => _connection.Lifetime.Broken(e);
        }
        catch (HpackException e)
        {
            end = () => _connection.Lifetime.Broken(new Http2ConnectionException(Http2ErrorCode.CompressionError, e.Message));
        }
        catch (Exception e)
        {
            end = () => _connection.Lifetime.ReadFailed(e);
        }
        finally
        {
            // Nothing reads into it any more.
            ReleaseBuffer();

            // What was complete before the end is handed over before the pool is told of that, which may take its time.
            _receiver.ReadIsOver();
            end?.Invoke();
        }
    }

    private void Came(int bytes)
    {
        _end += bytes;
        if (_end == _buffer.Length && _bufferSize < Http2Limits.MaxReceiveBufferBytes)
        {
            // The read has filled what there was.
            _bufferSize = Math.Min(_bufferSize * 2, Http2Limits.MaxReceiveBufferBytes);
        }

        _connection.Health.Heard();
    }

    /// <summary>Room for the rest of a frame that has begun, or for whatever comes.</summary>
    private void MakeRoom()
    {
        int unread = _end - _start;
        int needed = Math.Max(_bufferSize, unread + 1);
        if (unread >= FrameHeader.Size)
        {
            needed = Math.Max(needed, FrameHeader.Size + new FrameHeader(_buffer.AsSpan(_start)).Length);
        }

        if (_buffer.Length < needed)
        {
            byte[] larger = BufferPool.Shared.Rent(needed);
            _buffer.AsSpan(_start, unread).CopyTo(larger);
            ReleaseBuffer();
            _buffer = larger;
        }
        else if (unread > 0 && _start > 0)
        {
            _buffer.AsSpan(_start, unread).CopyTo(_buffer);
        }

        _start = 0;
        _end = unread;
    }

    private void ReleaseBuffer()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _start = _end = 0;
        if (buffer.Length > 0)
        {
            BufferPool.Shared.Return(buffer);
        }
    }

    private bool TryTakeFrame()
    {
        ReadOnlySpan<byte> unread = _buffer.AsSpan(_start, _end - _start);
        if (unread.Length < FrameHeader.Size)
        {
            return false;
        }

        var header = new FrameHeader(unread);
        _receiver.Judge(header);
        if (unread.Length < FrameHeader.Size + header.Length)
        {
            return false;
        }

        _start += FrameHeader.Size + header.Length;
        _receiver.Take(header, unread.Slice(FrameHeader.Size, header.Length));
        return true;
    }
}
