using System.Net;

namespace Warmwire.Sockets;

/// <summary>A connected TCP socket as a stream: one read and one write may be pending at the same time.</summary>
/// <remarks>
/// A read into an empty buffer waits until bytes, the end or a failure are there, and takes nothing. What a read or write waits for may
/// complete it on the thread of an event loop, and what awaits it goes on there.
/// </remarks>
internal abstract class SocketStream : Stream
{
    public abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>
    /// Asks the operating system, now: bytes, the end or a failure are there to be read. Also true once the stream is disposed.
    /// </summary>
    public abstract bool HasInput { get; }

    /// <summary>Whether input that comes while no read is pending is told to <see cref="InputWatcher"/>.</summary>
    public abstract bool NotifiesInput { get; }

    /// <summary>
    /// Whether a notice of input has not been read up yet. <see langword="false"/>: there was nothing when the socket was last heard of.
    /// Costs no system call; only meant for where <see cref="NotifiesInput"/>.
    /// </summary>
    public virtual bool MayHaveInput => true;

    /// <summary>
    /// Told, on the thread of an event loop, that input, the end or a failure came while no read was pending. It may be told of bytes that
    /// a read has taken by now; <see cref="HasInput"/> knows. Set before use.
    /// </summary>
    public IInputWatcher? InputWatcher { get; set; }

    protected abstract bool IsDisposed { get; }

    public override bool CanRead => !IsDisposed;

    public override bool CanWrite => !IsDisposed;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public abstract override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
