using Warmwire.Runtime;
using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The watch over TLS on a socket of System.Net.Sockets: a read of nothing waits at the socket, and takes no byte out of it.
/// </summary>
internal sealed class TlsManagedIdleWatch : TlsIdleWatch
{
    public TlsManagedIdleWatch(Http1Connection connection, SocketStream socket)
        : base(connection, socket)
    {
    }

    protected override bool HeardOfInput => Reader.WatchHasEnded;

    /// <summary>What the socket has was a ticket, or there is nothing: the notice was one of bytes that have been read already.</summary>
    protected override bool WokeForNothing => !HasInput;

    public override void Begin(long idleId)
    {
        // Story: as with the event loop, what came in one record with the end of a body waits in the TLS stream, and the socket is empty.
        // All else the socket tells as soon as it is asked.
        if (!Reader.MayHaveLeftSome || !IsOver(idleId))
        {
            Follow(idleId, Detached.Run(Reader, 0, static (reader, _) => reader.StartWatch()));
        }
    }

    // Story: the stray bytes or the end are here, but the watch's flow has not got a thread. So the socket itself is asked.
    public override bool FindsInput(TimeSpan idle) => Socket.HasInput && IsOver(Connection.IdleId);
}
