using System.Net.NetworkInformation;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// Sorts the sockets of a network namespace into those that a process made, those that were made to it, and those in TIME_WAIT.
/// </summary>
internal sealed class SocketCensus
{
    private readonly Dictionary<TcpRemote, int> _timeWaitByRemote = [];
    private readonly List<TcpLine> _held = [];
    private readonly List<TcpLine> _timeWait = [];
    private readonly HashSet<int> _listening = [];
    private readonly HashSet<long> _own;

    /// <param name="own">The inodes of the process's sockets.</param>
    public SocketCensus(HashSet<long> own) => _own = own;

    /// <summary>Ports on which the process listens.</summary>
    public HashSet<int> OwnPorts { get; } = [];

    /// <summary>Takes a line of the table; one that is no socket is passed over.</summary>
    public void Take(ReadOnlySpan<char> line)
    {
        if (!TcpLine.TryParse(line, out TcpLine socket))
        {
            return;
        }

        switch (socket.State)
        {
            case TcpState.Listen:
                _listening.Add(socket.LocalPort);
                if (_own.Contains(socket.Inode))
                {
                    OwnPorts.Add(socket.LocalPort);
                }

                break;
            case TcpState.TimeWait:
                _timeWait.Add(socket);
                break;
            case TcpState.Established or TcpState.SynSent or TcpState.CloseWait when _own.Contains(socket.Inode):
                _held.Add(socket);
                break;
            default:
                break;
        }
    }

    /// <param name="ports">Ports on which the process listens or has listened.</param>
    public IEnumerable<TcpLine> Outgoing(HashSet<int> ports) => _held.Where(socket => !ports.Contains(socket.LocalPort));

    /// <summary>How many connections were made to the process.</summary>
    /// <param name="ports">Ports on which the process listens or has listened.</param>
    public int Incoming(HashSet<int> ports) => _held.Count(socket => ports.Contains(socket.LocalPort));

    /// <summary>
    /// Sockets in TIME_WAIT, without those of connections to a listener of this machine, whose remote ports are all different.
    /// </summary>
    public IEnumerable<TcpLine> InTimeWait() => _timeWait.Where(socket => !_listening.Contains(socket.LocalPort));

    /// <summary>The same by remote address.</summary>
    public IReadOnlyDictionary<TcpRemote, int> TimeWait()
    {
        _timeWaitByRemote.Clear();
        foreach (TcpLine socket in InTimeWait())
        {
            _timeWaitByRemote[socket.Remote] = _timeWaitByRemote.GetValueOrDefault(socket.Remote) + 1;
        }

        return _timeWaitByRemote;
    }
}
