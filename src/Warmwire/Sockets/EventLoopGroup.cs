using System.Diagnostics;
using System.Net.Sockets;
using Warmwire.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>
/// The loops of a process, or of a test, with the threads that lead them: they share one epoll, and as many are led as there is work for.
/// </summary>
internal sealed class EventLoopGroup : IDisposable
{
    private static readonly Lazy<EventLoopGroup?> s_shared = new(CreateShared);

    private readonly Lock _gate = new();
    private readonly EventLoop?[] _loops;
    private readonly int _most;

    // Guarded by _gate.
    private readonly List<LoopThread> _spares = [];
    private bool _disposed;

    /// <summary>The first so many are led; written by who makes the group, then by the monitor.</summary>
    private int _led;

    private int _blocked;
    private int _threads;
    private long _takeovers;
    private Timer? _publishing;

    /// <param name="loops">How many loops, at most, while no code blocks them; one is led at first.</param>
    /// <exception cref="SocketException">The system refuses what a loop needs.</exception>
    public EventLoopGroup(int loops)
    {
        _loops = new EventLoop?[Math.Max(loops, SocketLimits.LoopsOfBlockingCode)];
        _most = loops;
        Poll = new EventPoll();
        Work = new SharedWork(Poll);
        try
        {
            Monitor = new LoopMonitor(this);
        }
        catch (Exception)
        {
            Poll.Stop();
            throw;
        }

        try
        {
            AddLoop();
        }
        catch (Exception)
        {
            Poll.Stop();
            Monitor.Stop();
            throw;
        }
        finally
        {
            // Also if it is stopped already: its thread then closes what it holds.
            Monitor.Start();
        }
    }

    /// <summary>The loops of the process, or <see langword="null"/> if this system has or allows none.</summary>
    public static EventLoopGroup? Shared => s_shared.Value;

    /// <summary>The same, if a connection has asked for them before.</summary>
    public static EventLoopGroup? SharedIfMade => s_shared.IsValueCreated ? s_shared.Value : null;

    public EventPoll Poll { get; }

    /// <summary>What any of the loops does while code blocks them.</summary>
    public SharedWork Work { get; }

    public LoopMonitor Monitor { get; }

    public BlockingWatch Blocking { get; } = new();

    /// <summary>How many loops are led.</summary>
    public int LoopsLed => Volatile.Read(ref _led);

    /// <summary>How many events a loop takes from the system at once: what one has taken the others cannot take.</summary>
    public int EventsAtOnce => Blocking.IsOn ? 1 : LoopsLed == 1 ? SocketLimits.EventsPerBatch : SocketLimits.EventsOfMany;

    /// <summary>How many are led at most while no code blocks them.</summary>
    public int MostLoops => _most;

    public ReadOnlySpan<EventLoop?> Loops => _loops;

    /// <summary>The system's numbers of the threads that lead a loop.</summary>
    public IReadOnlyList<int> LeadingThreads => [.. _loops.Take(LoopsLed).Select(static loop => loop?.LeadingThread ?? 0)];

    /// <summary>Whether so many threads are held up by code that blocks that no more of it may run on the loops.</summary>
    public bool IsCrowded => Volatile.Read(ref _blocked) > SocketLimits.BlockedLoopThreads;

    /// <summary>
    /// Whether a loop hands over what its callbacks put off: the threads of the loops are held up, or blocked again and again for less than
    /// it takes to hold one up.
    /// </summary>
    public bool HandsOver => IsCrowded || Blocking.IsOn;

    /// <summary>Takes work from a loop: other loops do it, or the thread pool when too many of their threads are held up.</summary>
    public void TakeOver(IThreadPoolWorkItem work)
    {
        if (IsCrowded)
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
        else
        {
            Work.Add(work);
        }
    }

    public bool IsAtWork
    {
        get
        {
            foreach (EventLoop? loop in _loops)
            {
                if (loop is { IsAtWork: true })
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Threads that were deposed and have not come back.</summary>
    public int BlockedThreads => Volatile.Read(ref _blocked);

    /// <summary>Threads that lead, wait to lead, or are held up.</summary>
    public int Threads => Volatile.Read(ref _threads);

    public long Takeovers => Volatile.Read(ref _takeovers);

    public EngineSnapshot Describe() => new()
    {
        Loops = LoopsLed,
        Threads = Threads,
        BlockedThreads = BlockedThreads,
        Takeovers = Takeovers,
        CodeBlocks = HandsOver,
        BlockingPeriods = Blocking.Times,
    };

    /// <exception cref="ObjectDisposedException">The group is disposed.</exception>
    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);

    // ---- Loops ------------------------------------------------------------------------------------------------------

    /// <summary>Has more loops led, or fewer. The monitor's.</summary>
    /// <param name="atWork">How many of them are at work.</param>
    /// <param name="by">How many more or fewer are needed if no code blocks them.</param>
    public void ChangeLoops(int atWork, int by)
    {
        if (Blocking.IsOn)
        {
            // Twice as many, while each is at work: what one takes waits for nobody else's code.
            AddLoops(atWork < _led ? 0 : _led, _loops.Length);
        }
        else if ((by < 0 && _led > 1) || _led > _most)
        {
            _loops[_led - 1]!.LetGo();
            Volatile.Write(ref _led, _led - 1);
        }
        else
        {
            AddLoops(by, _most);
        }
    }

    /// <summary>No loop works. Those that code which blocked had asked for go, each at its next event. The monitor's.</summary>
    public void BecomeIdle()
    {
        Blocking.BecomeIdle();
        while (_led > _most)
        {
            ChangeLoops(atWork: 0, by: -1);
        }
    }

    private void AddLoops(int count, int most)
    {
        try
        {
            for (int i = 0; i < count && _led < most && !IsCrowded; i++)
            {
                AddLoop();
            }
        }
        catch (Exception e) when (IsLackOfThreads(e))
        {
            // Those that are led must do.
        }
    }

    private void AddLoop()
    {
        int index = _led;
        EventLoop loop = _loops[index] ?? new EventLoop(this, index);
        if (loop.Begin())
        {
            try
            {
                LeadBySpare(loop);
            }
            catch (Exception)
            {
                loop.Abandon();
                throw;
            }
        }

        Volatile.Write(ref _loops[index], loop);
        Volatile.Write(ref _led, index + 1);
    }

    private void LeadBySpare(EventLoop loop)
    {
        if (TryTakeSpare() is { } spare)
        {
            spare.Call(loop);
        }
        else
        {
            StartThread(loop);
        }
    }

    // ---- Threads ----------------------------------------------------------------------------------------------------

    /// <summary>Lets another thread lead the loop, if its leader is still held up. The monitor's.</summary>
    public bool TryTakeOver(EventLoop loop)
    {
        // The thread first: a loop must never be without one.
        LoopThread spare;
        try
        {
            spare = TryTakeSpare() ?? StartThread(loop: null);
        }
        catch (Exception e) when (IsLackOfThreads(e))
        {
            return false;
        }

        // Counted before, so that the deposed thread, which may come back at once, does not find a count of nothing.
        Interlocked.Increment(ref _blocked);
        if (!loop.TryDepose())
        {
            Interlocked.Decrement(ref _blocked);
            GiveSpareBack(spare);
            return false;
        }

        Interlocked.Increment(ref _takeovers);
        spare.Call(loop);
        EngineEvents.TakenOver(loop.Index, BlockedThreads);
        return true;
    }

    /// <summary>A thread that led comes back.</summary>
    /// <returns>Whether it shall wait for the next call; otherwise it ends.</returns>
    public bool LeaderCameBack(LoopThread thread, bool deposed)
    {
        if (deposed)
        {
            int blocked = Interlocked.Decrement(ref _blocked);
            Debug.Assert(blocked >= 0, "more threads came back than were held up");
        }

        lock (_gate)
        {
            if (!_disposed && _spares.Count < SocketLimits.SpareLoopThreads)
            {
                _spares.Add(thread);
                return true;
            }
        }

        Interlocked.Decrement(ref _threads);
        return false;
    }

    /// <summary>The thread was not needed for long.</summary>
    /// <returns>Whether it may end; otherwise somebody has just taken it and calls it.</returns>
    public bool TryRetire(LoopThread thread)
    {
        lock (_gate)
        {
            if (!_spares.Remove(thread))
            {
                return false;
            }
        }

        Interlocked.Decrement(ref _threads);
        return true;
    }

    private LoopThread? TryTakeSpare()
    {
        lock (_gate)
        {
            if (_spares.Count == 0)
            {
                return null;
            }

            // The one that came last: its stack is warm, and the others grow old enough to end.
            LoopThread last = _spares[^1];
            _spares.RemoveAt(_spares.Count - 1);
            return last;
        }
    }

    private void GiveSpareBack(LoopThread spare)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _spares.Add(spare);
                return;
            }
        }

        Interlocked.Decrement(ref _threads);
        spare.Call(loop: null);
    }

    private LoopThread StartThread(EventLoop? loop)
    {
        LoopThread thread = LoopThread.Start(this, loop);
        Interlocked.Increment(ref _threads);
        return thread;
    }

    private static bool IsLackOfThreads(Exception e) => e is OutOfMemoryException or ThreadStartException;

    private static EventLoopGroup? CreateShared()
    {
        EventLoopGroup? group = SocketBackEnds.EventLoopFits
            ? TryCreate(static () => new EventLoopGroup(Math.Min(Environment.ProcessorCount, SocketLimits.EventLoops)))
            : null;

        // Not at once: the first answer would wait until the code of the instruments is compiled.
        group?._publishing = new Timer(
            static told => EngineMetrics.Publish(((EventLoopGroup)told!).Describe),
            group,
            SocketLimits.UnpublishedTime,
            Timeout.InfiniteTimeSpan);
        return group;
    }

    /// <summary>What the system refuses here, or has under another name, is done by System.Net.Sockets instead.</summary>
    internal static EventLoopGroup? TryCreate(Func<EventLoopGroup> create)
    {
        try
        {
            return create();
        }
        catch (Exception e) when (e is SocketException or DllNotFoundException or EntryPointNotFoundException || IsLackOfThreads(e))
        {
            WarmwireEventSource.Log.EventLoopUnavailable(SocketTexts.SetUpFailed(e));
            return null;
        }
    }

    /// <summary>Disposes all streams and ends all threads. The shared group is never disposed.</summary>
    public void Dispose()
    {
        LoopThread[] spares;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            spares = [.. _spares];
            _spares.Clear();
        }

        Poll.Streams.ForEach(static stream => stream.Dispose());
        Poll.Stop();
        Work.MoveToThreadPool();
        Monitor.Stop();
        _publishing?.Dispose();
        foreach (LoopThread spare in spares)
        {
            Interlocked.Decrement(ref _threads);
            spare.Call(loop: null);
        }
    }
}
