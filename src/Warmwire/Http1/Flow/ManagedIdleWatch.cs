using Warmwire.Runtime;
using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The watch over a socket of System.Net.Sockets or a stream of the application's: a read waits as long as the connection is idle.
/// </summary>
/// <remarks>
/// Of a stream of the application's nothing but that read tells: bytes that it has taken, and that a thread is only about to bring, are not
/// seen by a lease.
/// </remarks>
internal sealed class ManagedIdleWatch : ReadingIdleWatch
{
    /// <summary>The socket, if it is one: it knows what is there to be read.</summary>
    private readonly SocketStream? _socket;

    public ManagedIdleWatch(Http1Connection connection)
        : base(connection) => _socket = connection.Dialed.SocketStream;

    public override bool HasInput => Connection.Reader.WatchHasEnded && !WokeForNothing;

    /// <remarks>
    /// Story: the watch of a plain socket wakes for nothing, and its flow is about to begin another one. Turned down here, the connection
    /// would be in nobody's hands. That socket has been asked; what comes from now on is found before the request is written.
    /// </remarks>
    public override bool MayLease_NeedsLock => _socket is not null || !Connection.Reader.WatchHasEnded;

    /// <summary>
    /// A read of nothing may end although there is nothing: the notice of bytes that an earlier read has taken already reaches the socket
    /// late. The socket itself knows better. (A read of one byte ends only with a byte.)
    /// </summary>
    protected override bool WokeForNothing => _socket is { HasInput: false };

    // Story: the peer closes right behind its response. The watch is on before the pool hears of the connection, so either the watch finds
    // the end first and the pool is told Closed and ignores the return, or the pool has it and the lease fails.
    public override void Begin(long idleId) =>
        Follow(idleId, Detached.Run(Connection.Reader, 0, static (reader, _) => reader.StartWatch()));

    // Story: the stray bytes or the end are here, but the watch's flow has not got a thread. It will close the connection; leased now,
    // those bytes would become the next answer. So the socket itself is asked.
    public override bool FindsInput(TimeSpan idle) => _socket is { } socket ? socket.HasInput : Connection.Reader.WatchHasEnded;
}
