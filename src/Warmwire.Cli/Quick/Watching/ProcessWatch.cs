using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// Watches a process of this machine while a load runs: what it holds before, at most during, and after. It takes four samples per second,
/// or fewer if a sample takes long, so that watching takes at most a fiftieth of a core.
/// </summary>
/// <remarks>
/// A sample at 5,000 sockets took 0.12 s where system calls are slow (a sandboxed machine, Debug), most of it links of descriptors; then it
/// takes one every 6 s.
/// </remarks>
internal sealed class ProcessWatch : IAsyncDisposable
{
    /// <summary>Of more connections it is not told apart any more whether they were seen before.</summary>
    private const int MaxSeen = 1_000_000;

    /// <summary>A sample may take one of so many parts of the time.</summary>
    private const int CostLimit = 50;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    private readonly int _pid;
    private readonly ProcFolder _folder;
    private readonly Func<double> _secondsSinceStart;
    private readonly TimeProvider _time;
    private readonly long _ticksPerSecond = ClockTicks.PerSecond();
    private readonly CancellationTokenSource _stop = new();
    private readonly ProcessStat _first;
    private readonly Task _looking;

    // Owned by the constructor, then by the looking flow, then by FinishAsync after it has ended.
    private readonly HashSet<int> _ports = [];
    private readonly HashSet<long> _seen = [];
    private readonly Dictionary<TcpRemote, long> _seenByRemote = [];
    private readonly TimeWaitWatch _timeWait = new();
    private readonly ProcessSeries _series = new();
    private ProcessStat _last;
    private long _lastAt;
    private long _cpuTicksBefore;
    private ProcessState _before;
    private ProcessState _during;
    private bool _ended;

    private ProcessWatch(int pid, ProcessStat first, ProcFolder folder, Func<double> secondsSinceStart, TimeProvider time)
    {
        (_pid, _first, _last, _folder, _secondsSinceStart, _time) = (pid, first, first, folder, secondsSinceStart, time);
        _lastAt = time.GetTimestamp();
        _cpuTicksBefore = first.CpuTicks;
        _before = Look(first, hasBegun: false);
        _during = _before;
        _looking = Task.Run(LookAgainAsync);
    }

    /// <param name="pid">Which process.</param>
    /// <param name="secondsSinceStart">Seconds since the first arrival was due; negative until it is, and what is seen until then is what
    /// was before.</param>
    /// <param name="time">The clock for the time between samples.</param>
    /// <exception cref="CommandFailure">It cannot be watched.</exception>
    public static ProcessWatch Start(int pid, Func<double> secondsSinceStart, TimeProvider time)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new CommandFailure("--pid needs Linux: it reads /proc");
        }

        var folder = new ProcFolder(pid);
        try
        {
            if (pid <= 0 || folder.Stat() is not { IsAlive: true } stat)
            {
                throw new CommandFailure($"--pid {pid}: there is no such process");
            }

            return new ProcessWatch(pid, stat, folder, secondsSinceStart, time);
        }
        catch (Exception error) when (ProcFolder.IsGone(error))
        {
            throw new CommandFailure($"--pid {pid}: there is no such process", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CommandFailure($"--pid {pid}: no permission to read its descriptors; run as its user or as root", error);
        }
        catch (Exception error) when (error is IOException or FormatException)
        {
            throw new CommandFailure($"--pid {pid}: /proc cannot be read: {error.Message}", error);
        }
    }

    /// <param name="requests">How many the processor time was for.</param>
    public async Task<ProcessResult> FinishAsync(long requests)
    {
        await StopAsync();
        ProcessState? after = LookIfAlive();
        double cpuSeconds = (double)(_last.CpuTicks - _cpuTicksBefore) / _ticksPerSecond;
        return new ProcessResult
        {
            Pid = _pid,
            Name = _first.Name,
            CpuSeconds = cpuSeconds,
            CpuMicrosPerRequest = requests == 0 ? 0 : Math.Round(cpuSeconds * 1e6 / requests, 3),
            Ended = _ended,
            Before = _before,
            During = _during,
            After = after ?? Nothing(),
            OutgoingSeen = ByRemote.Text(_seenByRemote),
            TimeWaitSeen = ByRemote.Text(_timeWait.EnteredByRemote),
            Series = _series.Points,
            Notes = Notes(),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _looking;
    }

    private async Task LookAgainAsync()
    {
        TimeSpan wait = s_interval;
        while (!_ended)
        {
            try
            {
                await Task.Delay(wait, _time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            long begun = _time.GetTimestamp();
            LookIfAlive();
            TimeSpan cost = _time.GetElapsedTime(begun) * CostLimit;
            wait = cost > s_interval ? cost : s_interval;
        }
    }

    /// <returns><see langword="null"/> if the process has ended.</returns>
    private ProcessState? LookIfAlive()
    {
        try
        {
            ProcessStat? stat = _ended ? null : _folder.Stat();
            if (stat is { } same && same.StartTime == _first.StartTime)
            {
                double seconds = _time.GetElapsedTime(_lastAt).TotalSeconds;
                double cores = seconds > 0 ? (same.CpuTicks - _last.CpuTicks) / (_ticksPerSecond * seconds) : 0;
                (_last, _lastAt) = (same, _time.GetTimestamp());
                if (same.IsAlive)
                {
                    double at = _secondsSinceStart();
                    ProcessState state = Look(same, hasBegun: at >= 0);
                    if (at >= 0)
                    {
                        _during = Largest(_during, state);
                        _series.Add(
                            new ProcessPoint(Math.Round(at, 3), Math.Round(cores, 3), state.Descriptors, state.Outgoing.Values.Sum()));
                    }
                    else
                    {
                        // A load that waits for its start, perhaps for a minute: what the process does meanwhile is not the load's.
                        (_before, _during, _cpuTicksBefore) = (state, state, same.CpuTicks);
                    }

                    return state;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            // Story: the process ends between two files of one sample. What is half seen is not told. Its files are gone, or belong to root
            // now.
        }

        _ended = true;
        return null;
    }

    private ProcessState Look(ProcessStat stat, bool hasBegun)
    {
        if (!hasBegun)
        {
            _seen.Clear();
            _seenByRemote.Clear();
        }

        (int descriptors, HashSet<long> own) = _folder.Descriptors();
        SocketCensus census = _folder.Sockets(own);
        _ports.UnionWith(census.OwnPorts);
        var outgoing = new Dictionary<TcpRemote, int>();
        foreach (TcpLine socket in census.Outgoing(_ports))
        {
            outgoing[socket.Remote] = outgoing.GetValueOrDefault(socket.Remote) + 1;
            if (_seen.Count < MaxSeen && _seen.Add(socket.Inode))
            {
                _seenByRemote[socket.Remote] = _seenByRemote.GetValueOrDefault(socket.Remote) + 1;
            }
        }

        _timeWait.Look(census.InTimeWait(), _ports, counts: hasBegun);
        return new ProcessState
        {
            Descriptors = descriptors,
            ResidentMegabytes = Math.Round(stat.ResidentPages * (double)Environment.SystemPageSize / (1024 * 1024), 1),
            Threads = stat.Threads,
            Outgoing = ByRemote.Text(outgoing),
            Incoming = census.Incoming(_ports),
            TimeWait = ByRemote.Text(census.TimeWait()),
        };
    }

    private List<string> Notes()
    {
        var notes = new List<string>();
        if (_ended)
        {
            notes.Add("The process exited before the run ended; its CPU time is from the last sample.");
        }
        else if (HasChildren())
        {
            notes.Add("The process has child processes, which are not counted.");
        }

        if (_seen.Count == MaxSeen)
        {
            notes.Add($"It opened more than {MaxSeen} connections; later ones are not counted as seen.");
        }

        return notes;
    }

    private bool HasChildren()
    {
        try
        {
            return _folder.HasChildren();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static ProcessState Largest(ProcessState one, ProcessState other) => new()
    {
        Descriptors = Math.Max(one.Descriptors, other.Descriptors),
        ResidentMegabytes = Math.Max(one.ResidentMegabytes, other.ResidentMegabytes),
        Threads = Math.Max(one.Threads, other.Threads),
        Outgoing = Largest(one.Outgoing, other.Outgoing),
        Incoming = Math.Max(one.Incoming, other.Incoming),
        TimeWait = Largest(one.TimeWait, other.TimeWait),
    };

    private static Dictionary<string, int> Largest(IReadOnlyDictionary<string, int> one, IReadOnlyDictionary<string, int> other) => one
        .Concat(other)
        .GroupBy(static pair => pair.Key, static pair => pair.Value, StringComparer.Ordinal)
        .Select(static same => KeyValuePair.Create(same.Key, same.Max()))
        .OrderByDescending(static pair => pair.Value)
        .Take(ByRemote.MaxNamed + 1)
        .ToDictionary(StringComparer.Ordinal);

    private static ProcessState Nothing() => new()
    {
        Descriptors = 0,
        ResidentMegabytes = 0,
        Threads = 0,
        Outgoing = new Dictionary<string, int>(StringComparer.Ordinal),
        Incoming = 0,
        TimeWait = new Dictionary<string, int>(StringComparer.Ordinal),
    };
}
