using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Warmwire.Sockets;

/// <summary>
/// One epoll and the sockets registered with it. One thread leads it: it waits for events and runs what they complete, which includes code
/// of the user. If that blocks, the monitor deposes the leader and another thread goes on where it stood.
/// </summary>
/// <remarks>
/// <code>
///              events came             next event, or work that one put off
///   Waiting ───────────────► Dispatching ────────────► InCallback
///      ▲                       │   ▲  ▲                  │   │
///      └───────────────────────┘   │  └──────────────────┘   │ the monitor, after about 1 ms: another thread leads
///          no event left           └─────────────────────────┘
/// </code>
/// The phase is in one atomic word with a number that only grows: each callback has its own. The leader's way back from a callback is a
/// compare-and-swap on that number; if the monitor was faster it fails, the thread knows that it is deposed, and touches the loop no more.
/// </remarks>
internal sealed unsafe class EventLoop
{
    private const long Waiting = 0;
    private const long Dispatching = 1;
    private const long InCallback = 2;
    private const long PhaseMask = 3;
    private const long Step = 4;

    private const ulong WakeKey = ulong.MaxValue;
    private const uint Interest = LibC.EPOLLIN | LibC.EPOLLPRI | LibC.EPOLLOUT | LibC.EPOLLRDHUP | LibC.EPOLLET;

    private readonly EventLoopGroup _group;
    private readonly SlotTable<LoopSocketStream> _slots = new();
    private readonly byte* _batch;
    private readonly int _eventSize = EpollLayout.Current.Size;

    /// <summary>What callbacks have put off; see <see cref="TryDefer"/>. Any thread may take from it.</summary>
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _deferred = new();

    /// <summary>Which callback the thread is in, if it leads or led a loop.</summary>
    [ThreadStatic]
    private static Leadership? t_leadership;

    // Entered for the leaders for as long as the loop runs, so that both stay open, and by others for a call.
    private DescriptorUse _epoll;
    private DescriptorUse _wake;
    private volatile bool _stopping;

    // The leader's own.
    private int _count;
    private int _next;

    /// <summary>
    /// A number that only grows, and the phase. Written by the leader; by the monitor only while the leader is in a callback.
    /// </summary>
    private long _state = Dispatching;

    // The monitor's own.
    private long _seen;

    /// <exception cref="System.Net.Sockets.SocketException">The system refuses one of the descriptors.</exception>
    public EventLoop(EventLoopGroup group, int index)
    {
        _group = group;
        Index = index;
        int epoll = LibC.EpollCreate();
        int wake = epoll < 0 ? epoll : LibC.EventDescriptor();
        int added = wake < 0 ? wake : LibC.EpollAdd(epoll, wake, LibC.EPOLLIN, WakeKey);
        if (added < 0)
        {
            if (epoll >= 0)
            {
                LibC.Close(epoll);
            }

            if (wake >= 0)
            {
                LibC.Close(wake);
            }

            throw SocketErrors.Exception(-added);
        }

        _epoll = new DescriptorUse(epoll);
        _wake = new DescriptorUse(wake);
        _epoll.TryEnter();
        _wake.TryEnter();
        _batch = (byte*)NativeMemory.Alloc((nuint)(SocketLimits.EventsPerBatch * _eventSize));
    }

    public int Index { get; }

    /// <summary>How many sockets are registered.</summary>
    public int Sockets => _slots.Count;

    public EventLoopGroup Group => _group;

    // ---- Registering ------------------------------------------------------------------------------------------------

    /// <summary>From now on the stream is told of events, once for all its life.</summary>
    /// <returns>0, or the negated error number.</returns>
    public int Register(LoopSocketStream stream, int descriptor)
    {
        if (!_epoll.TryEnter())
        {
            return -LibC.EPIPE;
        }

        _slots.Add(stream);
        int result = LibC.EpollAdd(_epoll.Descriptor, descriptor, Interest, stream.SlotKey);
        _epoll.Exit();
        if (result < 0)
        {
            _slots.Remove(stream);
        }

        return result;
    }

    /// <summary>Events of the stream are dropped from now on; closing its descriptor ends them.</summary>
    public void Unregister(LoopSocketStream stream) => _slots.Remove(stream);

    // ---- Leading ----------------------------------------------------------------------------------------------------

    /// <summary>Runs the loop on this thread until another one has taken it over, or it is stopped.</summary>
    /// <returns>Whether this thread was deposed.</returns>
    public bool Lead()
    {
        ThreadContext clean = ThreadContext.Capture();
        bool deposed = Lead(clean);
        clean.RestoreThread();
        return deposed;
    }

    private bool Lead(ThreadContext clean)
    {
        long state = Volatile.Read(ref _state);
        Debug.Assert((state & PhaseMask) == Dispatching, "somebody leads this loop already");
        Leadership leadership = t_leadership ??= new Leadership();
        leadership.Loop = this;
        while (true)
        {
            // First what the leader before could not do because it was held up, then what the last event's callback has put off.
            while (_deferred.TryDequeue(out IThreadPoolWorkItem? work))
            {
                long callback = (state & ~PhaseMask) + Step + InCallback;
                leadership.Callback = callback;
                Volatile.Write(ref _state, callback);
                work.Execute();
                clean.Restore();
                state = callback - InCallback + Dispatching;
                if (Interlocked.CompareExchange(ref _state, state, callback) != callback)
                {
                    return true;
                }
            }

            if (_next < _count)
            {
                // Whatever is known of the event is taken before its callback: behind it this thread may not lead any more.
                var memory = new ReadOnlySpan<byte>(_batch + (_next * _eventSize), _eventSize);
                _next++;
                EpollLayout.Current.Read(memory, out uint events, out ulong key);
                if (_slots.Find(key) is not { } stream)
                {
                    continue;
                }

                long callback = (state & ~PhaseMask) + Step + InCallback;
                leadership.Callback = callback;
                Volatile.Write(ref _state, callback);
                stream.OnEvents(events);
                clean.Restore();
                state = callback - InCallback + Dispatching;
                if (Interlocked.CompareExchange(ref _state, state, callback) != callback)
                {
                    return true;
                }

                continue;
            }

            if (_stopping)
            {
                Stopped();
                return false;
            }

            clean.RestoreThread();
            state = (state & ~PhaseMask) + Step + Waiting;
            Volatile.Write(ref _state, state);
            int count = LibC.EpollWait(_epoll.Descriptor, _batch, SocketLimits.EventsPerBatch);
            _next = 0;
            _count = count;
            state += Dispatching;

            // A full fence before the monitor is looked at: see LoopMonitor.
            Interlocked.Exchange(ref _state, state);
            _group.Monitor.LoopGoesToWork();
            if (count < 0)
            {
                // The descriptor is ours and open, and the memory is there: no error is possible.
                throw SocketErrors.Exception(-count);
            }
        }
    }

    // ---- Putting work off -------------------------------------------------------------------------------------------

    /// <summary>
    /// If this thread leads a loop: runs the work when the callback it is in has returned, in the order it was put off. What comes behind
    /// work that blocks is done by the thread that takes the loop over.
    /// </summary>
    public static bool TryDefer(IThreadPoolWorkItem work)
    {
        if (t_leadership is not { } leadership || !leadership.IsInForce || leadership.Loop!._group.IsCrowded)
        {
            return false;
        }

        EventLoop loop = leadership.Loop;
        loop._deferred.Enqueue(work);
        if (!leadership.IsInForce)
        {
            // Story: the loop is taken over between the two looks, and its new leader has found the queue empty and waits for events.
            ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.RunDeferred(), loop, preferLocal: false);
        }

        return true;
    }

    private void RunDeferred()
    {
        while (_deferred.TryDequeue(out IThreadPoolWorkItem? work))
        {
            work.Execute();
        }
    }

    private void Stopped()
    {
        NativeMemory.Free(_batch);
        _epoll.Exit();
        _wake.Exit();
    }

    /// <summary>No thread could be had to lead it.</summary>
    public void Abandon()
    {
        Stop();
        Stopped();
    }

    /// <summary>Ends the loop after the callback that runs. Its streams must be disposed by now.</summary>
    public void Stop()
    {
        _stopping = true;
        if (_wake.TryEnter())
        {
            LibC.Signal(_wake.Descriptor);
            _wake.Exit();
        }

        _epoll.Close();
        _wake.Close();
    }

    public List<LoopSocketStream> Streams => _slots.ToList();

    // ---- For the monitor --------------------------------------------------------------------------------------------

    public bool IsAtWork => (Volatile.Read(ref _state) & PhaseMask) != Waiting;

    /// <summary>Notes where the loop stands.</summary>
    /// <returns>Whether it is at work, or was since the last look; and whether it is in the same callback as then.</returns>
    public (bool Moves, bool Stuck) Look()
    {
        long state = Volatile.Read(ref _state);
        bool same = state == _seen;
        _seen = state;
        long phase = state & PhaseMask;
        return (phase != Waiting || !same, same && phase == InCallback);
    }

    /// <summary>Takes the loop from its leader, if that is still in the callback of the last <see cref="Look"/>.</summary>
    public bool TryDepose()
    {
        Debug.Assert((_seen & PhaseMask) == InCallback, "only a leader in a callback can be deposed");
        return Interlocked.CompareExchange(ref _state, (_seen & ~PhaseMask) + Step + Dispatching, _seen) == _seen;
    }

    /// <summary>A thread's notes on the loop it leads.</summary>
    private sealed class Leadership
    {
        public EventLoop? Loop { get; set; }

        public long Callback { get; set; }

        /// <summary>Whether the thread is in a callback of the loop and has not been deposed.</summary>
        public bool IsInForce => Loop is { } loop && Volatile.Read(ref loop._state) == Callback;
    }
}
