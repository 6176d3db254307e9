using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Load;

/// <summary>The sockets that a load leaves in TIME_WAIT on this machine, whatever ports it leads to.</summary>
internal sealed class LeftInTimeWait
{
    /// <summary>The table of sockets is read for each; of more ports it is not told.</summary>
    private const int MaxPorts = 10;

    private readonly (int Port, SocketStates Before)[] _ports;

    public LeftInTimeWait(IReadOnlyList<int> ports) =>
        _ports = ports.Count > MaxPorts ? [] : [.. ports.Select(static port => (port, TcpTable.Read(port)))];

    /// <returns><see langword="null"/> if it cannot be told.</returns>
    public async Task<int?> CountAsync(TimeProvider time)
    {
        int? sum = null;
        foreach ((int port, SocketStates before) in _ports)
        {
            sum = (sum ?? 0) + await TimeWaitSockets.CountNewAsync(port, before, time);
        }

        return sum;
    }
}
