using System.Diagnostics;
using System.Net;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>
/// One address of an origin's name: the connections to it, whether it is set aside, and which of its connections are to go. Guarded by the
/// lock of the origin.
/// </summary>
internal sealed class AddressRecord(IPAddress address, TimeProvider time)
{
    private int _failures;
    private int _breaks;
    private bool _breaksAreToBeCounted;
    private long _asideUntil = long.MinValue;

    public IPAddress Address { get; } = address;

    /// <summary>Open connections.</summary>
    public int Open { get; set; }

    /// <summary>Those of them that are in use.</summary>
    public int InUse { get; private set; }

    /// <summary>Dials that try it first.</summary>
    public int Dialing { get; set; }

    /// <summary>When its turn was last, for a request and for a dial.</summary>
    public long LastLease { get; set; }

    public long LastDial { get; set; }

    public bool IsInAnswer { get; set; }

    /// <summary>It has joined the name, and dials go to it first until it has so many connections.</summary>
    public int Share { get; set; }

    public bool LacksShare => Open + Dialing < Share;

    /// <summary>When it last refused a connection.</summary>
    public long? RefusedAt { get; set; }

    /// <summary>Which connections are to go, and over which time.</summary>
    public Departure? Leaving { get; set; }

    /// <summary>A connection of this address moves.</summary>
    public void Moved(PooledState from, PooledState to)
    {
        InUse += Weight(to) - Weight(from);
        Debug.Assert(InUse >= 0, "more ended than began");
    }

    public static int Weight(PooledState state) => state is PooledState.Leased or PooledState.Shared ? 1 : 0;

    public void Add(PooledState state) => InUse += Weight(state);

    // ---- Set aside --------------------------------------------------------------------------------------------------

    /// <summary>
    /// Whether others go first. Behind the pause one dial tries it, and the others go on avoiding it until that has succeeded.
    /// </summary>
    public bool IsAside(long now)
    {
        if (_breaksAreToBeCounted)
        {
            _breaksAreToBeCounted = false;
            Failed(now);
        }

        return _failures > 0 && (now < _asideUntil || Dialing > 0);
    }

    /// <summary>A connection could not be opened. What fails within the pause is no further failure: many dials fail at a time.</summary>
    public void Failed(long now)
    {
        if (_failures > 0 && now < _asideUntil)
        {
            return;
        }

        double pause = NameLimits.FirstAside.TotalSeconds * Math.Pow(2, Math.Min(_failures, 20));
        pause = Math.Min(pause, NameLimits.LongestAside.TotalSeconds) * (1 - (0.2 * Random.Shared.NextDouble()));
        _failures++;
        _asideUntil = now + (long)(pause * time.TimestampFrequency);
    }

    /// <summary>A connection broke in the middle of an exchange.</summary>
    public void Broke()
    {
        if (++_breaks % NameLimits.BreaksToSetAside == 0)
        {
            _breaksAreToBeCounted = true;
        }
    }

    /// <summary>A connection has served and is clean.</summary>
    public void Served()
    {
        if ((_failures | _breaks) != 0)
        {
            _failures = 0;
            _breaks = 0;
            _breaksAreToBeCounted = false;
        }
    }
}

/// <summary>Connections of one address that are to go, one after another.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Since">From when on.</param>
/// <param name="Over">The time it takes.</param>
/// <param name="Count">How many; those of an address that has left are all, also such as come later.</param>
internal sealed record Departure(CloseReason Reason, long Since, TimeSpan Over, int Count)
{
    public int Gone { get; set; }

    public bool IsWhole => Reason == CloseReason.AddressRetired;

    /// <summary>How many should be gone by then.</summary>
    public int DueAfter(TimeSpan elapsed) =>
        elapsed < Over ? Math.Min(Count, 1 + (int)(Count * (elapsed / Over))) : IsWhole ? int.MaxValue : Count;

    /// <summary>When the next one is due, from the beginning.</summary>
    public TimeSpan NextAt => Gone >= Count ? Over : Over * ((double)Gone / Count);
}
