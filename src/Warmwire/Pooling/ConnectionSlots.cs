using System.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// The slots of a multiplexed connection as the pool counts them, and what the connection has told about them. Guarded by the lock of its
/// origin.
/// </summary>
internal sealed class ConnectionSlots
{
    private int _suspensions;
    private int _refusedAt;
    private int _tunnels;
    private int _tunnelsEnding;

    /// <summary>Exchanges under way, and those on their way to the connection.</summary>
    public int Taken { get; private set; }

    /// <summary>Those of them that have not become tunnels.</summary>
    public int Exchanges => Math.Max(0, Taken - Math.Max(0, _tunnels));

    /// <summary>How many slots there are, as last told.</summary>
    public int Limit { get; private set; }

    /// <summary>
    /// Whether the limit is a guess until the connection has told it. What it knows already, and is about to tell, is no limit yet: a dial
    /// planned meanwhile would be made for waiters that it is about to serve.
    /// </summary>
    public bool IsGuess { get; private set; }

    /// <summary>How often the connection has told anything that decides whether it takes exchanges.</summary>
    public int Version { get; private set; }

    /// <summary>
    /// Whether it would take an exchange if it has a slot: it is neither suspended, nor has it refused one and not told why yet.
    /// </summary>
    public bool Answers => _suspensions <= 0 && _refusedAt != Version + 1;

    public void Take() => Taken++;

    public void End()
    {
        Debug.Assert(Taken > 0, "an exchange ends once");
        Taken--;
        if (_tunnelsEnding > 0)
        {
            _tunnelsEnding--;
            _tunnels--;
        }
    }

    /// <remarks>
    /// Story: a tunnel ends as soon as it is one, and its end is told before this. A count comes out right in any order.
    /// </remarks>
    public void BecameTunnel() => _tunnels++;

    /// <summary>The slot whose end is told next is that of a tunnel. Of another that ends between the two the same is true then.</summary>
    public void TunnelEnds() => _tunnelsEnding++;

    /// <summary>The connection is closed.</summary>
    /// <returns>How many were taken.</returns>
    public int EndAll()
    {
        int taken = Taken;
        Taken = 0;
        return taken;
    }

    /// <summary>The connection has told something else that decides.</summary>
    public void Told() => Version++;

    public void LimitIs(int limit, bool isGuess)
    {
        Version++;
        Limit = limit;
        IsGuess = isGuess;
    }

    /// <summary>
    /// Story: a connection is resumed by the flow that reads right after a timer has suspended it, and what is told second overtakes the
    /// first. A count comes out right in any order.
    /// </summary>
    public void Suspended()
    {
        Version++;
        _suspensions++;
    }

    /// <inheritdoc cref="Suspended"/>
    public void Resumed()
    {
        Version++;
        _suspensions--;
    }

    /// <summary>The connection refused an exchange and will tell why; it is not asked again before that.</summary>
    /// <remarks>
    /// Story: it was suspended when it was asked, and has told both that and that it is resumed before this line. It will tell nothing
    /// more, so only if it has told nothing since is there something to wait for.
    /// </remarks>
    /// <param name="version">The version when the slot was taken.</param>
    public void Refused(int version) => _refusedAt = Math.Max(_refusedAt, version + 1);
}
