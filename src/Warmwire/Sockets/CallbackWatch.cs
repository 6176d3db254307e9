namespace Warmwire.Sockets;

/// <summary>
/// Finds out for the leader of a loop how long its thread is blocked by code that the loop runs. It costs a look at the clock every few
/// callbacks; what the thread uses is asked only while there are callbacks that take long.
/// </summary>
internal struct CallbackWatch
{
    private static readonly long s_long = (long)(SocketLimits.LongCallback.TotalSeconds * TimeProvider.System.TimestampFrequency);

    private long _at;
    private ThreadUse _use;
    private int _watched;
    private int _ended;

    /// <summary>When the callback that is under way began, or one of the few before it.</summary>
    public readonly long CallbackBegan => _at;

    /// <summary>What is known so far is of no use: another thread leads the loop, or nobody wants to know for a time.</summary>
    public void Forget()
    {
        _watched = 0;
        _at = TimeProvider.System.GetTimestamp();
    }

    /// <summary>The thread has waited for events, and was blocked by nobody's code.</summary>
    public void BeginRound()
    {
        if (_watched > 0)
        {
            _use = ThreadUse.Now();
            _at = _use.At;
        }
        else
        {
            _at = TimeProvider.System.GetTimestamp();
        }
    }

    /// <summary>A callback has come back.</summary>
    /// <returns>For how long it has blocked the thread; zero also where that is not known yet.</returns>
    public TimeSpan EndCallback() =>
        _watched == 0 && ++_ended % SocketLimits.CallbacksPerLook != 0 ? TimeSpan.Zero : Look();

    private TimeSpan Look()
    {
        long now = TimeProvider.System.GetTimestamp();
        bool isLong = now - _at >= s_long;
        _at = now;
        if (!isLong)
        {
            _watched -= _watched > 0 ? 1 : 0;
            return TimeSpan.Zero;
        }

        ThreadUse before = _use;
        bool isKnown = _watched > 0;
        _watched = SocketLimits.ShortCallbacksUnwatched;
        _use = ThreadUse.Now();
        _at = _use.At;
        return isKnown ? _use.BlockedSince(before) : TimeSpan.Zero;
    }
}
