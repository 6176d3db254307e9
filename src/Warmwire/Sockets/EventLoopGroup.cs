using System.Diagnostics;
using System.Net.Sockets;
using Warmwire.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>The loops of a process, or of a test, with the threads that lead them.</summary>
internal sealed class EventLoopGroup : IDisposable
{
    private static readonly Lazy<EventLoopGroup?> s_shared = new(CreateShared);

    private readonly Lock _gate = new();
    private readonly EventLoop?[] _loops;

    // Guarded by _gate.
    private readonly List<LoopThread> _spares = [];
    private int _turn;
    private bool _disposed;

    private int _blocked;
    private int _threads;
    private long _takeovers;

    /// <param name="loops">How many loops, at most; each begins with its first socket.</param>
    /// <exception cref="SocketException">The system refuses what a loop needs.</exception>
    public EventLoopGroup(int loops)
    {
        _loops = new EventLoop?[loops];
        Monitor = new LoopMonitor(this);
        try
        {
            StartLoop_NeedsLock(0);
        }
        catch (Exception)
        {
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

    public LoopMonitor Monitor { get; }

    public ReadOnlySpan<EventLoop?> Loops => _loops;

    /// <summary>Whether so many threads are held up by code that blocks that no more of it may run on the loops.</summary>
    public bool IsCrowded => Volatile.Read(ref _blocked) > SocketLimits.BlockedLoopThreads;

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

    /// <summary>The loop for a new socket: the one with the fewest.</summary>
    /// <exception cref="ObjectDisposedException">The group is disposed.</exception>
    public EventLoop Assign()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);

            // From another one each time, so that equals take turns.
            _turn = _turn + 1 < _loops.Length ? _turn + 1 : 0;
            int best = -1;
            int fewest = int.MaxValue;
            for (int i = 0; i < _loops.Length; i++)
            {
                int index = (_turn + i) % _loops.Length;
                int sockets = _loops[index]?.Sockets ?? 0;
                if (sockets < fewest)
                {
                    best = index;
                    fewest = sockets;
                }
            }

            if (_loops[best] is null)
            {
                try
                {
                    StartLoop_NeedsLock(best);
                }
                catch (Exception e) when (e is SocketException || IsLackOfThreads(e))
                {
                    // No descriptor or no thread for one more loop: those that run must do.
                    return _loops.First(static loop => loop is not null)!;
                }
            }

            return _loops[best]!;
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
            spare = TakeSpare();
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

    private LoopThread TakeSpare()
    {
        lock (_gate)
        {
            if (_spares.Count > 0)
            {
                // The one that came last: its stack is warm, and the others grow old enough to end.
                LoopThread last = _spares[^1];
                _spares.RemoveAt(_spares.Count - 1);
                return last;
            }
        }

        return StartThread(loop: null);
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

    private void StartLoop_NeedsLock(int index)
    {
        var loop = new EventLoop(this, index);
        try
        {
            StartThread(loop);
        }
        catch (Exception)
        {
            loop.Abandon();
            throw;
        }

        Volatile.Write(ref _loops[index], loop);
    }

    private static bool IsLackOfThreads(Exception e) => e is OutOfMemoryException or ThreadStartException;

    private static EventLoopGroup? CreateShared() => SocketBackEnds.EventLoopFits
        ? TryCreate(static () => new EventLoopGroup(Math.Min(Environment.ProcessorCount, SocketLimits.EventLoops)))
        : null;

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

        foreach (EventLoop? loop in _loops)
        {
            loop?.Streams.ForEach(static stream => stream.Dispose());
            loop?.Stop();
        }

        Monitor.Stop();
        foreach (LoopThread spare in spares)
        {
            Interlocked.Decrement(ref _threads);
            spare.Call(loop: null);
        }
    }
}
