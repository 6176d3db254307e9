using Warmwire.Runtime;
using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The watch over TLS on a socket of the event loop: the loop tells of input, which may be a session ticket, or nothing; only a read of the
/// TLS stream can tell, so one is begun then and not before.
/// </summary>
internal sealed class TlsLoopIdleWatch : ReadingIdleWatch, IInputWatcher
{
    private readonly SocketStream _socket;

    public TlsLoopIdleWatch(Http1Connection connection, SocketStream socket)
        : base(connection)
    {
        _socket = socket;
        socket.InputWatcher = this;
    }

    public override bool HasInput => Connection.Reader.WatchHasEnded;

    public override bool MayLease_NeedsLock => !Connection.Reader.WatchHasEnded;

    public override void Begin(long idleId)
    {
        Connection.Reader.ReleaseBuffer();
        if (Connection.Reader.MayHaveLeftSome)
        {
            // Story: the end of the body and stray bytes behind it came in one TLS record. The read asked for the body's length and got it,
            // the rest is decrypted and waits in the TLS stream, and the socket is empty. They would become the next answer.
            IsOver(idleId);
        }
        else if (_socket.MayHaveInput)
        {
            // Story: the end came together with the last bytes of the answer. The notice of it found an exchange under way and was left to
            // that exchange, which had no reason to read on.
            InputArrived();
        }
    }

    public override bool FindsInput(TimeSpan idle) =>
        (idle > Http1Limits.HeardOfJustNow || _socket.MayHaveInput || AsksAlways) && _socket.HasInput && IsOver(Connection.IdleId);

    /// <summary>Something came. While an exchange runs, its own read sees it.</summary>
    public void InputArrived()
    {
        // Story: a whole exchange comes and goes between the question and what follows from the answer, and what the socket had to read was
        // its response.
        if (Connection.IsIdle(out long idleId) && _socket.HasInput)
        {
            IsOver(idleId);
        }
    }

    /// <summary>
    /// Reads, because the socket or the TLS stream may have something. Returns whether the connection is over, or another's.
    /// </summary>
    private bool IsOver(long idleId)
    {
        Task<int> watch;
        lock (Connection.Gate)
        {
            if (!Connection.IsIdle_NeedsLock(idleId))
            {
                return true;
            }

            // Under the gate, so that nobody leases the connection and reads while this read begins; it waits for nothing here.
            watch = Detached.Run(Connection.Reader, 0, static (reader, _) => reader.StartWatch());
        }

        Follow(idleId, watch);
        return watch.IsCompleted;
    }
}
