using System.Globalization;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// A process and its descendants, also those that start later: <c>dotnet run</c> and shells do their work in children. A process stays a
/// member when its parent has ended.
/// </summary>
internal sealed class ProcessTree
{
    /// <summary>Further descendants are not counted, and that is told.</summary>
    public const int MaxMembers = 1_000;

    private readonly Dictionary<int, Member> _members = [];
    private long _ticksOfEnded;

    public ProcessTree(int root, ProcessStat stat)
    {
        Root = root;
        _members[root] = new Member(root, stat, firstTicks: stat.CpuTicks);
    }

    public int Root { get; }

    /// <summary>Those that are alive, the root first if it is.</summary>
    public IReadOnlyList<Member> Alive => [.. _members.Values.OrderBy(member => member.Pid != Root).ThenBy(static member => member.Pid)];

    /// <summary>The programs of all descendants that were seen, and how many there were of each.</summary>
    public SortedDictionary<string, int> Descendants { get; } = new(StringComparer.Ordinal);

    public bool HasMoreThanCounted { get; private set; }

    /// <summary>Processor time of all members since the tree was made or <see cref="ForgetPast"/> was called.</summary>
    public long CpuTicks => _ticksOfEnded + _members.Values.Sum(static member => member.Stat.CpuTicks - member.FirstTicks);

    /// <summary>What was used until now is not counted.</summary>
    public void ForgetPast()
    {
        _ticksOfEnded = 0;
        foreach (Member member in _members.Values)
        {
            member.FirstTicks = member.Stat.CpuTicks;
        }
    }

    /// <summary>Looks which members there are now.</summary>
    public void Look()
    {
        foreach (Member member in _members.Values.ToArray())
        {
            // Another process may have the number by now.
            ProcessStat? now = StatOf(member.Folder);
            if (now is { } stat && stat.StartTime == member.Stat.StartTime)
            {
                member.Stat = stat;
            }

            if (now is not { IsAlive: true } alive || alive.StartTime != member.Stat.StartTime)
            {
                _ticksOfEnded += member.Stat.CpuTicks - member.FirstTicks;
                _members.Remove(member.Pid);
            }
        }

        if (_members.Count > 0)
        {
            AddChildren();
        }
    }

    private void AddChildren()
    {
        var others = new List<(int Pid, ProcessStat Stat)>();
        foreach (int pid in AllProcesses())
        {
            // This program itself is none of it, though it may have been started by it.
            if (pid != Environment.ProcessId && !_members.ContainsKey(pid) && StatOf(new ProcFolder(pid)) is { IsAlive: true } stat)
            {
                others.Add((pid, stat));
            }
        }

        // A child may have a smaller number than its parent, when numbers begin anew.
        int known;
        do
        {
            known = _members.Count;
            foreach ((int pid, ProcessStat stat) in others)
            {
                if (_members.ContainsKey(stat.Parent) && !_members.ContainsKey(pid))
                {
                    Add(pid, stat);
                }
            }
        }
        while (_members.Count > known);
    }

    private void Add(int pid, ProcessStat stat)
    {
        if (_members.Count >= MaxMembers)
        {
            HasMoreThanCounted = true;
            return;
        }

        _members[pid] = new Member(pid, stat, firstTicks: 0);
        if (Descendants.Count < MaxMembers || Descendants.ContainsKey(stat.Name))
        {
            Descendants[stat.Name] = Descendants.GetValueOrDefault(stat.Name) + 1;
        }
    }

    /// <summary>The numbers of all processes that this one can see.</summary>
    public static IEnumerable<int> AllProcesses() => Directory.EnumerateDirectories("/proc")
        .Select(static path => int.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? pid
            : 0)
        .Where(static pid => pid > 0);

    private static ProcessStat? StatOf(ProcFolder folder)
    {
        try
        {
            return folder.Stat();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return null; // not ours to read
        }
    }

    /// <summary>One process of the tree.</summary>
    internal sealed class Member(int pid, ProcessStat stat, long firstTicks)
    {
        public int Pid => pid;

        public ProcFolder Folder { get; } = new(pid);

        public ProcessStat Stat { get; set; } = stat;

        public long FirstTicks { get; set; } = firstTicks;
    }
}
