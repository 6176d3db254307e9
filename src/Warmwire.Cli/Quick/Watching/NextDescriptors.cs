using System.Globalization;
using System.Text;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// The links of the descriptors that a process will open next: the system gives the lowest number that is free. A connection that lives for
/// a millisecond is found there by a few calls of the system, where a look at all descriptors would come too late.
/// </summary>
internal sealed class NextDescriptors
{
    private const int Most = 12;

    private readonly (int Number, byte[] Link)[] _next;
    private readonly int _pid;

    /// <param name="pid">The process.</param>
    /// <param name="folder">Of the process's descriptors.</param>
    /// <param name="open">The numbers of those that are open.</param>
    public NextDescriptors(int pid, string folder, HashSet<int> open)
    {
        _pid = pid;
        var next = new List<(int Number, byte[] Link)>();
        for (int number = 0; next.Count < Most; number++)
        {
            if (!open.Contains(number))
            {
                next.Add((number, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{folder}/{number}\0"))));
            }
        }

        _next = [.. next];
    }

    /// <summary>The connections that are open there now.</summary>
    /// <param name="known">Inodes of sockets that were seen before; those found are added.</param>
    public IEnumerable<TcpLine> FindConnections(HashSet<long> known)
    {
        foreach ((int number, byte[] link) in _next)
        {
            if (ProcFolder.SocketInode(ProcFolder.TargetOf(link)) is { } inode
                && !known.Contains(inode)
                && SocketEnds.Find(_pid, number, inode) is { } connection)
            {
                known.Add(inode);
                yield return connection;
            }
        }
    }
}
