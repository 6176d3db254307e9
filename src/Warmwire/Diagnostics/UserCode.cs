namespace Warmwire.Diagnostics;

/// <summary>
/// The one gateway to code of the user's that observes: callbacks of a <see cref="RequestTrace"/>, listeners of metrics and events. What it throws is
/// nobody's business but its own: it must not be able to break what it observes. Never called under a lock.
/// </summary>
internal static class UserCode
{
    public static void Tell(Action? callback)
    {
        if (callback is null)
        {
            return;
        }

        try
        {
            callback();
        }
        catch (Exception)
        {
            // An observer's failure is its own.
        }
    }

    public static void Tell<T>(Action<T>? callback, T argument)
    {
        if (callback is null)
        {
            return;
        }

        try
        {
            callback(argument);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    public static void Tell<T1, T2>(Action<T1, T2>? callback, T1 first, T2 second)
    {
        if (callback is null)
        {
            return;
        }

        try
        {
            callback(first, second);
        }
        catch (Exception)
        {
            // As above.
        }
    }
}
