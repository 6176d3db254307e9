using System.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>
/// What a decompressor reads from: the body as it arrives. It notes what the decompressor cannot tell: whether it asked for more than there
/// was.
/// </summary>
internal sealed class CodedSource : Stream
{
    /// <summary>The first byte of no gzip member (RFC 1952 §2.3.1: 1F).</summary>
    private const byte Stranger = 0xFF;

    private const int TailLength = 5;

    private readonly Stream _body;
    private readonly byte[] _tail = new byte[TailLength]; // the last bytes of the body so far; zeros where it has had none yet
    private byte[] _held = [];
    private int _heldStart;
    private int _heldEnd;
    private bool _bodyEnded;

    public CodedSource(Stream body) => _body = body;

    /// <summary>Whether a read was answered with the end since <see cref="AppendStranger"/>, or since the beginning.</summary>
    public bool EndSeen { get; private set; }

    /// <summary>How many bytes the body has had.</summary>
    public long Supplied { get; private set; }

    /// <summary>Whether the last read of the body threw.</summary>
    public bool Failed { get; private set; }

    /// <summary>The last five bytes that the body has had.</summary>
    public ReadOnlySpan<byte> Tail => _tail;

    /// <summary>The first bytes of the body, after <see cref="Peek"/>.</summary>
    public ReadOnlySpan<byte> Peeked => _held.AsSpan(_heldStart, _heldEnd - _heldStart);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads so many bytes ahead, fewer if the body has no more.</summary>
    public void Peek(int count)
    {
        PrepareToPeek(count);
        while (_heldEnd < count && !_bodyEnded)
        {
            Held(ReadBody(_held.AsSpan(_heldEnd, count - _heldEnd)));
        }
    }

    /// <inheritdoc cref="Peek"/>
    public async ValueTask PeekAsync(int count, CancellationToken cancellationToken)
    {
        PrepareToPeek(count);
        while (_heldEnd < count && !_bodyEnded)
        {
            Held(await ReadBodyAsync(_held.AsMemory(_heldEnd, count - _heldEnd), cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Waits until the body has something, or its end, without taking any of it.</summary>
    public void WaitForBytes()
    {
        if (_heldStart == _heldEnd && !_bodyEnded)
        {
            Failed = true;
            _ = _body.Read([], 0, 0);
            Failed = false;
        }
    }

    /// <inheritdoc cref="WaitForBytes"/>
    public async ValueTask WaitForBytesAsync(CancellationToken cancellationToken)
    {
        if (_heldStart == _heldEnd && !_bodyEnded)
        {
            Failed = true;
            _ = await _body.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            Failed = false;
        }
    }

    /// <summary>Lets one byte follow the body's end that no coding continues with.</summary>
    public void AppendStranger()
    {
        Debug.Assert(EndSeen && _heldStart == _heldEnd);
        _held = [Stranger];
        _heldStart = 0;
        _heldEnd = 1;
        EndSeen = false;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer) => TryReadHeld(buffer, out int read) ? read : Ended(ReadBody(buffer));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        TryReadHeld(buffer.Span, out int read) ? read : Ended(await ReadBodyAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await _body.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
        }

        base.Dispose(disposing);
    }

    // A peek that was cancelled is taken up where it stopped.
    private void PrepareToPeek(int count)
    {
        if (_held.Length == 0)
        {
            _held = new byte[count];
        }
    }

    private void Held(int read)
    {
        _heldEnd += read;
        _bodyEnded = read == 0;
    }

    private bool TryReadHeld(Span<byte> buffer, out int read)
    {
        read = Math.Min(buffer.Length, _heldEnd - _heldStart);
        if (read != 0)
        {
            _held.AsSpan(_heldStart, read).CopyTo(buffer);
            _heldStart += read;
            return true;
        }

        EndSeen |= _bodyEnded;
        return _bodyEnded; // The body is not asked again after its end: its connection may serve another by now.
    }

    private int Ended(int read)
    {
        EndSeen |= read == 0;
        _bodyEnded = read == 0;
        return read;
    }

    private int ReadBody(Span<byte> buffer)
    {
        Debug.Assert(buffer.Length != 0);
        Failed = true;
        int read = _body.Read(buffer);
        Failed = false;
        KeepTail(buffer[..read]);
        return read;
    }

    private async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Debug.Assert(buffer.Length != 0);
        Failed = true;
        int read = await _body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Failed = false;
        KeepTail(buffer.Span[..read]);
        return read;
    }

    private void KeepTail(ReadOnlySpan<byte> read)
    {
        Supplied += read.Length;
        if (read.Length < TailLength)
        {
            _tail.AsSpan(read.Length).CopyTo(_tail);
            read.CopyTo(_tail.AsSpan(TailLength - read.Length));
        }
        else
        {
            read[^TailLength..].CopyTo(_tail);
        }
    }
}
