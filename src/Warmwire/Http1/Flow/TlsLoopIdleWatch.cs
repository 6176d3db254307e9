using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>The watch over TLS on a socket of the event loop: the loop tells of input, and nothing is read before.</summary>
internal sealed class TlsLoopIdleWatch : TlsIdleWatch, IInputWatcher
{
    public TlsLoopIdleWatch(Http1Connection connection, SocketStream socket)
        : base(connection, socket) => socket.InputWatcher = this;

    protected override bool HeardOfInput => Socket.MayHaveInput;

    public override void Begin(long idleId)
    {
        Reader.ReleaseBuffer();
        if (Reader.UnansweredWatch is { } watch)
        {
            Follow(idleId, watch);
        }
        else if (Reader.MayHaveLeftSome)
        {
            // Story: the end of the body and stray bytes behind it came in one TLS record. The read asked for the body's length and got it,
            // the rest is decrypted and waits in the TLS stream, and the socket is empty. They would become the next answer.
            IsOver(idleId);
        }
        else if (Socket.MayHaveInput)
        {
            // Story: the end came together with the last bytes of the answer. The notice of it found an exchange under way and was left to
            // that exchange, which had no reason to read on.
            InputArrived();
        }
    }

    public override bool FindsInput(TimeSpan idle) =>
        (idle > Http1Limits.HeardOfJustNow || Socket.MayHaveInput || AsksAlways) && Socket.OwnerHasInput && IsOver(Connection.IdleId);

    /// <summary>Something came. While an exchange runs, its own read sees it.</summary>
    public void InputArrived()
    {
        // Story: a whole exchange comes and goes between the question and what follows from the answer, and what the socket had to read was
        // its response.
        if (Connection.IsIdle(out long idleId) && Socket.HasInput)
        {
            IsOver(idleId);
        }
    }
}
