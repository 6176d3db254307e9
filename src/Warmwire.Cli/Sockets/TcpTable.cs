using System.Net.NetworkInformation;
using Warmwire.Cli.Quick.Reports;

namespace Warmwire.Cli.Sockets;

/// <summary>This machine's TCP sockets. The side that closes a connection first keeps it in TIME_WAIT, and with it a local port.</summary>
internal static class TcpTable
{
    /// <summary>The sockets whose other end has this port, or all.</summary>
    public static SocketStates Read(int? remotePort)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Count(IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections()
                .Where(connection => remotePort is null || connection.RemoteEndPoint.Port == remotePort)
                .Select(static connection => connection.State));
        }

        return Count(ReadProc("/proc/net/tcp", remotePort).Concat(ReadProc("/proc/net/tcp6", remotePort)));
    }

    /// <summary>The states in the text of <c>/proc/net/tcp</c> or <c>tcp6</c>; lines that are not sockets are passed over.</summary>
    public static IEnumerable<TcpState> Parse(IEnumerable<string> lines, int? remotePort)
    {
        foreach (string line in lines)
        {
            if (TcpLine.TryParse(line, out TcpLine socket) && (remotePort is null || socket.Remote.Port == remotePort))
            {
                yield return socket.State;
            }
        }
    }

    private static IEnumerable<TcpState> ReadProc(string path, int? remotePort) =>
        File.Exists(path) ? Parse(File.ReadLines(path), remotePort) : [];

    private static SocketStates Count(IEnumerable<TcpState> states)
    {
        int timeWait = 0;
        int closing = 0;
        foreach (TcpState state in states)
        {
            switch (state)
            {
                case TcpState.TimeWait:
                    timeWait++;
                    break;
                case TcpState.FinWait1 or TcpState.FinWait2 or TcpState.Closing:
                    closing++;
                    break;
                default:
                    break;
            }
        }

        return new SocketStates(timeWait, closing);
    }
}

/// <summary>How many sockets are in TIME_WAIT, and how many are on their way to it.</summary>
internal readonly record struct SocketStates(int TimeWait, int Closing);
