using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// Counts the connections that entered TIME_WAIT. Sockets stay there for a minute, so connections that lived for a millisecond between two
/// samples, as those of a client per request do, are seen too. The system does not tell which process they belonged to.
/// </summary>
internal sealed class TimeWaitWatch
{
    private HashSet<(int LocalPort, TcpRemote Remote)> _last = [];
    private HashSet<(int LocalPort, TcpRemote Remote)> _now = [];

    /// <summary>Those that entered TIME_WAIT between a sample and a later one that counts.</summary>
    public Dictionary<TcpRemote, long> EnteredByRemote { get; } = [];

    /// <param name="sockets">All sockets in TIME_WAIT.</param>
    /// <param name="counts">Whether what came since the last sample is counted: not in the first one, nor before the load.</param>
    public void Look(IEnumerable<TcpLine> sockets, bool counts)
    {
        _now.Clear();
        foreach (TcpLine socket in sockets)
        {
            if (_now.Add((socket.LocalPort, socket.Remote))
                && counts
                && !_last.Contains((socket.LocalPort, socket.Remote)))
            {
                EnteredByRemote[socket.Remote] = EnteredByRemote.GetValueOrDefault(socket.Remote) + 1;
            }
        }

        (_last, _now) = (_now, _last);
    }
}
