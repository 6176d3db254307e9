using System.Globalization;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Compare;

/// <summary>
/// How many connections the row with a new handler per request may leave behind. Each holds a local port in TIME_WAIT, and other programs
/// need some.
/// </summary>
internal static class PortBudget
{
    /// <summary>Never more than this, however many ports there are.</summary>
    public const int MaxConnections = 2000;

    private const int UsualRange = 16384;

    public static int Connections(int portsPerConnection) =>
        Connections(RangeSize(), TcpTable.Read(remotePort: null).TimeWait, portsPerConnection);

    /// <summary>A quarter of the local ports that are not in TIME_WAIT.</summary>
    public static int Connections(int range, int timeWait, int portsPerConnection) =>
        Math.Clamp((range - timeWait) / 4 / portsPerConnection, 1, MaxConnections);

    private static int RangeSize()
    {
        const string Path = "/proc/sys/net/ipv4/ip_local_port_range";
        if (File.Exists(Path)
            && File.ReadAllText(Path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [var first, var last]
            && int.TryParse(first, CultureInfo.InvariantCulture, out int low)
            && int.TryParse(last, CultureInfo.InvariantCulture, out int high))
        {
            return high - low + 1;
        }

        // The dynamic range of RFC 6335, which macOS and Windows use.
        return UsualRange;
    }
}
