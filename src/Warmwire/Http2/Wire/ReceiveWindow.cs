using System.Diagnostics;

namespace Warmwire.Http2.Wire;

/// <summary>
/// How much the peer may send: of one stream, or of all together (RFC 9113 §5.2, §6.9). What was consumed is given back when it is half a
/// window, and the window grows while it is what holds the peer up.
/// </summary>
internal struct ReceiveWindow
{
    private int _left;
    private int _owed;
    private long _creditedAt;

    public ReceiveWindow(int size, long now)
    {
        Size = _left = size;
        _creditedAt = now;
    }

    /// <summary>What the peer may send before it needs our word.</summary>
    public int Size { get; private set; }

    /// <summary>What it may still send of that.</summary>
    public readonly int Left => Math.Max(0, _left);

    /// <summary>The peer has sent so much.</summary>
    public ReceiveWindowUse Take(int bytes)
    {
        _left -= bytes;

        // A peer may not send pieces that are too small for its taste: with an eighth left it may wait already.
        return _left < 0 ? ReceiveWindowUse.Passed : _left <= Size / 8 ? ReceiveWindowUse.UsedUp : ReceiveWindowUse.Open;
    }

    /// <summary>So much need not be held any more.</summary>
    /// <returns>The increment to tell the peer now; 0 for nothing yet.</returns>
    public int Consume(int bytes)
    {
        _owed += bytes;
        Debug.Assert(_owed + (long)_left <= Size, "more given back than was taken");
        if (_owed < Size / 2)
        {
            return 0;
        }

        return Credit();
    }

    /// <summary>
    /// Whether the window is too small for the way: at the rate at which it was used since the last credit, more than an eighth of it is
    /// on the way within one round trip. With less room than that, a pause of the caller or of the system makes the peer wait for us.
    /// </summary>
    /// <param name="credit">What <see cref="Consume"/> has returned.</param>
    /// <param name="now">When.</param>
    /// <param name="roundTrip">The shortest round trip so far, in units of the clock's timestamps; 0 if none is known.</param>
    public bool ShouldGrow(int credit, long now, long roundTrip)
    {
        long elapsed = now - _creditedAt;
        _creditedAt = now;
        return roundTrip > 0 && (Int128)credit * roundTrip * 8 > (Int128)Size * elapsed;
    }

    /// <summary>Makes the window larger.</summary>
    /// <returns>The increment to tell the peer.</returns>
    public int GrowTo(int size)
    {
        Debug.Assert(size > Size, "it grows");
        _owed += size - Size;
        Size = size;
        return Credit();
    }

    private int Credit()
    {
        int credit = _owed;
        _owed = 0;
        _left += credit;
        return credit;
    }
}
