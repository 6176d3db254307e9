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
    public OriginState(Route key, IdleTotal idleTotal, long now)
    {
        Key = key;
        Idle = new IdleStack(idleTotal);
        LastUsed = now;
        ForgetProtocol_NeedsLock();
    }

    // Immutable.
    public Route Key { get; }

    public Lock Gate { get; } = new();

    // Guarded by the gate.

    /// <summary>The connections that rest.</summary>
    public IdleStack Idle { get; }

    /// <summary>The multiplexed connections in use that are not retired.</summary>
    public SharedConnections Shared { get; } = new();

    /// <summary>The requests that wait.</summary>
    public WaitQueue Waiters { get; } = new();

    /// <summary>All connections, whatever they do.</summary>
    public HashSet<HttpConnection> Open { get; } = [];

    public OriginCounters Counters { get; } = new();

    /// <summary>Dials decided on and not ended.</summary>
    public int Dialing { get; set; }

    /// <summary>Multiplexed connections that are open and have not been offered to those who wait.</summary>
    public int Opening { get; set; }

    /// <summary>Whether the origin speaks HTTP/2, as its last dial told; <see langword="null"/> while nobody knows.</summary>
    public bool? SpeaksHttp2 { get; set; }

    /// <summary>The server has asked for HTTP/1.1 (RFC 9113 §7): HTTP/2 is not offered to it any more.</summary>
    public bool Http1Only { get; set; }

    /// <summary>How many exchanges the origin's HTTP/2 connections serve at a time, as far as is known.</summary>
    public int StreamLimit { get; set; } = PoolLimits.StreamsUntilKnown;

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

    /// <summary>With the last connection and the last dial goes what they told of the protocol: the server may be another one next time.</summary>
    public void ForgetProtocol_NeedsLock()
    {
        if (Open.Count == 0 && Dialing == 0)
        {
            SpeaksHttp2 = Http1Only ? false : Key.Protocols switch
            {
                ProtocolOffer.Http1 => false,
                ProtocolOffer.Http2 => true,
                _ => null,
            };
        }
    }

    /// <summary>The connection serves nobody from now on. The first reason stands.</summary>
    /// <returns>Why to close it, if that is to be done now; else its last exchange ends first.</returns>
    public CloseReason? Retire_NeedsLock(HttpConnection connection, CloseReason reason)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread, "the gate");
        PoolLink link = connection.Link;
        link.RetiredFor ??= reason;
        bool rested = link.Place == PoolPlace.Idle;
        if (rested)
        {
            Idle.Remove(connection);
        }

        Shared.Remove(connection);
        return rested || (connection.IsMultiplexed && link.Streams == 0) ? link.RetiredFor : null;
    }

    /// <summary>Whether a connection is open that may serve those who wait, be it later.</summary>
    public bool HasHope_NeedsLock(bool onlyHttp2)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread, "the gate");
        if (Key.Protocols == ProtocolOffer.Http1)
        {
            return Open.Count > 0;
        }

        foreach (HttpConnection connection in Open)
        {
            if (connection.IsMultiplexed ? connection.Link.IsUsable : !onlyHttp2)
            {
                return true;
            }
        }

        return false;
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
