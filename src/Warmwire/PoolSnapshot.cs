using System.Collections.ObjectModel;
using System.Net;
using System.Text;

namespace Warmwire;

/// <summary>
/// What the connections of a <see cref="PooledHttpHandler"/> are doing at one moment, and what they did since it was made.
/// </summary>
/// <param name="Origins">Every origin with connections, requests or a history.</param>
/// <param name="TakenAt">The wall-clock time of the snapshot.</param>
public sealed record PoolSnapshot(IReadOnlyList<OriginSnapshot> Origins, DateTimeOffset TakenAt)
{
    /// <summary>Open connections of all origins.</summary>
    public int Open => Origins.Sum(static o => o.Open);

    /// <summary>Idle connections of all origins.</summary>
    public int Idle => Origins.Sum(static o => o.Idle);

    /// <summary>Open connections of all origins that serve a request, hold its response or are drained.</summary>
    public int Active => Open - Idle;

    /// <summary>Connections being opened, of all origins.</summary>
    public int Dialing => Origins.Sum(static o => o.Dialing);

    /// <summary>Requests waiting for a connection, of all origins.</summary>
    public int Pending => Origins.Sum(static o => o.Pending);

    /// <summary>Connections ever opened.</summary>
    public long ConnectionsOpened => Origins.Sum(static o => o.ConnectionsOpened);

    /// <summary>Origins whose name is being resolved again.</summary>
    public int NamesRefreshing { get; init; }

    /// <summary>
    /// The event loop that moves the bytes of all handlers of the process; <see langword="null"/> if System.Net.Sockets moves them, or no
    /// connection was opened yet.
    /// </summary>
    public EngineSnapshot? Engine { get; init; }

    /// <summary>Exchanges ever given a connection, replays counted.</summary>
    public long Requests => Origins.Sum(static o => o.Requests);

    /// <summary>Exchanges that were given a connection which had served one before.</summary>
    public long Reused => Origins.Sum(static o => o.Reused);

    /// <summary>Exchanges sent again on another connection; see <see cref="ReplayPolicy"/>.</summary>
    public long Replays => Origins.Sum(static o => o.Replays);

    /// <summary>One line per origin.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => string.Join('\n', Origins);
}

/// <summary>One origin's part of a <see cref="PoolSnapshot"/>.</summary>
public sealed record OriginSnapshot
{
    internal OriginSnapshot()
    {
    }

    /// <summary>The origin, such as <c>https://api.example.com:443</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>
    /// The proxy that its connections go through, such as <c>http://proxy.example.com:3128</c>; <see langword="null"/>: none. One that
    /// forwards plain requests serves all their origins, and is the <see cref="Origin"/> of its connections itself.
    /// </summary>
    public string? Proxy { get; internal init; }

    /// <summary>
    /// The Unix domain socket that its connections go through, such as <c>/var/run/docker.sock</c>; <see langword="null"/> for TCP.
    /// </summary>
    public string? UnixSocketPath { get; internal init; }

    /// <summary>
    /// What its connections may speak: <c>HTTP/1.1</c>, <c>HTTP/2 or HTTP/1.1</c> or <c>HTTP/2</c>. Requests that may be sent with HTTP/2
    /// have connections of their own, so one origin may be listed twice.
    /// </summary>
    public string Protocols { get; internal init; } = "";

    /// <summary>Exchanges under way on HTTP/2 connections.</summary>
    public int StreamsActive { get; internal init; }

    /// <summary>Open connections, idle and busy.</summary>
    public required int Open { get; init; }

    /// <summary>Open connections that are idle.</summary>
    public required int Idle { get; init; }

    /// <summary>Open connections that serve requests, hold a response or are drained.</summary>
    public int Active => Open - Idle;

    /// <summary>Connections being opened.</summary>
    public required int Dialing { get; init; }

    /// <summary>
    /// The limit of exchanges under way that follows latency; <see langword="null"/>: the handler has no
    /// <see cref="PooledHttpHandler.ConcurrencyLimit"/>.
    /// </summary>
    public ConcurrencySnapshot? Concurrency { get; internal init; }

    /// <summary>Requests waiting for a connection.</summary>
    public required int Pending { get; init; }

    /// <summary>Exchanges ever given a connection, replays counted.</summary>
    public required long Requests { get; init; }

    /// <summary>Connections ever opened.</summary>
    public required long ConnectionsOpened { get; init; }

    /// <summary>Dials that failed.</summary>
    public required long DialsFailed { get; init; }

    /// <summary>Exchanges that were given a connection which had served one before.</summary>
    public required long Reused { get; init; }

    /// <summary>Exchanges sent again on another connection.</summary>
    public required long Replays { get; init; }

    /// <summary>Responses that were never disposed and had to be found by the garbage collector.</summary>
    public required long LeakedResponses { get; init; }

    /// <summary>Connections closed so far, by reason; reasons that never occurred are absent.</summary>
    public required IReadOnlyDictionary<CloseReason, long> ClosedBy { get; init; }

    /// <summary>Dials started so far, by reason; reasons that never occurred are absent.</summary>
    public required IReadOnlyDictionary<DialReason, long> DialedBy { get; init; }

    /// <summary>The open connections.</summary>
    public required IReadOnlyList<ConnectionSnapshot> Connections { get; init; }

    /// <summary>One line: origin, connections, requests.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(Origin);
        if (Proxy is not null && Proxy != Origin)
        {
            text.Append(" through ").Append(Proxy);
        }

        if (UnixSocketPath is not null)
        {
            text.Append(" through ").Append(UnixSocketPath);
        }

        // A connection of HTTP/2 serves several.
        text.Append(" [Requests: ").Append(Connections.Sum(static connection => connection.Streams)).Append(" active, ")
            .Append(Pending).Append(" queued | Connections: ").Append(Open).Append(" open, ").Append(Idle).Append(" idle, ")
            .Append(Dialing).Append(" dialing, ").Append(ConnectionsOpened).Append(" ever, ")
            .Append(Reused).Append(" of ").Append(Requests).Append(" requests reused one");
        if (Concurrency is not null)
        {
            text.Append(" | Concurrency: ").Append(Concurrency);
        }

        foreach ((DialReason reason, long count) in DialedBy)
        {
            text.Append(" | dialed ").Append(reason).Append(": ").Append(count);
        }

        foreach ((CloseReason reason, long count) in ClosedBy)
        {
            text.Append(" | closed ").Append(reason).Append(": ").Append(count);
        }

        return text.Append(']').ToString();
    }
}

/// <summary>One open connection's part of a <see cref="PoolSnapshot"/>.</summary>
/// <param name="Id">The connection's number, unique in the process.</param>
/// <param name="State">What it is doing: <c>Idle</c>; with HTTP/1.1 <c>Leased</c>, <c>Exchange</c>, <c>Body</c>, <c>Draining</c>,
/// <c>Finishing</c> or <c>Upgraded</c>; with HTTP/2 <c>Streams</c>, or <c>Draining</c> when the server has sent GOAWAY; <c>Closed</c> for a
/// moment.</param>
/// <param name="Age">Time since it was opened.</param>
/// <param name="IdleTime">The time it has been idle; zero if it is busy.</param>
/// <param name="Requests">How many exchanges it has been given.</param>
/// <param name="RemoteEndPoint">The server's address, if known.</param>
public sealed record ConnectionSnapshot(long Id, string State, TimeSpan Age, TimeSpan IdleTime, long Requests, EndPoint? RemoteEndPoint)
{
    /// <summary>The version of HTTP it speaks.</summary>
    public Version HttpVersion { get; init; } = System.Net.HttpVersion.Version11;

    /// <summary>Exchanges under way on it: at most one with HTTP/1.1.</summary>
    public int Streams { get; init; }

    /// <summary>How many exchanges it serves at a time: one with HTTP/1.1, with HTTP/2 what the server allows.</summary>
    public int StreamLimit { get; init; } = 1;

    /// <summary>HTTP/2: how often a request's body had to wait for the server's flow control.</summary>
    public long WindowStalls { get; init; }

    /// <summary>
    /// HTTP/2: the shortest round trip that an answer to a ping or to the settings has shown; <see langword="null"/> if none came yet.
    /// </summary>
    public TimeSpan? PingRoundTrip { get; init; }

    /// <summary>
    /// HTTP/2: the largest part that the server has used so far of its allowances for frames that bring nothing, by what is counted
    /// (<c>PING frames</c>, <c>WINDOW_UPDATE frames</c>, …); 1 is all of it, beyond which the connection is closed
    /// (<see cref="CloseReason.PeerFlood"/>). What is below three hundredths is absent.
    /// </summary>
    public IReadOnlyDictionary<string, double> Allowances { get; init; } = ReadOnlyDictionary<string, double>.Empty;
}
