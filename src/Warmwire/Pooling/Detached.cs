namespace Warmwire.Pooling;

/// <summary>Starts work that outlives its starter: nothing of the starter's context (activity, async locals) may stick to it.</summary>
internal static class Detached
{
    public static Task<T> Run<TOwner, TArgument, T>(TOwner owner, TArgument argument, Func<TOwner, TArgument, Task<T>> start)
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
