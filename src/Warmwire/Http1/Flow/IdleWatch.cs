using Warmwire.Connections;
using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The watch over an idle connection: it finds out that the server has closed it, or has sent bytes nobody asked for, and closes it before
/// a request is sent on it. How that can be found out depends on the stream, so there is one watch for each kind, chosen once.
/// </summary>
internal abstract class IdleWatch
{
    protected IdleWatch(Http1Connection connection) => Connection = connection;

    /// <summary>
    /// Whether bytes, the end or a failure have come although no request was sent. Asked just before the first byte of a request.
    /// </summary>
    public abstract bool HasInput { get; }

    /// <summary>Whether the connection may be leased as far as its watch knows. Called with the connection's gate held.</summary>
    public abstract bool MayLease_NeedsLock { get; }

    protected Http1Connection Connection { get; }

    /// <summary>Whether the socket is asked at each lease, also where the loop would have told of input by now.</summary>
    protected bool AsksAlways => Connection.Services.Settings.VerifyIdleConnections;

    public static IdleWatch For(Http1Connection connection) => connection.Dialed switch
    {
        { SocketStream: { NotifiesInput: true } socket, IsPlain: true } => new LoopIdleWatch(connection, socket),
        { SocketStream: { NotifiesInput: true } socket } => new TlsLoopIdleWatch(connection, socket),
        { SocketStream: { } socket, IsPlain: false } => new TlsManagedIdleWatch(connection, socket),
        _ => new ManagedIdleWatch(connection),
    };

    /// <summary>Begins to watch a connection that has just become idle, before its owner hears of it.</summary>
    /// <param name="idleId">The idle period: what comes late names it, and harms no other.</param>
    public abstract void Begin(long idleId);

    /// <summary>Whether the connection turns out to be over as it is about to be leased.</summary>
    /// <param name="idle">How long it has been idle, at least.</param>
    public abstract bool FindsInput(TimeSpan idle);

    /// <summary>Closes a connection that has something to read, and says what that was.</summary>
    /// <param name="watch">The read that found it, if one did.</param>
    /// <param name="error">What the request fails with that was about to be sent.</param>
    public async Task CloseAsync(Task<int>? watch, TransportException? error)
    {
        bool foundBytes = await FindsBytesAsync(watch).ConfigureAwait(false);
        Connection.Close(foundBytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed, error, asynchronously: false);
    }

    /// <summary>Closes the connection if something has come. The request that was about to be sent fails as not sent.</summary>
    public bool CloseForInput(Attempt attempt)
    {
        if (!HasInput)
        {
            return false;
        }

        _ = CloseAsync(Connection.Reader.EndedWatch, TransportErrors.ConnectionGone(Connection, attempt, CloseReason.ServerClosed));
        return true;
    }

    /// <summary>On a connection that is to be closed: whether the peer sent bytes, or closed or broke the connection.</summary>
    protected abstract ValueTask<bool> FindsBytesAsync(Task<int>? watch);
}
