using System.Net;
using System.Net.Sockets;

namespace Warmwire.Connections;

/// <summary>What every connection is, whatever protocol it speaks.</summary>
internal abstract class HttpConnection
{
    private static long s_lastId;

    protected HttpConnection(Route route, DialedStream dialed, IConnectionOwner owner, ConnectionServices services)
    {
        Route = route;
        Dialed = dialed;
        Owner = owner;
        Services = services;
        OpenedAt = services.Time.GetTimestamp();
        Id = dialed.ConnectionId > 0 ? dialed.ConnectionId : NextId();
    }

    // Immutable.
    public long Id { get; }

    public Route Route { get; }

    public DialedStream Dialed { get; }

    public IConnectionOwner Owner { get; }

    public ConnectionServices Services { get; }

    /// <summary>Timestamp of the handler's clock.</summary>
    public long OpenedAt { get; }

    public EndPoint? RemoteEndPoint => Dialed.RemoteEndPoint;

    /// <summary>
    /// The server's address as telemetry shows it, or the name of its Unix domain socket. Made when it is asked for; the address itself
    /// keeps the text.
    /// </summary>
    public string? PeerAddress =>
        RemoteEndPoint is UnixDomainSocketEndPoint socket ? socket.ToString() : (RemoteEndPoint as IPEndPoint)?.Address.ToString();

    /// <summary>
    /// The owner's own object for the connection, which keeps it here so that it need not look it up. The connection itself never looks at
    /// it.
    /// </summary>
    public object? OwnerState { get; set; }

    /// <summary>The number of a connection that is going to be; of one that is never opened it is lost.</summary>
    public static long NextId() => Interlocked.Increment(ref s_lastId);

    /// <summary>What the user is told about the connection that served a response.</summary>
    public TransportConnectionInfo DescribeFor(in LeaseFacts lease, int replays, long headAt) => new()
    {
        ConnectionId = Id,
        Reused = lease.Reused,
        IdleTime = lease.IdleTime,
        RemoteEndPoint = RouteEndPoints.CopyForUser(RemoteEndPoint),
        QueueTime = lease.QueueTime,
        DnsTime = lease.Reused ? TimeSpan.Zero : Dialed.DnsTime,
        ConnectTime = lease.Reused ? TimeSpan.Zero : Dialed.ConnectTime,
        TlsTime = lease.Reused ? TimeSpan.Zero : Dialed.TlsTime,
        ResponseHeadersTime = Services.Time.GetElapsedTime(lease.LeasedAt, headAt),
        Replays = replays,
    };

    /// <summary>Whether it serves many exchanges at a time.</summary>
    public virtual bool IsMultiplexed => false;

    /// <summary>The version of HTTP it speaks.</summary>
    public virtual Version HttpVersion => System.Net.HttpVersion.Version11;

    /// <summary>
    /// How many exchanges it can serve at a time; <see langword="null"/> until the peer has said it. Takes no lock: the owner reads it
    /// under its own.
    /// </summary>
    public virtual int? StreamLimit => 1;

    /// <summary>How it is doing. Takes no lock either.</summary>
    public virtual ConnectionVitals Vitals => default;

    /// <summary>What the connection is doing, for the snapshot.</summary>
    public abstract string StateName { get; }

    /// <summary>The server's last <c>Keep-Alive: timeout</c>, or <see langword="null"/>.</summary>
    public abstract TimeSpan? KeepAliveHint { get; }

    /// <summary>The owner knows the connection: from here on it may speak, and tell the owner what it hears.</summary>
    public virtual void Start()
    {
    }

    /// <summary>
    /// Leases an idle connection. <see langword="false"/>: it turned out to be dead and closes itself. Of one that is multiplexed, one slot
    /// is leased; <see langword="false"/>: it takes no more exchanges now, and the owner is told why.
    /// </summary>
    /// <param name="idleTime">How long it was idle, at least; zero if it is in use.</param>
    public abstract bool TryLease(TimeSpan idleTime);

    /// <summary>Releases a leased connection, or a slot of it, that was not used: its owner is told as after an exchange.</summary>
    public abstract void Release();

    /// <summary>
    /// Runs one exchange; only on a leased connection. It returns the promise of the attempt, which fails only with what the caller shall
    /// see.
    /// </summary>
    public abstract ValueTask<HttpResponseMessage> SendAsync(Attempt attempt);

    /// <summary>Closes the connection whatever it is doing; an exchange on it fails. Does nothing if it is closed.</summary>
    public abstract void Close(CloseReason reason);

    /// <summary>
    /// Begins no exchange any more, and fails those whose head has not come. What a caller has in hands (the body of a response, a tunnel,
    /// an upgraded stream) goes on to its end; without any the connection is closed at once, else its owner closes it behind the last.
    /// </summary>
    public abstract void CloseBehindBodies(CloseReason reason);
}
