using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Warmwire.Sockets;

/// <summary>
/// A place from which the group's epoll is waited on. One thread leads it: it takes events and runs what they complete, which includes code
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
/// <para>
/// The first loop of a group is always led. The others have no thread until those that are led are at work all the time:
/// <code>
///             Begin, then a thread               LetGo
///   (empty) ─────────────────────► (led) ◄────────────────► (to leave)
///      ▲                                       Begin            │ the leader, before it would wait again
///      └────────────────────────────────────────────────────────┘
/// </code>
/// </para>
/// </remarks>
internal sealed unsafe class EventLoop
{
    private const long Waiting = 0;
    private const long Dispatching = 1;
    private const long InCallback = 2;
    private const long PhaseMask = 3;
    private const long Step = 4;

    private const int Empty = 0;
    private const int Led = 1;
    private const int ToLeave = 2;

    private readonly EventLoopGroup _group;
    private readonly EventPoll _poll;

    /// <summary>What the system's last call has told; it never moves.</summary>
    private readonly byte[] _batch;
    private readonly byte* _events;
    private readonly int _eventSize = EpollLayout.Current.Size;

    /// <summary>What callbacks have put off; see <see cref="TryDefer"/>. Any thread may take from it.</summary>
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _deferred = new();

    /// <summary>Which callback the thread is in, if it leads or led a loop.</summary>
    [ThreadStatic]
    private static Leadership? t_leadership;

    // The leader's own.
    private int _count;
    private int _next;
    private CallbackWatch _callbacks;

    /// <summary>
    /// A number that only grows, and the phase. Written by the leader; by the monitor only while the leader is in a callback.
    /// </summary>
    private long _state = Waiting;

    /// <summary>Whether it has a leader. The monitor moves it, and the leader when it leaves.</summary>
    private int _place;

    // The monitor's own.
    private long _seen;
    private int _stuckLooks;

    public EventLoop(EventLoopGroup group, int index)
    {
        _group = group;
        _poll = group.Poll;
        Index = index;
        _batch = GC.AllocateUninitializedArray<byte>(SocketLimits.EventsPerBatch * _eventSize, pinned: true);
        _events = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_batch));
    }

    public int Index { get; }

    /// <summary>The system's number of the thread that leads it, or led it last.</summary>
    public int LeadingThread { get; private set; }

    // ---- Coming and going -------------------------------------------------------------------------------------------

    /// <summary>Lets the loop be led. One caller at a time: who makes the group, then the monitor.</summary>
    /// <returns>Whether a thread must be called to lead it; if that cannot be had, <see cref="Abandon"/> follows.</returns>
    public bool Begin()
    {
        if (Interlocked.CompareExchange(ref _place, Led, ToLeave) == ToLeave || Volatile.Read(ref _place) == Led || !_poll.TryEnter())
        {
            return false;
        }

        // It is empty, so nobody else writes these.
        Volatile.Write(ref _state, (_state & ~PhaseMask) + Step + Dispatching);
        Volatile.Write(ref _place, Led);
        return true;
    }

    /// <summary>Lets the leader go before it would wait again.</summary>
    public void LetGo() => Interlocked.CompareExchange(ref _place, ToLeave, Led);

    /// <summary>No thread could be had to lead it.</summary>
    public void Abandon()
    {
        Volatile.Write(ref _state, (_state & ~PhaseMask) + Step + Waiting);
        Volatile.Write(ref _place, Empty);
        _poll.Exit();
    }

    /// <summary>Whether the leader goes now.</summary>
    private bool Leaves()
    {
        if (_poll.IsStopping)
        {
            _poll.Exit();
            return true;
        }

        // Story: the monitor wants the loop again just now. The one that moves the word decides.
        if (Volatile.Read(ref _place) != ToLeave || Interlocked.CompareExchange(ref _place, Empty, ToLeave) != ToLeave)
        {
            return false;
        }

        _poll.Exit();
        return true;
    }

    // ---- Leading ----------------------------------------------------------------------------------------------------

    /// <summary>Runs the loop on this thread until another one has taken it over, or it is let go, or the group is stopped.</summary>
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
        LeadingThread = leadership.Thread;
        _callbacks.Forget();
        while (true)
        {
            // First what the leader before could not do because it was held up, then what the last event's callback has put off.
            while (!_deferred.IsEmpty)
            {
                if (!RunNextDeferred(leadership, clean, ref state))
                {
                    return true;
                }
            }

            if (_next < _count)
            {
                // Whatever is known of the event is taken before its callback: behind it this thread may not lead any more.
                var memory = new ReadOnlySpan<byte>(_events + (_next * _eventSize), _eventSize);
                _next++;
                EpollLayout.Current.Read(memory, out uint events, out ulong key);
                if (!Tell(key, events, leadership, clean, ref state))
                {
                    return true;
                }

                continue;
            }

            clean.RestoreThread();
            state = (state & ~PhaseMask) + Step + Waiting;
            Volatile.Write(ref _state, state);
            if (Leaves())
            {
                return false;
            }

            int count = _poll.Wait(_events, _group.EventsAtOnce);
            _next = 0;
            _count = count;
            _callbacks.BeginRound();
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

    // These are no parts of the loop: a variable of a thread that waits would keep the last stream alive, and its handler.

    /// <summary>Does the next piece of what was put off.</summary>
    /// <returns>Whether this thread leads on.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RunNextDeferred(Leadership leadership, ThreadContext clean, ref long state)
    {
        if (!_deferred.TryDequeue(out IThreadPoolWorkItem? work))
        {
            return true;
        }

        if (_group.HandsOver)
        {
            // Story: four hundred pieces were put off before the first of them blocked, and each held up a thread of its own.
            _group.TakeOver(work);
            return true;
        }

        return Run(stream: null, events: 0, work, leadership, clean, ref state);
    }

    /// <summary>Tells a stream of its event, if it is still there, or does some of the group's work.</summary>
    /// <returns>Whether this thread leads on.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Tell(ulong key, uint events, Leadership leadership, ThreadContext clean, ref long state)
    {
        if (key == EventPoll.WorkKey)
        {
            return DoSharedWork(leadership, clean, ref state);
        }

        return _poll.Find(key) is not { } stream || Run(stream, events, work: null, leadership, clean, ref state);
    }

    /// <summary>Does some of the group's work, a piece at a time: what is left is there for the other loops meanwhile.</summary>
    private bool DoSharedWork(Leadership leadership, ThreadContext clean, ref long state)
    {
        IThreadPoolWorkItem? work = _group.Work.TakeWhenTold();
        for (int left = SocketLimits.WorkAtOnce; work is not null; work = _group.Work.TryTake())
        {
            if (_group.IsCrowded)
            {
                // Story: a thousand pieces were added before the first of them blocked for long, and each held up a thread of its own.
                ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
                return true;
            }

            if (!Run(stream: null, events: 0, work, leadership, clean, ref state))
            {
                return false;
            }

            // What the piece has put off comes before the next one.
            if (--left == 0 || !_deferred.IsEmpty)
            {
                break;
            }
        }

        return true;
    }

    /// <summary>A callback: a stream's event, or a piece of work.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Run(
        LoopSocketStream? stream, uint events, IThreadPoolWorkItem? work, Leadership leadership, ThreadContext clean, ref long state)
    {
        long callback = (state & ~PhaseMask) + Step + InCallback;
        long began = _callbacks.CallbackBegan;
        leadership.Callback = callback;
        Volatile.Write(ref _state, callback);
        if (stream is not null)
        {
            stream.OnEvents(events);
        }
        else
        {
            work!.Execute();
        }

        clean.Restore();
        state = callback - InCallback + Dispatching;
        if (Interlocked.CompareExchange(ref _state, state, callback) != callback)
        {
            _group.Blocking.NoteDeposed(began);
            return false;
        }

        EndCallback();
        return true;
    }

    /// <summary>This thread still leads the loop, and a callback has come back.</summary>
    private void EndCallback()
    {
        if (_group.Blocking.IsOn)
        {
            // It is known, and asked again when its time is over. Till then the calls that tell it would be most of what a callback costs.
            _callbacks.Forget();
            return;
        }

        TimeSpan blocked = _callbacks.EndCallback();
        if (blocked > TimeSpan.Zero && (HasMore || _poll.HasEvents))
        {
            _group.Blocking.Note(blocked);
        }
    }

    // ---- Putting work off -------------------------------------------------------------------------------------------

    /// <summary>
    /// If this thread leads a loop: runs the work when the callback it is in has returned, in the order it was put off. What comes behind
    /// work that blocks is done by the thread that takes the loop over. While code blocks any loop does it.
    /// </summary>
    public static bool TryDefer(IThreadPoolWorkItem work)
    {
        if (t_leadership is not { } leadership || !leadership.IsInForce)
        {
            return false;
        }

        EventLoop loop = leadership.Loop!;
        if (loop._group.HandsOver)
        {
            loop._group.TakeOver(work);
            return true;
        }

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

    // ---- For the monitor --------------------------------------------------------------------------------------------

    public bool IsAtWork => (Volatile.Read(ref _state) & PhaseMask) != Waiting;

    /// <summary>Notes where the loop stands.</summary>
    /// <returns>
    /// Whether it is at work; whether it is, or was since the last look; and whether it is in the same callback as then, and something else
    /// waits for its thread.
    /// </returns>
    public (bool AtWork, bool Moves, bool HoldsUp) Look()
    {
        long state = Volatile.Read(ref _state);
        bool same = state == _seen;
        _seen = state;
        long phase = state & PhaseMask;
        bool stuck = same && phase == InCallback;
        _stuckLooks = stuck ? _stuckLooks + 1 : 0;

        // A thread that the system does not run looks like one that is held up. Most often nothing waits then, and it is left alone; if it
        // stays away for long, it is held up, and another one takes over so that nobody has to look any more.
        bool holdsUp = stuck && (_stuckLooks > SocketLimits.LooksAtNothingHeldUp || HasMore || _poll.HasEvents);
        return (phase != Waiting, phase != Waiting || !same, holdsUp);
    }

    /// <summary>Takes the loop from its leader, if that is still in the callback of the last <see cref="Look"/>.</summary>
    public bool TryDepose()
    {
        Debug.Assert((_seen & PhaseMask) == InCallback, "only a leader in a callback can be deposed");
        return Interlocked.CompareExchange(ref _state, (_seen & ~PhaseMask) + Step + Dispatching, _seen) == _seen;
    }

    /// <summary>Whether the rest of a batch, or work that was put off, waits for the leader.</summary>
    private bool HasMore => Volatile.Read(ref _next) < Volatile.Read(ref _count) || !_deferred.IsEmpty;

    /// <summary>A thread's notes on the loop it leads.</summary>
    private sealed class Leadership
    {
        public EventLoop? Loop { get; set; }

        public long Callback { get; set; }

        public int Thread { get; } = LibC.NumberOfThread();

        /// <summary>Whether the thread is in a callback of the loop and has not been deposed.</summary>
        public bool IsInForce => Loop is { } loop && Volatile.Read(ref loop._state) == Callback;
    }
}
