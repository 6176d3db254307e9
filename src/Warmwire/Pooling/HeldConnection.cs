using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// A leased connection whose next exchanges are all its holder's: it does not go to the pool between them. An authentication that takes
/// several messages needs that.
/// </summary>
/// <remarks>
/// <code>
///                  the exchange is over        Release
///   InUse ────────────────────────► Waiting ──────────► Released, and the pool has the connection
///     ▲  │                            │
///     │  └── Release ──► Released,    │ TryUse
///     │      the pool has the         │
///     │      connection when the      │
///     │      exchange is over         │
///     └───────────────────────────────┘
/// </code>
/// While it waits it is watched as an idle connection is, and closes itself when the server does.
/// </remarks>
internal sealed class HeldConnection
{
    private const int InUse = 0;
    private const int Waiting = 1;
    private const int Released = 2;

    private readonly PooledConnection _pooled;
    private int _state = InUse;

    private HeldConnection(PooledConnection pooled) => _pooled = pooled;

    public HttpConnection Connection => _pooled.Connection;

    /// <summary>Holds a connection that was leased and has no exchange yet. One that is multiplexed cannot be held.</summary>
    public static HeldConnection Hold(HttpConnection connection)
    {
        Debug.Assert(!connection.IsMultiplexed, "it has one exchange at a time");
        PooledConnection pooled = PooledConnection.Of(connection);
        var held = new HeldConnection(pooled);
        pooled.HeldBy = held;
        return held;
    }

    /// <summary>Its exchange is over. Returns whether the holder keeps it.</summary>
    public bool TryKeep() => Interlocked.CompareExchange(ref _state, Waiting, InUse) == InUse;

    /// <summary>Leases it for the next exchange. <see langword="false"/>: it is closed, or its last exchange is not over.</summary>
    public bool TryUse() =>
        Interlocked.CompareExchange(ref _state, InUse, Waiting) == Waiting && Connection.TryLease(TimeSpan.Zero);

    /// <summary>The holder needs it no more: the pool has it, at once or when its exchange is over.</summary>
    public void Release()
    {
        // Story: the body of the last response comes to its end at this moment. Either its return finds the state released and goes to the
        // pool, or it was kept before, and goes there from here.
        // Story: it went to the pool, another request of the identity had it and held it, and only then was the holder cleared here, the
        // other's: its connection went to the pool between two messages. So it is cleared first.
        _pooled.HeldBy = null;
        if (Interlocked.Exchange(ref _state, Released) == Waiting)
        {
            _pooled.Origin.Returned(Connection);
        }
    }
}
