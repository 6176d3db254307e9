using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The watch over TLS on a socket. What the socket has may be a session ticket, or nothing; only TLS can tell, and it is asked then and not
/// before: by the thread that hears of input, and by the one that is about to lease the connection.
/// </summary>
/// <remarks>
/// Story: a read of TLS waits while the connection is idle. Stray bytes come, and a thread has taken them out of the socket and is
/// deciphering them at the moment of the lease: the socket has nothing any more, and the read is not over yet. The bytes became the next
/// answer. So no read of TLS waits, and bytes leave the socket with the gate held: a lease finds them in the socket, or comes behind the
/// thread that has taken them. Only where TLS has to hear from the peer before it can answer a read of it waits.
/// </remarks>
internal abstract class TlsIdleWatch : ReadingIdleWatch
{
    protected TlsIdleWatch(Http1Connection connection, SocketStream socket)
        : base(connection) => Socket = socket;

    public override bool HasInput => Reader.TlsHasAnswered || (HeardOfInput && Socket.HasInput && Reader.AskTls());

    public override bool MayLease_NeedsLock => !Reader.TlsHasAnswered;

    protected SocketStream Socket { get; }

    protected Http1Reader Reader => Connection.Reader;

    /// <summary>Whether there was word of input that no read has used up. Asks nobody.</summary>
    protected abstract bool HeardOfInput { get; }

    /// <summary>
    /// Asks TLS, because the socket or TLS itself may have something. Returns whether the connection is over, or another's.
    /// </summary>
    protected bool IsOver(long idleId)
    {
        bool isOver;
        Task<int>? begun;
        lock (Connection.Gate)
        {
            if (!Connection.IsIdle_NeedsLock(idleId))
            {
                return true;
            }

            Task<int>? before = Reader.UnansweredWatch;
            isOver = Reader.AskTls();
            begun = Reader.UnansweredWatch is { } now && now != before ? now : null;
            if (isOver)
            {
                // Not leased by anybody from here on.
                Connection.MoveTo_NeedsLock(Http1State.Leased);
            }
        }

        if (isOver)
        {
            _ = CloseAsync(Reader.EndedWatch, error: null);
        }
        else if (begun is not null)
        {
            Follow(idleId, begun);
        }

        return isOver;
    }
}
