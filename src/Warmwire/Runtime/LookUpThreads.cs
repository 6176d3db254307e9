using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Warmwire.Runtime;

/// <summary>
/// Look-ups of names that block: they have threads of their own, and beyond so many wait in line. What is asked for one name at the same
/// time is one look-up.
/// </summary>
/// <remarks>
/// Story: two hundred names were new while the name server was gone. Each look-up blocked a thread of the thread pool for as long as the
/// system tries, and nothing else of the program ran there.
/// </remarks>
/// <param name="resolve">Blocks until it knows.</param>
/// <param name="most">So many threads at most.</param>
/// <param name="spareLifetime">A thread that had nothing to do for so long ends.</param>
[SuppressMessage("Design", "CA1001", Justification = "Its threads may wait at any time, and it lives as long as the process.")]
internal sealed class LookUpThreads(Func<string, IPAddress[]> resolve, int most, TimeSpan spareLifetime)
{
    private readonly SemaphoreSlim _wake = new(0);

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, BlockingLookUp> _byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly LinkedList<BlockingLookUp> _urgent = new();
    private readonly LinkedList<BlockingLookUp> _line = new();
    private int _threads;
    private int _spare;

    /// <summary>The threads there are, and the look-ups that wait for one.</summary>
    public (int Threads, int Waiting) Counts
    {
        get
        {
            lock (_gate)
            {
                return (_threads, _urgent.Count + _line.Count);
            }
        }
    }

    /// <summary>The look-up of this name that is under way or in line, or a new one at the end of the line.</summary>
    /// <param name="host">The name.</param>
    /// <param name="isUrgent">A new one goes before those that are not. The caller sees to it that they are few.</param>
    public BlockingLookUp Join(string host, bool isUrgent)
    {
        bool starts = false;
        BlockingLookUp? lookUp;
        lock (_gate)
        {
            if (_byName.TryGetValue(host, out lookUp))
            {
                lookUp.Waiting++;
                return lookUp;
            }

            _byName[host] = lookUp = new BlockingLookUp(host) { Waiting = 1 };
            lookUp.Place = (isUrgent ? _urgent : _line).AddLast(lookUp);
            if (_spare > 0)
            {
                _spare--;
                _wake.Release();
            }
            else if (_threads < most)
            {
                _threads++;
                starts = true;
            }
        }

        if (starts)
        {
            Start();
        }

        return lookUp;
    }

    /// <summary>One that asked for this look-up does not wait any more. The last of them takes it out of the line.</summary>
    /// <returns><see langword="false"/>: it has begun, and goes on.</returns>
    public bool TryLeave(BlockingLookUp lookUp)
    {
        lock (_gate)
        {
            if (lookUp.Place is not { } place)
            {
                return false;
            }

            if (--lookUp.Waiting == 0)
            {
                place.List!.Remove(place);
                lookUp.Place = null;
                _byName.Remove(lookUp.Host);
            }

            return true;
        }
    }

    private void Start()
    {
        try
        {
            new Thread(Run) { IsBackground = true, Name = "Warmwire name look-up" }.UnsafeStart();
        }
        catch (Exception)
        {
            // The system has no thread to give. One of the pool's does what is in line, and ends like one of ours.
            ThreadPool.UnsafeQueueUserWorkItem(static of => of.Run(), this, preferLocal: false);
        }
    }

    private void Run()
    {
        while (TryTake(out BlockingLookUp? lookUp))
        {
            lookUp.Begun();
            IPAddress[]? addresses = null;
            Exception? failure = null;
            try
            {
                addresses = lookUp.Resolve(resolve);
            }
            catch (Exception e)
            {
                failure = e;
            }

            lock (_gate)
            {
                _byName.Remove(lookUp.Host);
            }

            lookUp.Ended(addresses, failure);
        }
    }

    /// <returns><see langword="false"/>: this thread ends.</returns>
    private bool TryTake([NotNullWhen(true)] out BlockingLookUp? lookUp)
    {
        while (true)
        {
            lock (_gate)
            {
                if ((_urgent.First ?? _line.First) is { } first)
                {
                    first.List!.Remove(first);
                    lookUp = first.Value;
                    lookUp.Place = null;
                    return true;
                }

                _spare++;
            }

            if (_wake.Wait(spareLifetime))
            {
                continue;
            }

            lock (_gate)
            {
                if (_spare > 0)
                {
                    _spare--;
                    _threads--;
                    lookUp = null;
                    return false;
                }
            }

            // Story: the time was over, and before that was said here a look-up had counted on this thread. Its call is there.
            _wake.Wait();
        }
    }
}

/// <summary>The look-up of one name, for all who ask for it at the same time.</summary>
internal sealed class BlockingLookUp(string host)
{
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private readonly TaskCompletionSource _begin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<IPAddress[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Host { get; } = host;

    /// <summary>How many wait for it, and where it stands in line; guarded by the gate of its threads.</summary>
    public int Waiting { get; set; }

    public LinkedListNode<BlockingLookUp>? Place { get; set; }

    /// <summary>It has a thread.</summary>
    public Task Begin => _begin.Task;

    public Task<IPAddress[]> Answer => _answer.Task;

    public void Begun() => _begin.SetResult();

    /// <summary>In the context of the one that asked first: .NET's activity of a look-up belongs there.</summary>
    public IPAddress[] Resolve(Func<string, IPAddress[]> resolve)
    {
        if (_context is null)
        {
            return resolve(Host);
        }

        IPAddress[] found = [];
        ExecutionContext.Run(_context, _ => found = resolve(Host), state: null);
        return found;
    }

    public void Ended(IPAddress[]? addresses, Exception? failure)
    {
        if (failure is null)
        {
            _answer.SetResult(addresses ?? []);
            return;
        }

        _answer.SetException(failure);

        // All who asked may have gone.
        _ = _answer.Task.Exception;
    }
}
