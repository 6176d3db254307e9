namespace Warmwire.Pooling;

/// <summary>What becomes of the connection, or of the request, that a step is about.</summary>
internal enum StepKind : byte
{
    /// <summary>Nothing beyond the rest of the step.</summary>
    None,

    /// <summary>The request that asked leases <see cref="OriginStep.Taken"/> itself.</summary>
    Lease,

    /// <summary>The request that asked waits, as <see cref="OriginStep.Waiter"/>.</summary>
    Wait,

    /// <summary>The origin is forgotten: the request that asked asks the pool again.</summary>
    Removed,

    /// <summary>The connection has become idle.</summary>
    Idle,

    /// <summary>The connection is leased and no request waits: it is released.</summary>
    Release,

    /// <summary><see cref="OriginStep.Taken"/> is leased and given to the waiter.</summary>
    Give,

    /// <summary>The connection is leased already and given to the waiter.</summary>
    GiveLeased,

    /// <summary>A new multiplexed connection begins to speak, and is then offered to the waiters.</summary>
    Start,

    /// <summary>A permit was handed to the origin: a dial uses it, or it is passed on.</summary>
    UsePermit,
}

/// <summary>Why a waiter fails, as far as it decides about the exception.</summary>
internal enum WaiterFailureKind : byte
{
    /// <summary>With this very exception.</summary>
    ItsOwn,

    /// <summary>With one of its own that says the same: an exception that is thrown twice loses its stack.</summary>
    LikeAnother,

    /// <summary>The waiter needs HTTP/2, and the server speaks HTTP/1.1.</summary>
    Http2Refused,

    /// <summary>The connection the waiter waited for was closed before a request could use it.</summary>
    ClosedBeforeUse,

    /// <summary>The handler is disposed.</summary>
    Disposed,
}

/// <summary>A waiter that is out of the line and has to be told.</summary>
/// <param name="Waiter">The waiter.</param>
/// <param name="Kind">Why it fails.</param>
/// <param name="Error">The exception, or one that says the same.</param>
/// <param name="Closed">The connection that was closed before its use.</param>
/// <param name="Reason">Why that was closed.</param>
internal readonly record struct WaiterFailure(
    PoolWaiter Waiter,
    WaiterFailureKind Kind,
    TransportException? Error = null,
    PooledConnection? Closed = null,
    CloseReason? Reason = null);

/// <summary>An event of an origin that metrics and the log are told, besides slots and idle connections.</summary>
internal sealed record OriginEvent
{
    /// <summary>The connection is closed, for this.</summary>
    public CloseReason? Closed { get; init; }

    /// <summary>Whether the metrics counted it as idle until then.</summary>
    public bool WasIdle { get; init; }

    /// <summary>A dial has ended that was made for this; with a connection if there is no <see cref="DialError"/>.</summary>
    public DialReason? Dialed { get; init; }

    public TransportException? DialError { get; init; }
}

/// <summary>
/// What the plan of an origin has decided under the lock and <see cref="OriginExecutor"/> does after leaving it; there is the order. A
/// struct, and its lists are made only when something is put in: the lease of an idle connection and the return of one allocate nothing.
/// </summary>
internal struct OriginStep
{
    public StepKind Kind;

    /// <summary>The permit of a connection or a dial that has ended goes back.</summary>
    public bool FreesPermit;

    /// <summary>A connection that made room for an origin without any is gone.</summary>
    public bool EndsYield;

    /// <summary>After the gift the connection may serve another waiter.</summary>
    public bool ServesMore;

    /// <summary>Behind the gift the limit of exchanges may have room for another waiter.</summary>
    public bool AdmitsMore;

    /// <summary>More connections are idle than are kept for long.</summary>
    public bool IsSurplus;

    /// <summary>What a caller has in hands comes to its end before its connection is closed.</summary>
    public bool SparesBodies;

    /// <summary>Slots that have ended.</summary>
    public int EndedSlots;

    /// <summary>The connection that the step is about.</summary>
    public PooledConnection? Pooled;

    public PoolWaiter? Waiter;

    /// <summary>A dial that is decided on. There may be another: the executor asks again behind each.</summary>
    public PlannedDial? Dial;

    public OriginEvent? Event;

    public List<PlannedClose>? Closes;

    public List<WaiterFailure>? Failures;

    /// <summary>What is leased, if the kind says so.</summary>
    public TakenConnection Taken;

    /// <summary>Whether there is nothing to do.</summary>
    public readonly bool IsEmpty =>
        Kind == StepKind.None && Dial is null && Closes is null && Failures is null && Event is null && EndedSlots == 0 && !FreesPermit;

    public void Close(PooledConnection pooled, CloseReason reason) => (Closes ??= []).Add(new PlannedClose(pooled, reason));

    public void Fail(PoolWaiter waiter, WaiterFailureKind kind, TransportException? error = null) =>
        (Failures ??= []).Add(new WaiterFailure(waiter, kind, error));

    public void FailFor(PooledConnection closed, CloseReason? reason, PoolWaiter waiter) =>
        (Failures ??= []).Add(new WaiterFailure(waiter, WaiterFailureKind.ClosedBeforeUse, Error: null, closed, reason));

    public void Give(in TakenConnection taken, PoolWaiter waiter)
    {
        Kind = StepKind.Give;
        Pooled = taken.Pooled;
        Taken = taken;
        Waiter = waiter;
    }
}
