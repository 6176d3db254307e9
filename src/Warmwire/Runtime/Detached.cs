namespace Warmwire.Runtime;

/// <summary>Starts work that outlives its starter: nothing of the starter's context (activity, async locals) may stick to it.</summary>
internal static class Detached
{
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
}
