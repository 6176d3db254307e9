using System.Diagnostics;
using System.Net;
using System.Threading.Tasks.Sources;
using Warmwire.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>
/// A socket of the event loops. A read waits for the system's word and is then done by the thread of a loop, which goes on with what
/// awaited it. A write is tried at once and waits only for what the system does not take.
/// </summary>
/// <remarks>
/// It is the source of the <see cref="ValueTask"/>s it returns, so operations allocate nothing, and while it is idle it is its fields: it
/// holds no buffer.
/// </remarks>
internal sealed class LoopSocketStream : SocketStream, ISlotOwner, IValueTaskSource<int>, IValueTaskSource, IThreadPoolWorkItem
{
    private DescriptorUse _descriptor;

    // The connect that is under way; taken by what ends it.
    private LoopConnect? _connect;

    // Each direction belongs to its operation while that runs, and to the one that claims it while it waits.
    private HalfState _read;
    private Memory<byte> _readMemory;
    private ManualResetValueTaskSourceCore<int> _readSource;

    private HalfState _write;
    private ReadOnlyMemory<byte> _writeMemory;
    private ManualResetValueTaskSourceCore<bool> _writeSource;

    // The failure a write or a look was told of: an error number. Reads must not take what is left for an orderly end.
    private volatile int _failure;

    // Events on their way through the thread pool.
    private uint _queuedEvents;

    public LoopSocketStream(EventLoopGroup group, int descriptor, EndPoint remoteEndPoint, LoopConnect? connect)
    {
        Group = group;
        _descriptor = new DescriptorUse(descriptor);
        RemoteEndPoint = remoteEndPoint;
        _connect = connect;
    }

    public ulong SlotKey { get; set; }

    public EventLoopGroup Group { get; }

    public override EndPoint RemoteEndPoint { get; }

    public override bool NotifiesInput => true;

    protected override bool IsDisposed => _descriptor.IsClosed;

    /// <remarks>
    /// Story: an idle connection is asked about, and leased before the answer is here. A look that took the failure would leave an end to
    /// the exchange, and half a body would be a whole one. So this one takes nothing.
    /// </remarks>
    public override bool HasInput => LooksForInput(isOwner: false);

    public override bool OwnerHasInput => LooksForInput(isOwner: true);

    public override bool MayHaveInput => !_read.IsQuiet;

    /// <summary>The socket.</summary>
    public ref DescriptorUse Descriptor => ref _descriptor;

    /// <summary>The connect, if it is still under way: it belongs to the caller, who ends it.</summary>
    public LoopConnect? TakeConnect() => Interlocked.Exchange(ref _connect, null);

    private bool LooksForInput(bool isOwner)
    {
        if (!_descriptor.TryEnter())
        {
            return true;
        }

        bool found = isOwner ? Peek() != -LibC.EAGAIN : LibC.IsReady(_descriptor.Descriptor);
        _descriptor.Exit();
        if (found)
        {
            // Story: the edge is still on its way, and the read that follows this answer would wait for it. So it is noted here.
            _read.Note();
        }

        return found;
    }

    // ---- Events -----------------------------------------------------------------------------------------------------

    /// <summary>Called by the loop.</summary>
    public void OnEvents(uint events)
    {
        if (!Group.IsCrowded)
        {
            Process(events);
        }
        else if (Interlocked.Or(ref _queuedEvents, events) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute() => Process(Interlocked.Exchange(ref _queuedEvents, 0));

    private void Process(uint events)
    {
        bool input = (events & EpollEvents.Input) != 0;
        bool ended = (events & EpollEvents.End) != 0;
        if (Volatile.Read(ref _connect) is not null)
        {
            // A peer that speaks first may have spoken by now. There is no read and no watcher yet: this only notes it.
            if (input)
            {
                _read.OnEdge(ended, (events & LibC.EPOLLPRI) != 0);
            }

            // Story: two threads have an event of this socket, because the loop was taken over in between. The system tells of the failure
            // once, so the one that asks must be the one that completes the connect.
            TakeConnect()?.Finish(ref _descriptor);
            return;
        }

        // The read comes first: of a broken connection the system tells once, and what becomes of the answer counts more.
        HalfState.EdgeFound found = input ? _read.OnEdge(ended, (events & LibC.EPOLLPRI) != 0) : HalfState.EdgeFound.Closed;
        int result = 0;
        bool readEnds = found == HalfState.EdgeFound.Waiting && TryRead(ended, tryFirst: true, out result);
        bool tellsWatcher = found == HalfState.EdgeFound.Nothing && InputWatcher is not null;

        // The kernel tells of room for writing with every input. Nothing needs to know of it while no write is under way: the next one
        // tries first.
        if ((events & EpollEvents.Output) != 0 && _write.IsBusy)
        {
            // Story: one event has something for the read and for the write, and what awaited the write waits for the read before it gives
            // this thread back. The event would not come again. So if there is a read to complete, the write's awaiter goes elsewhere.
            RoomCame(asynchronously: readEnds || tellsWatcher);
        }

        if (readEnds)
        {
            CompleteRead(result);
        }
        else if (tellsWatcher)
        {
            InputWatcher?.InputArrived();
        }
    }

    // ---- Reading ----------------------------------------------------------------------------------------------------

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.CanBeCanceled)
        {
            return ReadCancellableAsync(buffer, cancellationToken);
        }

        if (_read.IsQuiet && !IsAsked)
        {
            // The usual case: the answer is not here yet. To try first would only cost a call.
            _readMemory = buffer;
            _readSource.Reset();
            short version = _readSource.Version;
            if (_read.TryBeginArmed())
            {
                return new ValueTask<int>(this, version);
            }
        }

        return IsAsked ? ReadAtOnce(buffer) : ReadNow(buffer);
    }

    protected override ValueTask<int> Take(Memory<byte> buffer) => ReadNow(buffer);

    private ValueTask<int> ReadNow(Memory<byte> buffer)
    {
        switch (_read.Begin())
        {
            case HalfState.Beginning.Closed:
                return ValueTask.FromException<int>(Gone());
            case HalfState.Beginning.AlreadyBusy:
                return ValueTask.FromException<int>(new InvalidOperationException(SocketTexts.ConcurrentReads));
            default:
                break;
        }

        _readSource.Reset();
        short version = _readSource.Version;
        _readMemory = buffer;
        if (!TryRead(ended: false, tryFirst: false, out int result))
        {
            return new ValueTask<int>(this, version);
        }

        return result >= 0 ? new ValueTask<int>(result)
            : ValueTask.FromException<int>(result == Disposed ? Gone() : SocketErrors.ReadFailed(-result));
    }

    /// <summary>What a call on a closed descriptor is answered with; no error of the system.</summary>
    private const int Disposed = int.MinValue;

    /// <summary>Runs the read that has begun, until it is over or waits.</summary>
    /// <param name="ended">Whether the edge that was claimed told of the end or a failure.</param>
    /// <param name="tryFirst">Whether an edge was claimed; else one must be noted for the read to be tried.</param>
    /// <param name="result">What the read became: a count, or a negated error number.</param>
    /// <returns><see langword="false"/>: it waits, and may be over by now; nothing of it may be touched.</returns>
    private bool TryRead(bool ended, bool tryFirst, out int result)
    {
        Memory<byte> memory = _readMemory;
        while (true)
        {
            if (tryFirst || _read.TryTakeEdge(out ended))
            {
                // A read of nothing believes the edge, which is all it waits for; one that was noted may have been used up since, and the
                // socket is asked.
                result = tryFirst && memory.IsEmpty ? 0 : Receive(memory.Span);
                if (result != -LibC.EAGAIN)
                {
                    _readMemory = default;

                    // Shorter than the buffer: the socket is empty, and the next bytes come with a new edge. Not so the end and failures:
                    // their edge may have been this one. A read of nothing has taken nothing.
                    bool more = result == memory.Length;
                    _read.End(ready: more, ended: ended || (result <= 0 && !more));
                    return true;
                }

                // The edge was one of bytes that an earlier read has taken.
                tryFirst = false;
            }
            else if (_read.IsClosed)
            {
                _readMemory = default;
                _read.End(ready: false, ended: false);
                result = Disposed;
                return true;
            }
            else if (_read.TryArm())
            {
                // Story: a read finds nothing, bytes come, and only then it begins to wait, for an edge that has been. TryArm sees that
                // edge and refuses.
                result = 0;
                return false;
            }
        }
    }

    private int Receive(Span<byte> buffer)
    {
        if (!_descriptor.TryEnter())
        {
            return Disposed;
        }

        int result = buffer.IsEmpty ? Math.Min(Peek(), 0) : LibC.Receive(_descriptor.Descriptor, buffer);
        _descriptor.Exit();

        // Story: the peer breaks the connection, and the system tells of it once, to a write. To reads the rest looks like an orderly end,
        // and half a body would be taken for a whole one.
        return result == 0 && !buffer.IsEmpty && _failure != 0 ? -_failure : result;
    }

    /// <summary>Whether there is something to receive; between the descriptor's enter and exit.</summary>
    private int Peek()
    {
        int result = LibC.Peek(_descriptor.Descriptor);
        if (result < 0 && result != -LibC.EAGAIN)
        {
            // Story: the peer broke the connection, and the system told of it here, once. The read that follows finds an end.
            _failure = -result;
        }

        return result;
    }

    private void CompleteRead(int result)
    {
        _readSource.RunContinuationsAsynchronously = false;
        if (result >= 0)
        {
            _readSource.SetResult(result);
        }
        else
        {
            _readSource.SetException(result == Disposed ? SocketErrors.ReadAborted() : SocketErrors.ReadFailed(-result));
        }
    }

    private async ValueTask<int> ReadCancellableAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ValueTask<int> read = ReadAsync(buffer, CancellationToken.None);
        if (read.IsCompleted)
        {
            return await read.ConfigureAwait(false);
        }

        // Ends before the read's caller goes on, so it cannot cancel the next read.
        using (cancellationToken.UnsafeRegister(static (state, token) => ((LoopSocketStream)state!).CancelRead(token), this))
        {
            return await read.ConfigureAwait(false);
        }
    }

    private void CancelRead(CancellationToken cancellationToken)
    {
        if (_read.TryWithdraw())
        {
            AbandonRead(new OperationCanceledException(cancellationToken));
        }
    }

    /// <summary>Ends a read from outside: what awaits it must not run on the stack that does that.</summary>
    private void AbandonRead(Exception reason)
    {
        _readMemory = default;
        _read.End(ready: false, ended: false);
        _readSource.RunContinuationsAsynchronously = true;
        _readSource.SetException(reason);
    }

    int IValueTaskSource<int>.GetResult(short token) => _readSource.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _readSource.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _readSource.OnCompleted(continuation, state, token, flags);

    // ---- Writing ----------------------------------------------------------------------------------------------------

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.CanBeCanceled)
        {
            return WriteCancellableAsync(buffer, cancellationToken);
        }

        EndQuestion();
        switch (_write.Begin())
        {
            case HalfState.Beginning.Closed:
                return ValueTask.FromException(Gone());
            case HalfState.Beginning.AlreadyBusy:
                return ValueTask.FromException(new InvalidOperationException(SocketTexts.ConcurrentWrites));
            default:
                break;
        }

        int sent = Send(buffer.Span);
        if (sent == buffer.Length)
        {
            _write.End(ready: false, ended: false);
            return default;
        }

        _writeMemory = sent > 0 ? buffer[sent..] : buffer;
        _writeSource.Reset();
        short version = _writeSource.Version;
        if (!TryWrite(sent, out int result))
        {
            return new ValueTask(this, version);
        }

        return result >= 0 ? default
            : ValueTask.FromException(result == Disposed ? Gone() : SocketErrors.WriteFailed(-result));
    }

    /// <summary>Runs the write that has begun, until it is over or waits.</summary>
    /// <param name="last">What the last call to send said, or 0 before the first one.</param>
    /// <param name="result">Negative if it failed.</param>
    /// <returns><see langword="false"/>: it waits, and may be over by now; nothing of it may be touched.</returns>
    private bool TryWrite(int last, out int result)
    {
        result = last;
        while (true)
        {
            if (result == -LibC.EAGAIN)
            {
                // Story: the peer makes room between the call that found none and the wait. Then the edge is noted, and TryArm refuses.
                if (_write.TryArm())
                {
                    return false;
                }

                if (_write.IsClosed)
                {
                    result = Disposed;
                }
                else
                {
                    _write.TryTakeEdge(out _);
                    result = 0;
                }
            }
            else if (result < 0 || _writeMemory.IsEmpty)
            {
                _writeMemory = default;
                _write.End(ready: false, ended: false);
                return true;
            }
            else
            {
                // Also after a partial one: only a call that finds no room promises an edge.
                result = Send(_writeMemory.Span);
                if (result > 0)
                {
                    _writeMemory = _writeMemory[result..];
                }
            }
        }
    }

    private int Send(ReadOnlySpan<byte> buffer)
    {
        if (!_descriptor.TryEnter())
        {
            return Disposed;
        }

        int result = buffer.IsEmpty ? 0 : LibC.Send(_descriptor.Descriptor, buffer);
        if (result is < 0 and not (-LibC.EAGAIN or -LibC.EPIPE))
        {
            // A reset behind the peer's end is EPIPE, so this one came without an end.
            _failure = -result;
        }

        _descriptor.Exit();
        return result;
    }

    private void RoomCame(bool asynchronously)
    {
        if (_write.OnEdge(ended: false) != HalfState.EdgeFound.Waiting || !TryWrite(last: 0, out int result))
        {
            return;
        }

        _writeSource.RunContinuationsAsynchronously = asynchronously;
        if (result >= 0)
        {
            _writeSource.SetResult(true);
        }
        else
        {
            _writeSource.SetException(result == Disposed ? SocketErrors.WriteAborted() : SocketErrors.WriteFailed(-result));
        }
    }

    private async ValueTask WriteCancellableAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ValueTask write = WriteAsync(buffer, CancellationToken.None);
        if (write.IsCompleted)
        {
            await write.ConfigureAwait(false);
            return;
        }

        using (cancellationToken.UnsafeRegister(static (state, token) => ((LoopSocketStream)state!).CancelWrite(token), this))
        {
            await write.ConfigureAwait(false);
        }
    }

    private void CancelWrite(CancellationToken cancellationToken)
    {
        if (_write.TryWithdraw())
        {
            AbandonWrite(new OperationCanceledException(cancellationToken));
        }
    }

    private void AbandonWrite(Exception reason)
    {
        _writeMemory = default;
        _write.End(ready: false, ended: false);
        _writeSource.RunContinuationsAsynchronously = true;
        _writeSource.SetException(reason);
    }

    void IValueTaskSource.GetResult(short token) => _writeSource.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _writeSource.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _writeSource.OnCompleted(continuation, state, token, flags);

    // ---- The end ----------------------------------------------------------------------------------------------------

    private ObjectDisposedException Gone() => new(GetType().FullName);

    protected override void Dispose(bool disposing)
    {
        // Before the descriptor is free for others: events that are on their way find nobody.
        Group.Poll.Unregister(this);
        _descriptor.Close();
        TakeConnect()?.End(Gone());
        if (_read.Close())
        {
            AbandonRead(SocketErrors.ReadAborted());
        }

        if (_write.Close())
        {
            AbandonWrite(SocketErrors.WriteAborted());
        }

        Debug.Assert(_read.IsClosed && _write.IsClosed && _descriptor.IsClosed, "disposed");
        base.Dispose(disposing);
    }
}
