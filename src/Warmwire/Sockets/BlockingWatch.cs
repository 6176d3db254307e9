namespace Warmwire.Sockets;

/// <summary>
/// Decides whether code that blocks takes most of the time of a group's loops and holds up what else they have. Then more loops are led
/// than there are processors, each takes one event at a time, and what callbacks put off is done by any of them.
/// </summary>
/// <remarks>
/// A takeover (<see cref="LoopMonitor"/>) is for code that blocks for milliseconds. Story: each continuation wrote a line of a log and
/// waited 0.4 ms for it. None was there long enough to be taken over, and hundreds of them waited for each other on one thread.
/// <code>
///         blocked for half of a window
///   off ───────────────────────────────► on
///    ▲                                    │ a time is over, 20 ms at first,
///    └────────────────────────────────────┘ twice as long each time if it is found to block again
/// </code>
/// </remarks>
internal sealed class BlockingWatch
{
    private long _blockedTicks;
    private volatile bool _isOn;
    private long _times;

    // The monitor's own.
    private long _windowAt;
    private long _changedAt;
    private TimeSpan _lasts;

    /// <summary>Whether it does now.</summary>
    public bool IsOn => _isOn;

    /// <summary>How often it was decided so.</summary>
    public long Times => Volatile.Read(ref _times);

    /// <summary>A callback has blocked the thread of its loop for so long, and something waited for the thread. Any leader's.</summary>
    public void Note(TimeSpan blocked) => Interlocked.Add(ref _blockedTicks, blocked.Ticks);

    /// <summary>
    /// A callback that began then has come back to a thread that was deposed meanwhile. If it was short for that, takeovers are no cure:
    /// each comes when the next callback is about to be held up too.
    /// </summary>
    public void NoteDeposed(long began)
    {
        TimeSpan took = TimeProvider.System.GetElapsedTime(began);
        if (took < SocketLimits.BlockWorthATakeover)
        {
            Note(took);
        }
    }

    /// <summary>No loop works, so nothing blocks one. The monitor's, before it sleeps.</summary>
    public void BecomeIdle()
    {
        _isOn = false;
        Interlocked.Exchange(ref _blockedTicks, 0);
    }

    /// <summary>The monitor's look.</summary>
    /// <param name="now">A timestamp of the system's clock.</param>
    public void Look(long now)
    {
        if (_isOn)
        {
            if (TimeProvider.System.GetElapsedTime(_changedAt, now) >= _lasts)
            {
                // What was put off blocks no loop meanwhile, so only this can tell: it runs there again.
                Interlocked.Exchange(ref _blockedTicks, 0);
                _windowAt = _changedAt = now;
                _isOn = false;
            }

            return;
        }

        TimeSpan window = TimeProvider.System.GetElapsedTime(_windowAt, now);
        if (window < SocketLimits.BlockingWindow)
        {
            return;
        }

        _windowAt = now;
        var blocked = TimeSpan.FromTicks(Interlocked.Exchange(ref _blockedTicks, 0));

        // A callback that is under way is counted at its end, so a window may have more than its own; and a monitor that slept in between
        // has a long one.
        TimeSpan judged = window < 2 * SocketLimits.BlockingWindow ? window : SocketLimits.BlockingWindow;
        if (blocked < judged / 2)
        {
            return;
        }

        // Not at the first window alone: the machine may have had no processor for the code that blocks.
        bool isAgain = TimeProvider.System.GetElapsedTime(_changedAt, now) < _lasts;
        TimeSpan next = isAgain ? 2 * _lasts : SocketLimits.BlockingAtFirst;
        _lasts = next < SocketLimits.BlockingAtMost ? next : SocketLimits.BlockingAtMost;
        _changedAt = now;
        Interlocked.Increment(ref _times);
        _isOn = true;
        EngineEvents.CodeBlocks(_lasts);
    }
}
