using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// A real socket whose word of input comes when the test says so: reads of nothing that wait, or calls of the watcher. What is asked of it
/// at once it answers.
/// </summary>
internal sealed class HeldSocket(Socket socket, bool notifiesInput) : SocketStream
{
    private readonly ManagedSocketStream _inner = new(new NetworkStream(socket, ownsSocket: true));
    private readonly ConcurrentQueue<TaskCompletionSource<int>> _waits = new();
    private int _reads;

    /// <summary>Whether reads of nothing wait for <see cref="Tell"/>; else, as in a handshake, for input.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Runs once, on the thread that takes bytes, when it has them.</summary>
    public Action? WhenTaken { get; set; }

    /// <summary>Reads that wait, or take, at the socket itself.</summary>
    public int Reads => Volatile.Read(ref _reads);

    public bool IsWaitedFor => !_waits.IsEmpty;

    public override EndPoint? RemoteEndPoint => null;

    public override bool NotifiesInput => notifiesInput;

    protected override bool IsDisposed => !_inner.CanRead;

    public override bool HasInput => _inner.HasInput;

    /// <summary>The word of input, be there any or not.</summary>
    public void Tell()
    {
        if (notifiesInput)
        {
            InputWatcher!.InputArrived();
        }
        else
        {
            Assert.True(_waits.TryDequeue(out TaskCompletionSource<int>? wait), "a read of nothing waits");
            wait.SetResult(0);
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsAsked)
        {
            return ReadAtOnce(buffer);
        }

        if (!IsHeld || !buffer.IsEmpty)
        {
            return ReadReallyAsync(buffer, cancellationToken);
        }

        var wait = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waits.Enqueue(wait);
        return new ValueTask<int>(wait.Task);
    }

    private async ValueTask<int> ReadReallyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        try
        {
            int read = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            return Taken(read);
        }
        finally
        {
            Interlocked.Decrement(ref _reads);
        }
    }

    protected override ValueTask<int> Take(Memory<byte> buffer) => new(Taken(socket.Receive(buffer.Span)));

    private int Taken(int read)
    {
        if (read > 0 && WhenTaken is { } taken)
        {
            WhenTaken = null;
            taken();
        }

        return read;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        EndQuestion();
        return _inner.WriteAsync(buffer, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        _inner.Dispose();
        while (_waits.TryDequeue(out TaskCompletionSource<int>? wait))
        {
            wait.SetException(new IOException("disposed"));
        }

        base.Dispose(disposing);
    }
}
