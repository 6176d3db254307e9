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

    /// <summary>It serves nobody any more. Set while it is busy and shall be closed when it comes back, or by whoever is about to close it.</summary>
    public CloseReason? RetiredFor { get; set; }

    public long Requests { get; set; }

    // Of a multiplexed connection besides.

    /// <summary>Places taken: exchanges under way, and those on their way to it.</summary>
    public int Streams { get; set; }

    /// <summary>How many places there are, as last told.</summary>
    public int StreamLimit { get; set; }

    /// <summary>
    /// How often it said that it was suspended, less how often it said that it was resumed. Story: it is resumed by the flow that reads right after a timer
    /// has suspended it, and the second word overtakes the first. A count comes out right in any order.
    /// </summary>
    public int Suspensions { get; set; }

    /// <summary>How often it has told anything that decides whether it takes exchanges.</summary>
    public int News { get; set; }

    /// <summary>It turned an exchange away and will say why: nobody asks it again before it has.</summary>
    public bool Refused { get; set; }

    /// <summary>It is open, and has not been offered to anybody yet.</summary>
    public bool Opening { get; set; }

    /// <summary>The last request that was in line when its dial was decided on.</summary>
    public long OpenedForTicket { get; set; }

    /// <summary>It has taken an exchange. Set outside the gate, once and for all, by whoever has leased it.</summary>
    public bool HasServed { get; set; }

    /// <summary>It retires to make room for an origin that has no connection at all.</summary>
    public bool Yields { get; set; }

    /// <summary>Its index among those in use; -1 if it is not among them.</summary>
    public int SharedIndex { get; set; } = -1;

    /// <summary>Whether it takes exchanges, now or when one of those under way is over.</summary>
    public bool IsUsable => RetiredFor is null && Suspensions <= 0 && !Refused && Place != PoolPlace.Gone;

    /// <summary>Whether it takes one more exchange now.</summary>
    public bool HasFreePlace => IsUsable && !Opening && Streams < StreamLimit;

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
