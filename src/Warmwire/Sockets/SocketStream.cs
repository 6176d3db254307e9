using System.Diagnostics.CodeAnalysis;
using System.Net;
using Warmwire.Diagnostics;
using Warmwire.Runtime;

namespace Warmwire.Sockets;

/// <summary>A connected TCP socket as a stream: one read and one write may be pending at the same time.</summary>
/// <remarks>
/// A read into an empty buffer waits until bytes, the end or a failure are there, and takes nothing. What a read or write waits for may
/// complete it on the thread of an event loop, and what awaits it goes on there.
/// </remarks>
internal abstract class SocketStream : Stream
{
    // The thread that asks a stream above this one, while it does; 0: nobody.
    private int _asker;
    private bool _hasRefused;

    public abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>
    /// Asks the operating system, now: bytes, the end or a failure are there to be read. Also true once the stream is disposed.
    /// </summary>
    public abstract bool HasInput { get; }

    /// <summary>Whether input that comes while no read is pending is told to <see cref="InputWatcher"/>.</summary>
    public abstract bool NotifiesInput { get; }

    /// <summary>
    /// The same, for who owns the stream: nobody else reads it meanwhile. It costs less, and a failure that the system tells only once is
    /// noted for the read that follows.
    /// </summary>
    public virtual bool OwnerHasInput => HasInput;

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

    /// <summary>Whether this thread asks the stream above: a read must not wait.</summary>
    protected bool IsAsked => _asker != 0 && _asker == Environment.CurrentManagedThreadId;

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

    /// <summary>
    /// Asks a stream above this one, which is TLS, whether it has something to read, without a wait: a read for which the socket has
    /// nothing fails meanwhile. TLS takes that as it is: what it has of a record it keeps, and the next read goes on from there. No read of
    /// it may be pending.
    /// </summary>
    /// <param name="above">The stream above.</param>
    /// <param name="read">
    /// Its read of nothing, which is over: there are bytes, the end or a failure. One that is not over waits for the peer, as where TLS
    /// negotiates anew.
    /// </param>
    /// <returns><see langword="false"/>: it has nothing, although it may have taken a session ticket.</returns>
    public bool Ask(Stream above, [NotNullWhen(true)] out Task<int>? read)
    {
        _hasRefused = false;
        _asker = Environment.CurrentManagedThreadId;
        try
        {
            read = Detached.Run(above, 0, static (above, _) => above.ReadAsync(Memory<byte>.Empty).AsTask());
        }
        catch (Exception e)
        {
            read = Task.FromException<int>(e);
        }
        finally
        {
            _asker = 0;
        }

        // Looked at in any case, so that nobody is told of a failure that nobody saw.
        bool hasFailed = read.Exception is not null;
        if (_hasRefused && hasFailed)
        {
            read = null;
        }

        return read is not null;
    }

    /// <summary>Reads for the stream above while it is asked.</summary>
    protected ValueTask<int> ReadAtOnce(Memory<byte> buffer) =>
        !HasInput ? Refuse() : buffer.IsEmpty ? new ValueTask<int>(0) : Take(buffer);

    /// <summary>Takes what is there to be read, without a wait.</summary>
    protected abstract ValueTask<int> Take(Memory<byte> buffer);

    protected ValueTask<int> Refuse()
    {
        _hasRefused = true;
        return ValueTask.FromException<int>(new IOException(SocketTexts.NothingToRead));
    }

    /// <summary>Something is written. TLS that has to speak before it can answer may wait for the peer's answer.</summary>
    protected void EndQuestion()
    {
        if (_asker != 0)
        {
            _asker = 0;
        }
    }

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
