namespace Warmwire.Sockets;

/// <summary>
/// Looks at the loops of a group while they work: takes over those whose thread is held up while something waits for it, and has one more
/// led when all are at work all the time. Waits while they are idle.
/// </summary>
internal sealed class LoopMonitor
{
    private readonly EventLoopGroup _group;
    private readonly LoopRoom _room = new();
    private DescriptorUse _wake;
    private int _asleep;
    private int _frequentLooks;
    private LoopDemand _demand;
    private volatile bool _stopping;

    /// <exception cref="System.Net.Sockets.SocketException">The system refuses the descriptor.</exception>
    public LoopMonitor(EventLoopGroup group)
    {
        _group = group;
        int wake = LibC.EventDescriptor();
        if (wake < 0)
        {
            throw SocketErrors.Exception(-wake);
        }

        _wake = new DescriptorUse(wake);
        _wake.TryEnter();
    }

    public void Start() => new Thread(Run) { IsBackground = true, Name = "Warmwire monitor" }.UnsafeStart();

    /// <summary>Called by a loop that has events, after it has said so with a full fence.</summary>
    public void LoopGoesToWork()
    {
        if (Volatile.Read(ref _asleep) != 0 && Interlocked.Exchange(ref _asleep, 0) != 0)
        {
            Wake();
        }
    }

    public void Stop()
    {
        _stopping = true;
        Wake();
        _wake.Close();
    }

    private void Wake()
    {
        if (_wake.TryEnter())
        {
            LibC.Signal(_wake.Descriptor);
            _wake.Exit();
        }
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (Look())
            {
                WaitForNextLook();
                continue;
            }

            // Story: a loop goes to work between the look above and the wait below, and looks whether it must wake the monitor before that
            // has said that it waits. Each says first what it does and looks at the other after a full fence, so at least one of the two
            // sees the other.
            Interlocked.Exchange(ref _asleep, 1);
            if (!_stopping && !_group.IsAtWork)
            {
                Wait(time: null);
            }

            Volatile.Write(ref _asleep, 0);
        }

        _wake.Exit();
    }

    private void WaitForNextLook()
    {
        TimeSpan interval = _frequentLooks > 0 && _group.BlockedThreads > 0
            ? SocketLimits.LoopCheckIntervalAfterTakeover
            : SocketLimits.LoopCheckInterval;
        Wait(interval);
    }

    private void Wait(TimeSpan? time)
    {
        if (LibC.WaitForInput(_wake.Descriptor, time))
        {
            LibC.Unsignal(_wake.Descriptor);
        }
    }

    /// <returns>Whether any loop is at work, or was since the last look.</returns>
    private bool Look()
    {
        bool moves = false;
        int atWork = 0;
        _frequentLooks = Math.Max(0, _frequentLooks - 1);
        foreach (EventLoop? loop in _group.Loops)
        {
            if (loop is null)
            {
                continue;
            }

            (bool isAtWork, bool loopMoves, bool holdsUp) = loop.Look();
            moves |= loopMoves;
            atWork += isAtWork ? 1 : 0;
            if (holdsUp && _group.TryTakeOver(loop))
            {
                _frequentLooks = (int)(SocketLimits.FrequentLoopChecks / SocketLimits.LoopCheckIntervalAfterTakeover);
            }
        }

        _group.Blocking.Look(TimeProvider.System.GetTimestamp());
        if (moves)
        {
            int? wish = _demand.Note(_group.LoopsLed, atWork);
            _group.ChangeLoops(atWork, wish is { } by ? _room.WhatFits(by, _group.LeadingThreads, _group.MostLoops) : 0);
        }
        else
        {
            _group.BecomeIdle();
        }

        return moves;
    }
}
