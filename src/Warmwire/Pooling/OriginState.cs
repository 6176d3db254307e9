using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// What one origin has. <see cref="OriginLeases"/>, <see cref="OriginDials"/>, <see cref="OriginAging"/>, <see cref="OriginAddresses"/> and
/// <see cref="OriginPool"/> share it and its gate on purpose: most steps need connections, waiters and dials in one view. Each of them takes the gate by
/// itself, decides, and acts after leaving it.
/// </summary>
internal sealed class OriginState
{
    public OriginState(ConnectionKey key, IdleTotal idleTotal, long now)
    {
        Key = key;
        Idle = new IdleStack(idleTotal);
        LastUsed = now;
    }

    // Immutable.
    public ConnectionKey Key { get; }

    public Lock Gate { get; } = new();

    // Guarded by the gate.

    /// <summary>The connections that rest.</summary>
    public IdleStack Idle { get; }

    /// <summary>The requests that wait.</summary>
    public WaitQueue Waiters { get; } = new();

    /// <summary>All connections, whatever they do.</summary>
    public HashSet<HttpConnection> Open { get; } = [];

    public OriginCounters Counters { get; } = new();

    /// <summary>Dials decided on and not ended.</summary>
    public int Dialing { get; set; }

    /// <summary>No connection is kept any more, except for those who wait already.</summary>
    public bool Draining { get; set; }

    /// <summary>The handler is disposed.</summary>
    public bool Closing { get; set; }

    /// <summary>The origin is forgotten; whoever still asks here asks the pool for the key again.</summary>
    public bool Removed { get; set; }

    public long LastUsed { get; set; }

    public bool UsedSinceRefresh { get; set; }

    public void Used_NeedsLock(long now)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread, "the gate");
        LastUsed = now;
        UsedSinceRefresh = true;
    }

    public void ThrowIfClosing_NeedsLock()
    {
        Debug.Assert(Gate.IsHeldByCurrentThread, "the gate");
        if (Closing)
        {
            throw PoolErrors.HandlerDisposed(Key);
        }
    }
}
