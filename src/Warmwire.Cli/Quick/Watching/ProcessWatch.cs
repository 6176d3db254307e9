using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// Watches a process of this machine and its descendants while a load runs: what they hold before, at most during, and after. Between
/// samples it looks more often at the descriptors that are opened next, to meet connections that live for a millisecond. It takes at most
/// a fiftieth of a core for all of it.
/// </summary>
/// <remarks>
/// A sample at 5,000 sockets took 0.12 s where system calls are slow (a sandboxed machine, Debug), most of it links of descriptors; then it
/// takes one every 6 s.
/// </remarks>
internal sealed class ProcessWatch : IAsyncDisposable
{
    /// <summary>Of more connections it is not told apart any more whether they were seen before.</summary>
    private const int MaxSeen = 1_000_000;

    /// <summary>Samples may take one of so many parts of the time, and so may the looks between them.</summary>
    private const int CostLimit = 100;

    /// <summary>Of more processes only the samples are taken.</summary>
    private const int MostAtAGlance = 8;

    private static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_shortestGlance = TimeSpan.FromMilliseconds(2);

    /// <summary>Between two points of the series, each of which is the most of the samples since the last.</summary>
    private static readonly TimeSpan s_pointInterval = TimeSpan.FromMilliseconds(250);

    private readonly int _pid;
    private readonly int? _listensOn;
    private readonly Func<double> _secondsSinceStart;
    private readonly TimeProvider _time;
    private readonly long _ticksPerSecond = ClockTicks.PerSecond();
    private readonly CancellationTokenSource _stop = new();
    private readonly string _name;
    private readonly bool _meetsShortOnes;
    private readonly Task _looking;

    // Owned by the constructor, then by the looking flow, then by FinishAsync after it has ended.
    private readonly ProcessTree _tree;
    private readonly HashSet<int> _ports;
    private readonly HashSet<TcpRemote> _used = [];
    private readonly HashSet<long> _seen = [];
    private readonly HashSet<long> _own = [];
    private List<NextDescriptors> _next = [];
    private readonly Dictionary<TcpRemote, long> _seenByRemote = [];
    private readonly TimeWaitWatch _timeWait = new();
    private readonly ProcessSeries _series = new();
    private long _pointAt;
    private long _pointTicks;
    private TreeLook? _sincePoint;
    private TreeLook _before;
    private TreeLook _during;
    private bool _ended;
    private bool _hasUnreadable;

    private ProcessWatch(int pid, ProcessStat first, int? listensOn, Func<double> secondsSinceStart, TimeProvider time)
    {
        (_pid, _name, _listensOn, _secondsSinceStart, _time) = (pid, first.Name, listensOn, secondsSinceStart, time);
        _ports = listensOn is { } port ? [port] : [];
        _tree = new ProcessTree(pid, first);
        _meetsShortOnes = SocketEnds.MayAsk(pid);
        _pointAt = time.GetTimestamp();
        _ = new ProcFolder(pid).Descriptors(); // throws if it may not be read
        _tree.Look();
        _tree.ForgetPast();
        _before = Look(hasBegun: false);
        _during = _before;
        _looking = Task.Run(LookAgainAsync);
    }

    /// <param name="pid">Which process.</param>
    /// <param name="secondsSinceStart">Seconds since the first arrival was due; negative until it is, and what is seen until then is what
    /// was before.</param>
    /// <param name="time">The clock for the time between samples.</param>
    /// <param name="listensOn">The port by which it was found; <see langword="null"/> if its number was given.</param>
    /// <exception cref="CommandFailure">It cannot be watched.</exception>
    public static ProcessWatch Start(int pid, Func<double> secondsSinceStart, TimeProvider time, int? listensOn = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new CommandFailure("--pid needs Linux: it reads /proc");
        }

        try
        {
            if (pid <= 0 || new ProcFolder(pid).Stat() is not { IsAlive: true } stat)
            {
                throw new CommandFailure($"--pid {pid}: there is no such process");
            }

            return new ProcessWatch(pid, stat, listensOn, secondsSinceStart, time);
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
        TreeLook after = LookIfAlive() ?? TreeLook.Nothing;
        AddPoint(_secondsSinceStart());
        double cpuSeconds = (double)_tree.CpuTicks / _ticksPerSecond;
        return new ProcessResult
        {
            Pid = _pid,
            Name = _name,
            ListensOn = _listensOn,
            Descendants = _tree.Descendants,
            CpuSeconds = cpuSeconds,
            CpuMicrosPerRequest = requests == 0 ? 0 : Math.Round(cpuSeconds * 1e6 / requests, 3),
            Ended = _ended,
            Before = _before.ToState(_used),
            During = _during.ToState(_used),
            After = after.ToState(_used),
            OutgoingSeen = ByRemote.Text(_seenByRemote),
            TimeWaitSeen = ByRemote.Text(_timeWait.EnteredByRemote.Where(pair => _used.Contains(pair.Key))),
            OtherTimeWait = LargestOther(),
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
        TimeSpan wait = s_shortestWait;
        TimeSpan glanceWait = s_shortestGlance;
        long lastLook = _time.GetTimestamp();
        while (!_ended)
        {
            try
            {
                TimeSpan untilLook = wait - _time.GetElapsedTime(lastLook);
                await Task.Delay(untilLook > glanceWait ? glanceWait : TimeSpan.FromTicks(Math.Max(0, untilLook.Ticks)), _time,
                    _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            long begun = _time.GetTimestamp();
            if (_time.GetElapsedTime(lastLook, begun) >= wait)
            {
                LookIfAlive();
                lastLook = _time.GetTimestamp();
                wait = Paced(_time.GetElapsedTime(begun), s_shortestWait);
            }
            else
            {
                Glance();
                glanceWait = Paced(_time.GetElapsedTime(begun), s_shortestGlance);
            }
        }
    }

    private static TimeSpan Paced(TimeSpan cost, TimeSpan shortest) => cost * CostLimit > shortest ? cost * CostLimit : shortest;

    /// <summary>Looks for connections that were opened since the last sample and may be closed before the next.</summary>
    private void Glance()
    {
        if (_secondsSinceStart() >= 0)
        {
            Note(_next.SelectMany(next => next.FindConnections(_own)).Where(connection => !_ports.Contains(connection.LocalPort)));
        }
    }

    /// <returns><see langword="null"/> if all processes of the tree have ended.</returns>
    private TreeLook? LookIfAlive()
    {
        if (_ended)
        {
            return null;
        }

        _tree.Look();
        double at = _secondsSinceStart();
        if (Look(hasBegun: at >= 0) is not { Threads: > 0 } look)
        {
            _ended = true;
            return null;
        }

        if (at < 0)
        {
            // A load that waits for its start, perhaps for a minute: what the process does meanwhile is not the load's.
            (_before, _during) = (look, look);
            _tree.ForgetPast();
            (_pointAt, _pointTicks, _sincePoint) = (_time.GetTimestamp(), 0, null);
            return look;
        }

        _during = _during.Or(look);
        _sincePoint = _sincePoint?.Or(look) ?? look;
        if (_time.GetElapsedTime(_pointAt) >= s_pointInterval)
        {
            AddPoint(at);
        }

        return look;
    }

    private void AddPoint(double at)
    {
        if (_sincePoint is not { } most || at < 0)
        {
            return;
        }

        double seconds = _time.GetElapsedTime(_pointAt).TotalSeconds;
        double cores = seconds > 0 ? (_tree.CpuTicks - _pointTicks) / (_ticksPerSecond * seconds) : 0;
        _series.Add(new ProcessPoint(Math.Round(at, 3), Math.Round(cores, 3), most.Descriptors, most.Outgoing.Values.Sum()));
        (_pointAt, _pointTicks, _sincePoint) = (_time.GetTimestamp(), _tree.CpuTicks, null);
    }

    /// <summary>What the members hold. Without threads if none could be read.</summary>
    private TreeLook Look(bool hasBegun)
    {
        if (!hasBegun)
        {
            _seen.Clear();
            _seenByRemote.Clear();
        }

        _own.Clear();
        _next = [];
        var read = new List<ProcessTree.Member>();
        int descriptors = 0;
        foreach (ProcessTree.Member member in _tree.Alive)
        {
            try
            {
                (int count, HashSet<long> sockets, NextDescriptors next) = member.Folder.Descriptors();
                descriptors += count;
                _own.UnionWith(sockets);
                read.Add(member);
                if (_next.Count < MostAtAGlance)
                {
                    _next.Add(next);
                }
            }
            catch (UnauthorizedAccessException)
            {
                _hasUnreadable = true;
            }
            catch (IOException)
            {
                // It ended between two files of one sample.
            }
        }

        if (read.Count == 0 || CensusOf(read, _own) is not { } census)
        {
            return TreeLook.Nothing;
        }

        _ports.UnionWith(census.OwnPorts);
        _timeWait.Look(census.InTimeWait(), counts: hasBegun);
        return new TreeLook
        {
            Descriptors = descriptors,
            ResidentPages = read.Sum(static member => member.Stat.ResidentPages),
            Threads = read.Sum(static member => member.Stat.Threads),
            Outgoing = Note(census.Outgoing(_ports)),
            Incoming = census.Incoming(_ports),
            TimeWait = new Dictionary<TcpRemote, int>(census.TimeWait()),
        };
    }

    private static SocketCensus? CensusOf(List<ProcessTree.Member> members, HashSet<long> own)
    {
        // All see the same sockets, except those that were moved into a network of their own.
        foreach (ProcessTree.Member member in members)
        {
            try
            {
                return member.Folder.Sockets(own);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return null;
    }

    /// <summary>Notes connections that the tree has made.</summary>
    private Dictionary<TcpRemote, int> Note(IEnumerable<TcpLine> connections)
    {
        var outgoing = new Dictionary<TcpRemote, int>();
        foreach (TcpLine socket in connections)
        {
            outgoing[socket.Remote] = outgoing.GetValueOrDefault(socket.Remote) + 1;
            if (_used.Count < MaxSeen)
            {
                _used.Add(socket.Remote);
            }

            if (_seen.Count < MaxSeen && _seen.Add(socket.Inode))
            {
                _seenByRemote[socket.Remote] = _seenByRemote.GetValueOrDefault(socket.Remote) + 1;
            }
        }

        return outgoing;
    }

    private List<string> Notes()
    {
        var notes = new List<string>();
        if (_ended)
        {
            notes.Add("The process exited before the run ended; its CPU time is from the last sample.");
        }

        if (_hasUnreadable)
        {
            notes.Add("It has child processes of other users, whose descriptors and connections cannot be read; run as root.");
        }

        if (_tree.HasMoreThanCounted)
        {
            notes.Add($"It has more than {ProcessTree.MaxMembers} child processes; further ones are not counted.");
        }

        if (_seen.Count == MaxSeen)
        {
            notes.Add($"It opened more than {MaxSeen} connections; later ones are not counted as seen.");
        }

        return notes;
    }

    /// <summary>
    /// Where connections of a millisecond cannot be met. Without those to the tree itself, which are its callers'.
    /// </summary>
    private Dictionary<string, long> LargestOther() => _meetsShortOnes ? [] : ByRemote.Text(_timeWait.EnteredByRemote
        .Where(pair => !_used.Contains(pair.Key) && !_ports.Contains(pair.Key.Port))
        .OrderByDescending(static pair => pair.Value)
        .Take(1));
}
