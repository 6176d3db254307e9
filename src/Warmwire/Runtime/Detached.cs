namespace Warmwire.Runtime;

/// <summary>Starts work that outlives its starter: nothing of the starter's context (activity, async locals) may stick to it.</summary>
internal static class Detached
{
    private static readonly Lazy<ExecutionContext> s_empty = new(CaptureEmpty);

    public static TTask Run<TOwner, TArgument, TTask>(TOwner owner, TArgument argument, Func<TOwner, TArgument, TTask> start)
        where TTask : Task
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return start(owner, argument);
        }

        AsyncFlowControl flow = ExecutionContext.SuppressFlow();
        try
        {
            return start(owner, argument);
        }
        finally
        {
            flow.Undo();
        }
    }

    /// <summary>The same for work that calls the user's code before it first waits: also that code finds an empty context.</summary>
    public static Task<TResult> RunUserCode<TOwner, TArgument, TResult>(
        TOwner owner, TArgument argument, Func<TOwner, TArgument, Task<TResult>> start)
    {
        Task<TResult>? task = null;
        ExecutionContext.Run(s_empty.Value, _ => task = start(owner, argument), state: null);
        return task!;
    }

    /// <summary>The context of a thread that was given none.</summary>
    private static ExecutionContext CaptureEmpty()
    {
        ExecutionContext? empty = null;
        var thread = new Thread(() => empty = ExecutionContext.Capture()) { IsBackground = true };
        thread.UnsafeStart();
        thread.Join();
        return empty!;
    }
}
