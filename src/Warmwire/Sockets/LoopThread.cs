using System.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>A thread that leads a loop, then maybe another: the first one of a loop, or one that takes over.</summary>
internal sealed class LoopThread : IDisposable
{
    private readonly EventLoopGroup _group;
    private readonly ManualResetEventSlim _called = new(initialState: false, spinCount: 0);
    private EventLoop? _loop;

    private LoopThread(EventLoopGroup group) => _group = group;

    /// <summary>Starts a thread that leads <paramref name="loop"/>, or without one waits to be called.</summary>
    public static LoopThread Start(EventLoopGroup group, EventLoop? loop)
    {
        var made = new LoopThread(group);
        var thread = new Thread(made.Run)
        {
            IsBackground = true,
            Name = loop is null ? "Warmwire spare" : $"Warmwire loop {loop.Index}",
        };
        thread.UnsafeStart();
        if (loop is not null)
        {
            made.Call(loop);
        }

        return made;
    }

    /// <summary>Calls a spare thread that was taken from the group; without a loop it ends.</summary>
    public void Call(EventLoop? loop)
    {
        Debug.Assert(_loop is null, "called twice");
        _loop = loop;
        _called.Set();
    }

    /// <summary>The thread does it itself, at its end.</summary>
    public void Dispose() => _called.Dispose();

    private void Run()
    {
        // Each call is waited for, also one that has come before this thread runs: otherwise the next wait would take that one for its own.
        while (WaitForCall() is { } loop)
        {
            bool deposed = loop.Lead();
            if (!_group.LeaderCameBack(this, deposed))
            {
                break;
            }
        }

        Dispose();
    }

    private EventLoop? WaitForCall()
    {
        // Story: the time is up, and just then the monitor has taken this thread from the spare ones. The one that removes it decides.
        if (!_called.Wait(SocketLimits.SpareLoopThreadLifetime) && !_group.TryRetire(this))
        {
            _called.Wait();
        }

        EventLoop? loop = _loop;
        _loop = null;
        _called.Reset();
        return loop;
    }
}
