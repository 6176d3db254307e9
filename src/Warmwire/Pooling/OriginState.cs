using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>
/// What one origin has. The parts of its <see cref="OriginPlan"/> share it: most decisions need connections, waiters and dials in one view.
/// </summary>
internal sealed class OriginState
{
    public OriginState(Route route, HandlerSettings settings, IdleOrder idleOrder, long now)
    {
        Route = route;
        Settings = settings;
        Idle = new IdleStack(idleOrder);
        Addresses = new AddressRecords(settings.AddressSelection, settings.TimeProvider);
        LastUsed = now;
        Protocol = KnownWithoutConnection;
        Concurrency = settings.ConcurrencyLimit is { } limit ? new OriginConcurrency(limit, settings.TimeProvider, now) : null;
    }

    // Immutable.
    public Route Route { get; }

    public HandlerSettings Settings { get; }

    // Connections.

    /// <summary>All connections, whatever they do.</summary>
    public HashSet<PooledConnection> Open { get; } = [];

    /// <summary>Those of them that are multiplexed.</summary>
    public HashSet<PooledConnection> Multiplexed { get; } = [];

    public IdleStack Idle { get; }

    /// <summary>The addresses that the connections lead to.</summary>
    public AddressRecords Addresses { get; }

    /// <summary>The multiplexed connections in use that are not retired.</summary>
    public SharedConnections Shared { get; } = new();

    /// <summary>Multiplexed connections that are open and have not been offered to the waiters.</summary>
    public int Opening { get; set; }

    // Requests and dials.

    public WaitQueue Waiters { get; } = new();

    /// <summary>Dials decided on and not ended.</summary>
    public int Dialing { get; set; }

    public OriginCounters Counters { get; } = new();

    /// <summary>The limit of exchanges under way that follows latency; <see langword="null"/>: there is none.</summary>
    public OriginConcurrency? Concurrency { get; }

    /// <summary>Whether one more exchange may begin.</summary>
    public bool HasRoom => Concurrency is not { Room: <= 0 };

    /// <summary>Whether an exchange may begin on a connection that is leased: it may be in the place of one that counts still.</summary>
    public bool HasRoomFor(PooledConnection leased) =>
        Concurrency is not { } concurrency || concurrency.Room + Math.Min(1, leased.Exchanges) > 0;

    // What is known of the origin.

    public ProtocolKnowledge Protocol { get; private set; }

    public bool SpeaksHttp1 => Protocol is ProtocolKnowledge.Http1 or ProtocolKnowledge.Http1Required;

    /// <summary>
    /// How many exchanges the origin's HTTP/2 connections serve at a time, as the last of them has said; <see langword="null"/>: none has
    /// said it yet.
    /// </summary>
    public int? KnownStreamLimit { get; private set; }

    /// <summary>The same for plans of dials, with a guess where it is not known.</summary>
    public int StreamLimit => KnownStreamLimit ?? PoolLimits.StreamsUntilKnown;

    /// <summary>
    /// How many exchanges a new connection is given before it has said how many it serves: as many as its origin served last. What a server
    /// does not want it refuses, so while nothing is known of it that is one.
    /// </summary>
    public int StreamsBeforeSettings => KnownStreamLimit ?? 1;

    /// <summary>
    /// Connections that will serve waiters and do not yet: dials, those that have not begun to speak, and while no server of the origin has
    /// said how many exchanges it serves, those that are about to say it.
    /// </summary>
    public int Coming => Dialing + Opening
        + (KnownStreamLimit is null
            ? Multiplexed.Count(static pooled => pooled is { IsUsable: true, IsOffered: true, Slots.IsGuess: true })
            : 0);

    // Its course.

    public OriginPhase Phase { get; private set; }

    /// <summary>When a request came last, or the last connection went.</summary>
    public long LastUsed { get; set; }

    public bool UsedSinceRefresh { get; set; }

    public bool IsEmpty => Open.Count == 0 && Dialing == 0 && Waiters.Count == 0;

    private ProtocolKnowledge KnownWithoutConnection => Route.Protocols switch
    {
        ProtocolOffer.Http1 => ProtocolKnowledge.Http1,
        ProtocolOffer.Http2 => ProtocolKnowledge.Http2,
        _ => ProtocolKnowledge.Unknown,
    };

    public void MoveTo(OriginPhase next)
    {
        bool isLegal = (Phase, next) switch
        {
            (OriginPhase.Removed, _) or (_, OriginPhase.Open) => false,
            (OriginPhase.Closing, _) => next == OriginPhase.Closing,
            _ => true,
        };
        Debug.Assert(isLegal, $"{Phase} to {next}");
        Phase = next;
    }

    public void Used(long now)
    {
        LastUsed = now;
        UsedSinceRefresh = true;
    }

    /// <summary>A connection has told what the origin speaks. What the server has asked for stands.</summary>
    public void Learned(ProtocolKnowledge protocol)
    {
        if (Protocol != ProtocolKnowledge.Http1Required)
        {
            Protocol = protocol;
        }
    }

    /// <summary>
    /// With the last connection and the last dial goes what they told of the protocol: the server may be another one next time.
    /// </summary>
    public void ForgetProtocolIfAlone()
    {
        if (Open.Count == 0 && Dialing == 0)
        {
            Learned(KnownWithoutConnection);
        }
    }

    /// <summary>The connection takes no more requests. The first reason stands.</summary>
    /// <returns>Why to close it, if that is to be done now; else its last exchange ends first.</returns>
    public CloseReason? Retire(PooledConnection pooled, CloseReason reason, bool yields = false)
    {
        bool wasIdle = pooled.State == PooledState.Idle;
        if (wasIdle)
        {
            Idle.Remove(pooled);
        }

        Shared.Remove(pooled);
        pooled.Retire(reason, yields);
        return wasIdle || (pooled.IsMultiplexed && pooled.Slots.Taken == 0) ? pooled.RetiredFor : null;
    }

    /// <summary>Asks a multiplexed connection how many exchanges it serves.</summary>
    public void LimitIs(PooledConnection pooled)
    {
        int? said = pooled.Connection.StreamLimit;
        pooled.Slots.LimitIs(said ?? StreamsBeforeSettings, isGuess: said is null);
        if (said > 0)
        {
            KnownStreamLimit = said;
        }
    }

    /// <summary>Whether a connection is open that may serve waiters, be it later.</summary>
    public bool HasUsableConnection(bool onlyHttp2)
    {
        if (!onlyHttp2 && Open.Count > Multiplexed.Count)
        {
            return true;
        }

        foreach (PooledConnection pooled in Multiplexed)
        {
            if (pooled.IsUsable)
            {
                return true;
            }
        }

        return false;
    }

    public void ThrowIfClosing()
    {
        if (Phase == OriginPhase.Closing)
        {
            throw PoolErrors.HandlerDisposed(Route);
        }
    }
}
