namespace Warmwire.Sockets;

/// <summary>
/// What a callback may leave behind on a thread of a loop, and the next one must not find: async locals and a synchronization context.
/// </summary>
/// <remarks>The thread pool does the same after each of its work items.</remarks>
internal readonly struct ThreadContext
{
    private readonly ExecutionContext _clean;
    private readonly string? _name;

    private ThreadContext(ExecutionContext clean, string? name)
    {
        _clean = clean;
        _name = name;
    }

    /// <summary>At the beginning of a thread without a context.</summary>
    public static ThreadContext Capture() => new(ExecutionContext.Capture()!, Thread.CurrentThread.Name);

    /// <summary>
    /// What a callback has set on the thread itself. Less often than <see cref="Restore"/>, before the thread waits: a foreground thread
    /// that
    /// waits would keep the process alive.
    /// </summary>
    public void RestoreThread()
    {
        Thread thread = Thread.CurrentThread;
        if (!thread.IsBackground)
        {
            thread.IsBackground = true;
        }

        if (thread.Priority != ThreadPriority.Normal)
        {
            thread.Priority = ThreadPriority.Normal;
        }

        if (!ReferenceEquals(thread.Name, _name))
        {
            thread.Name = _name;
        }
    }

    public void Restore()
    {
        if (!ReferenceEquals(ExecutionContext.Capture(), _clean))
        {
            ExecutionContext.Restore(_clean);
        }

        if (SynchronizationContext.Current is not null)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }
}
