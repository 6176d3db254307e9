using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The watch over a plain socket of the event loop: the loop tells of input, nothing is read, and what is found is the end of the
/// connection.
/// </summary>
internal sealed class LoopIdleWatch : IdleWatch, IInputWatcher
{
    public LoopIdleWatch(Http1Connection connection, SocketStream socket)
        : base(connection) => socket.InputWatcher = this;

    public override bool HasInput => Socket.MayHaveInput && Socket.HasInput;

    public override bool MayLease_NeedsLock => true;

    private SocketStream Socket => Connection.Dialed.SocketStream!;

    public override void Begin(long idleId)
    {
        Connection.Reader.ReleaseBuffer();
        if (Socket.MayHaveInput)
        {
            // Story: the end came together with the last bytes of the answer. The notice of it found an exchange under way and was left to
            // that exchange, which had no reason to read on.
            InputArrived();
        }
    }

    public override bool FindsInput(TimeSpan idle)
    {
        // Story: the stray bytes or the end are here, but the watch has not been told yet. It will close the connection; leased now, those
        // bytes would become the next answer. So the socket itself is asked. Only right behind an answer it need not be: the read that took
        // the answer found nothing behind it. What came a moment later the loop may not have seen yet; who must be sure has it asked
        // always.
        SocketStream socket = Socket;
        if ((idle <= Http1Limits.HeardOfJustNow && !socket.MayHaveInput && !AsksAlways) || !socket.OwnerHasInput)
        {
            return false;
        }

        End(Connection.IdleId);
        return true;
    }

    /// <summary>Something came. While an exchange runs, its own read sees it.</summary>
    public void InputArrived()
    {
        // Story: a whole exchange comes and goes between the question and what follows from the answer, and what the socket had to read was
        // its response.
        if (Connection.IsIdle(out long idleId) && Socket.HasInput)
        {
            End(idleId);
        }
    }

    protected override ValueTask<bool> FindsBytesAsync(Task<int>? watch) => Connection.Reader.FindsByteAsync();

    private void End(long idleId)
    {
        if (Connection.TryTakeIdle(idleId))
        {
            _ = CloseAsync(watch: null, error: null);
        }
    }
}
