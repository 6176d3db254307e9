namespace Warmwire.Dialing;

/// <summary>
/// The execution context of the request that a dial was begun for: its AsyncLocals and its activity. Only callbacks of the application
/// run in
/// it, and only while the dial lasts: a connection outlives the request that asked for it.
/// </summary>
internal sealed class CallerContext(ExecutionContext context)
{
    private volatile ExecutionContext? _context = context;

    /// <summary>Runs the code in the caller's context; without one, where it is.</summary>
    public static T Run<T>(CallerContext? caller, Func<T> code)
    {
        if (caller?._context is not { } context)
        {
            return code();
        }

        T result = default!;
        ExecutionContext.Run(context, _ => result = code(), null);
        return result;
    }

    /// <summary>The dial is over. What it has given to the stream of the connection, such as a callback of TLS, may stay there.</summary>
    public void Forget() => _context = null;
}
