namespace Warmwire.Diagnostics;

/// <summary>Calls the callbacks of a <see cref="RequestTrace"/>: none may be set, and what one throws is nobody's business but its own.</summary>
internal static class TraceCalls
{
    public static void Invoke(Action? callback)
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
            // Whoever traces must not be able to break what is traced.
        }
    }

    public static void Invoke<T>(Action<T>? callback, T argument)
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

    public static void Invoke<T1, T2>(Action<T1, T2>? callback, T1 first, T2 second)
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
