using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>What the processes of a tree held together at one moment, or the most that they held.</summary>
internal sealed record TreeLook
{
    public static TreeLook Nothing { get; } = new() { Outgoing = [], TimeWait = [] };

    public int Descriptors { get; init; }

    public long ResidentPages { get; init; }

    public int Threads { get; init; }

    public int Incoming { get; init; }

    public required Dictionary<TcpRemote, int> Outgoing { get; init; }

    /// <summary>Of all programs.</summary>
    public required Dictionary<TcpRemote, int> TimeWait { get; init; }

    /// <summary>The larger of each figure.</summary>
    public TreeLook Or(TreeLook other) => new()
    {
        Descriptors = Math.Max(Descriptors, other.Descriptors),
        ResidentPages = Math.Max(ResidentPages, other.ResidentPages),
        Threads = Math.Max(Threads, other.Threads),
        Incoming = Math.Max(Incoming, other.Incoming),
        Outgoing = Largest(Outgoing, other.Outgoing),
        TimeWait = Largest(TimeWait, other.TimeWait),
    };

    /// <param name="used">Addresses that the tree was seen using; sockets in TIME_WAIT to others are left out.</param>
    public ProcessState ToState(HashSet<TcpRemote> used) => new()
    {
        Descriptors = Descriptors,
        ResidentMegabytes = Math.Round(ResidentPages * (double)Environment.SystemPageSize / (1024 * 1024), 1),
        Threads = Threads,
        Outgoing = ByRemote.Text(Outgoing),
        Incoming = Incoming,
        TimeWait = ByRemote.Text(TimeWait.Where(pair => used.Contains(pair.Key))),
    };

    private static Dictionary<TcpRemote, int> Largest(Dictionary<TcpRemote, int> one, Dictionary<TcpRemote, int> other)
    {
        var largest = new Dictionary<TcpRemote, int>(one);
        foreach ((TcpRemote remote, int count) in other)
        {
            largest[remote] = Math.Max(largest.GetValueOrDefault(remote), count);
        }

        return largest;
    }
}
