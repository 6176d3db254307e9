using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// Counts the connections that came to rest in TIME_WAIT. They rest there for a minute, so also those are seen that lived for a millisecond between two looks, which is
/// how long a client per request lives. To which process they belonged the system does not tell.
/// </summary>
internal sealed class TimeWaitWatch
{
    private HashSet<(int LocalPort, TcpRemote Remote)> _last = [];
    private HashSet<(int LocalPort, TcpRemote Remote)> _now = [];

    /// <summary>Those that came between a look and a later one that counts.</summary>
    public Dictionary<TcpRemote, long> CameByRemote { get; } = [];

    /// <param name="resting">All that rest.</param>
    /// <param name="ports">Ports of the process itself: connections to them are those of its callers.</param>
    /// <param name="counts">Whether what came since the last look is counted; not at the first one, nor before the load has begun.</param>
    public void Look(IEnumerable<TcpLine> resting, HashSet<int> ports, bool counts)
    {
        _now.Clear();
        foreach (TcpLine socket in resting)
        {
            if (_now.Add((socket.LocalPort, socket.Remote)) && counts && !ports.Contains(socket.Remote.Port) && !_last.Contains((socket.LocalPort, socket.Remote)))
            {
                CameByRemote[socket.Remote] = CameByRemote.GetValueOrDefault(socket.Remote) + 1;
            }
        }

        (_last, _now) = (_now, _last);
    }
}
