using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>Finds the process of this machine that listens on a URL's port.</summary>
internal static class ListeningProcess
{
    /// <summary>Whether the URL leads to this machine, as far as its host says without asking a name server.</summary>
    public static bool IsOnThisMachine(Uri url)
    {
        string host = url.IdnHost;
        return url.IsLoopback
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || string.Equals(host, Dns.GetHostName(), StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out IPAddress? address) && OwnAddresses().Contains(address));
    }

    /// <param name="port">The port.</param>
    /// <param name="pid">The process; of several of one tree, such as the workers of a server, the uppermost.</param>
    /// <param name="problem">Why there is none to watch.</param>
    public static bool TryFind(int port, out int pid, [NotNullWhen(false)] out string? problem)
    {
        pid = 0;
        if (!OperatingSystem.IsLinux())
        {
            problem = "finding it needs Linux: it reads /proc";
            return false;
        }

        HashSet<long> listeners = Listeners(port);
        if (listeners.Count == 0)
        {
            problem = $"no process of this machine listens on port {port}";
            return false;
        }

        Dictionary<int, ProcessStat> owners = Owners(listeners);
        if (owners.Count == 0)
        {
            problem = $"which process listens on port {port} cannot be read; run as its user or as root, or give its number";
            return false;
        }

        pid = owners.Where(owner => !owners.ContainsKey(owner.Value.Parent)).Select(static owner => owner.Key).Order().First();
        problem = null;
        return true;
    }

    private static HashSet<long> Listeners(int port)
    {
        var inodes = new HashSet<long>();
        foreach (string table in (ReadOnlySpan<string>)["/proc/net/tcp", "/proc/net/tcp6"])
        {
            foreach (string line in File.Exists(table) ? File.ReadLines(table) : [])
            {
                if (TcpLine.TryParse(line, out TcpLine socket) && socket.State == TcpState.Listen && socket.LocalPort == port)
                {
                    inodes.Add(socket.Inode);
                }
            }
        }

        return inodes;
    }

    private static Dictionary<int, ProcessStat> Owners(HashSet<long> listeners)
    {
        var owners = new Dictionary<int, ProcessStat>();
        foreach (int pid in ProcessTree.AllProcesses().Where(static pid => pid != Environment.ProcessId))
        {
            try
            {
                var folder = new ProcFolder(pid);
                if (folder.Descriptors().Sockets.Overlaps(listeners) && folder.Stat() is { IsAlive: true } stat)
                {
                    owners[pid] = stat;
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
            {
                // It ended, or is another user's.
            }
        }

        return owners;
    }

    private static HashSet<IPAddress> OwnAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static card => card.GetIPProperties().UnicastAddresses)
            .Select(static address => address.Address),
    ];
}
