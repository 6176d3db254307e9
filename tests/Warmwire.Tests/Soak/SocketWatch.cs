using System.Globalization;

namespace Warmwire.Tests.Soak;

/// <summary>
/// Which sockets a client in this process has left open since the watch was made, as the operating system sees it. The ends of the
/// servers in the same process are told apart by their port. Where there is no <c>/proc</c> nothing is seen.
/// </summary>
internal sealed class SocketWatch
{
    private static readonly string[] s_tcp = ["/proc/net/tcp", "/proc/net/tcp6"];

    // Name look-ups and debuggers have sockets of these kinds.
    private static readonly string[] s_others =
        ["/proc/net/udp", "/proc/net/udp6", "/proc/net/raw", "/proc/net/raw6", "/proc/net/unix", "/proc/net/netlink", "/proc/net/packet"];

    private readonly HashSet<int> _serverPorts;
    private readonly HashSet<string> _before;

    /// <param name="serverPorts">Where the servers listen. Connections to other ports are others' business.</param>
    public SocketWatch(params IEnumerable<Uri> serverPorts)
    {
        _serverPorts = [.. serverPorts.Select(static uri => uri.Port)];
        _before = OwnInodes();
    }

    /// <summary>
    /// The client's ends of connections to the servers, and sockets that have no other end: never connected, or reset. A server's end may
    /// be among the latter for the moment it takes to close it.
    /// </summary>
    public IReadOnlyList<string> LeftOpen()
    {
        // In this order: a socket that is opened meanwhile is in the tables and not in the list.
        HashSet<string> own = OwnInodes();
        own.ExceptWith(_before);
        if (own.Count == 0)
        {
            return [];
        }

        var left = new List<string>();
        foreach (string[] line in s_tcp.SelectMany(Table))
        {
            // "  12: 0100007F:9C40 0100007F:1F90 01 …": slot, local, remote, state; the tenth field is the inode.
            if (line.Length > 9 && own.Remove(line[9]) && _serverPorts.Contains(PortOf(line[2])))
            {
                left.Add($"{line[9]}: {line[1]} to {line[2]}, state {line[3]}");
            }
        }

        foreach (string[] line in s_others.SelectMany(Table))
        {
            own.ExceptWith(line);
        }

        left.AddRange(own.Select(static inode => $"{inode}: not connected"));
        return left;
    }

    private static int PortOf(string endPoint) =>
        int.Parse(endPoint.AsSpan(endPoint.LastIndexOf(':') + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static IEnumerable<string[]> Table(string path) =>
        File.Exists(path) ? File.ReadLines(path).Skip(1).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)) : [];

    private static HashSet<string> OwnInodes()
    {
        var inodes = new HashSet<string>();
        if (!Directory.Exists("/proc/self/fd"))
        {
            return inodes;
        }

        foreach (string descriptor in Directory.GetFiles("/proc/self/fd"))
        {
            string? target;
            try
            {
                target = new FileInfo(descriptor).LinkTarget;
            }
            catch (IOException)
            {
                continue; // closed meanwhile
            }

            if (target is not null && target.StartsWith("socket:[", StringComparison.Ordinal))
            {
                inodes.Add(target["socket:[".Length..^1]);
            }
        }

        return inodes;
    }
}
