namespace Warmwire.Sockets;

/// <summary>
/// What a callback may leave behind on a thread of a loop, and the next one must not find: async locals and a synchronization context.
/// </summary>
/// <remarks>The thread pool does the same after each of its work items.</remarks>
internal readonly struct ThreadContext
{
    private readonly ExecutionContext _clean;

    private ThreadContext(ExecutionContext clean) => _clean = clean;

    /// <summary>At the beginning of a thread without a context.</summary>
    public static ThreadContext Capture() => new(ExecutionContext.Capture()!);

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
