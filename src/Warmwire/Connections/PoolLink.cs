namespace Warmwire.Connections;

/// <summary>
/// The pool's own notes on a connection. Guarded by the gate of its origin; its ages (the times and limits) are also read without it by whoever has
/// taken the connection out of the idle stack, because they change only when it comes back.
/// </summary>
internal sealed class PoolLink
{
    public PoolPlace Place { get; set; } = PoolPlace.Busy;

    /// <summary>Neighbours in the idle stack.</summary>
    public HttpConnection? Newer { get; set; }

    public HttpConnection? Older { get; set; }

    public long IdleSince { get; set; }

    public DateTimeOffset IdleSinceWall { get; set; }

    /// <summary>How long it may rest: the setting, or less when the server hinted at less.</summary>
    public TimeSpan IdleLimit { get; set; }

    /// <summary>How old it may grow; infinite if there is no limit.</summary>
    public TimeSpan Lifetime { get; set; }

    /// <summary>Set while it is busy and shall be closed when it comes back.</summary>
    public CloseReason? RetiredFor { get; set; }

    public long Requests { get; set; }

    /// <summary>Whether the metrics count it as idle: from coming to rest until it is leased or closed.</summary>
    public bool CountedIdle { get; set; }
}

/// <summary>Where the pool keeps a connection.</summary>
internal enum PoolPlace
{
    /// <summary>With an exchange, a response body or a drain.</summary>
    Busy,

    /// <summary>In the idle stack.</summary>
    Idle,

    /// <summary>Closed and counted.</summary>
    Gone,
}
