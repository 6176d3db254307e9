using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>The pool's own object for a connection: where it stands, what it has served, and how old it may grow.</summary>
/// <remarks>
/// <code>
///  HTTP/2  Opening ──────────┬───────────────────► Shared (slots taken)
///             │              │ nobody waits       │       ▲
///             │              ▼     last slot ends │       │ a slot is taken
///             │            Idle ◄─────────────────┘───────┤
///             │              │ ◄──── returned ────┐       │
///             │              └──── leased ────────┼───────┘
///  HTTP/1.1   │   Leased ─────────────────────────┘
///             ▼     ▼     (from Opening, Leased, Idle, Shared)
///           Retired ────► Gone     (Gone also from any other)
/// </code>
/// Guarded by the lock of its origin but for what says otherwise. Its ages are also read without the lock by the flow that leases it,
/// because they change only when it becomes idle again.
/// </remarks>
internal sealed class PooledConnection
{
    private readonly ConnectionSlots? _slots;
    private CloseReason _retiredFor;
    private long _idleSinceWall;
    private volatile bool _hasServed;
    private bool _isRetired;
    private bool _isAskedAbout;
    private bool _isUpgraded;
    private ExchangeCount.Share _exchanges;

    public PooledConnection(HttpConnection connection, OriginPool origin)
    {
        Connection = connection;
        Origin = origin;
        _slots = connection.IsMultiplexed ? new ConnectionSlots() : null;
        State = IsMultiplexed ? PooledState.Opening : PooledState.Leased;
        connection.OwnerState = this;
    }

    // Immutable.
    public HttpConnection Connection { get; }

    public OriginPool Origin { get; }

    public bool IsMultiplexed => _slots is not null;

    public long OpenedAt => Connection.OpenedAt;

    public IPAddress? ResolvedAddress => Connection.Dialed.ResolvedAddress;

    /// <summary>The meters that count it among the open connections, from its opening to its end.</summary>
    public CountingMeters CountedBy { get; init; }

    /// <summary>The activity of its opening, if there was one, for requests to link to.</summary>
    /// <remarks>In a box: most connections have none, and thousands may be idle.</remarks>
    public StrongBox<ActivityContext>? Setup { get; init; }

    // Set when its dial ends, before anybody else knows it.

    /// <summary>The address of the name that it leads to, if one did.</summary>
    public AddressRecord? Address { get; set; }

    /// <summary>How old it may grow; infinite if there is no limit.</summary>
    public TimeSpan Lifetime { get; set; }

    /// <summary>The last request that was in line when its dial was decided on.</summary>
    public long OpenedForTicket { get; set; }

    // Where it stands.

    /// <summary>What keeps it from the pool between exchanges. Set without the lock, by the flow that has leased it.</summary>
    public HeldConnection? HeldBy { get; set; }

    public PooledState State { get; private set; }

    /// <summary>Why the connection takes no more requests. The first reason stands.</summary>
    public CloseReason? RetiredFor => _isRetired ? _retiredFor : null;

    /// <summary>The connection retires to make room for an origin that has no connection at all.</summary>
    public bool Yields { get; private set; }

    /// <summary>Multiplexed, and offered to the waiters once.</summary>
    public bool IsOffered { get; private set; }

    /// <summary>
    /// Whether the metrics count it as idle: from becoming idle until it is leased or closed. One that retires while it is idle is counted
    /// so to its end.
    /// </summary>
    public bool IsCountedIdle { get; private set; }

    // What it has served.

    public long Requests { get; set; }

    /// <summary>Whether the connection has taken an exchange. Set without the lock, once and for all, by the flow that leases it.</summary>
    public bool HasServed => _hasServed;

    /// <summary>Code of the application runs that was asked whether to close it.</summary>
    public bool IsAskedAbout { get => Volatile.Read(ref _isAskedAbout); set => Volatile.Write(ref _isAskedAbout, value); }

    /// <summary>The connection's slots; only one that is multiplexed has any.</summary>
    public ConnectionSlots Slots => _slots!;

    // Its ages.

    public long IdleSince { get; private set; }

    public DateTimeOffset IdleSinceWall => new(_idleSinceWall, TimeSpan.Zero);

    /// <summary>How long it may be idle: the setting, or less when the server hinted at less.</summary>
    public TimeSpan IdleLimit { get; private set; }

    // Of the collections that hold it: its neighbours in the idle stack, and its index among those in use (-1: not there).

    public PooledConnection? Newer { get; set; }

    public PooledConnection? Older { get; set; }

    public int SharedIndex { get; set; } = -1;

    // Its neighbours among the idle connections of all origins. Guarded by the gate of IdleOrder.

    public PooledConnection? NewerOfAll { get; set; }

    public PooledConnection? OlderOfAll { get; set; }

    /// <summary>Whether it takes exchanges, now or when one of those under way is over.</summary>
    public bool IsUsable => State is not (PooledState.Retired or PooledState.Gone) && _slots is not { Answers: false };

    /// <summary>Whether it takes one more exchange now.</summary>
    public bool HasFreeSlot => IsOffered && IsUsable && Slots.Taken < Slots.Limit;

    public static PooledConnection Of(HttpConnection connection) => (PooledConnection)connection.OwnerState!;

    public void Served() => _hasServed = true;

    // Its exchanges, where the origin counts them.

    /// <summary>How many of its exchanges count; zero where the origin has no limit of them.</summary>
    public int Exchanges => _exchanges.Part;

    /// <summary>Its exchanges count from here on. It has none yet, leased though it is.</summary>
    public void CountIn(ExchangeCount? sum)
    {
        if (sum is not null)
        {
            _exchanges.Join(sum);
        }
    }

    /// <summary>An exchange begins on it, leased as it is.</summary>
    public void Begins() => CountExchanges();

    public void TakeSlot()
    {
        Slots.Take();
        CountExchanges();
    }

    public void EndSlot()
    {
        Slots.End();
        CountExchanges();
    }

    /// <inheritdoc cref="ConnectionSlots.EndAll"/>
    public int EndSlots()
    {
        int taken = Slots.EndAll();
        CountExchanges();
        return taken;
    }

    /// <summary>An exchange has become a tunnel.</summary>
    public void BecameTunnel()
    {
        if (IsMultiplexed)
        {
            Slots.BecameTunnel();
        }
        else
        {
            _isUpgraded = true;
        }

        CountExchanges();
    }

    private void CountExchanges() => _exchanges.Is(
        State == PooledState.Gone ? 0
        : IsMultiplexed ? Slots.Exchanges
        : _isUpgraded || State == PooledState.Idle ? 0
        : State == PooledState.Leased ? 1
        : _exchanges.Part);

    public void Offer() => IsOffered = true;

    public void BecomeIdle(in Moment moment)
    {
        IdleLimit = moment.IdleLimit;
        IdleSince = moment.Now;
        _idleSinceWall = moment.Wall.UtcTicks;
        MoveTo(PooledState.Idle);
    }

    public void Retire(CloseReason reason, bool yields = false)
    {
        if (State != PooledState.Retired)
        {
            _retiredFor = reason;
            _isRetired = true;
            Yields = yields;
            MoveTo(PooledState.Retired);
        }
    }

    public void MoveTo(PooledState next)
    {
        Debug.Assert(IsLegal(State, next), $"{State} to {next}");
        Address?.Moved(State, next);
        IsCountedIdle = next == PooledState.Idle || (IsCountedIdle && next is (PooledState.Retired or PooledState.Gone));
        State = next;
        CountExchanges();
    }

    private bool IsLegal(PooledState from, PooledState to) => (from, to) switch
    {
        (PooledState.Gone, _) => false,
        (_, PooledState.Gone) => true,
        (PooledState.Retired, _) or (_, PooledState.Opening) => false,
        (_, PooledState.Retired) => true,
        (PooledState.Idle, PooledState.Leased) => !IsMultiplexed,
        (PooledState.Leased, PooledState.Idle) => !IsMultiplexed,
        (PooledState.Opening or PooledState.Idle, PooledState.Shared) => IsMultiplexed,
        (PooledState.Opening or PooledState.Shared, PooledState.Idle) => IsMultiplexed,
        _ => false,
    };
}
