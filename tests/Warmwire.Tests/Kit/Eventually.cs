using System.Diagnostics;

namespace Warmwire.Tests.Kit;

/// <summary>For what happens soon but tells nobody. Prefer a task where there is one.</summary>
public static class Eventually
{
    /// <summary>Waits until <paramref name="condition"/> holds; fails with <paramref name="what"/> after the guard's limit.</summary>
    public static async Task IsTrue(Func<bool> condition, string what)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long start = Stopwatch.GetTimestamp();
        for (int attempt = 0; !condition(); attempt++)
        {
            if (Guard.Limit > TimeSpan.Zero && Stopwatch.GetElapsedTime(start) > Guard.Limit)
            {
                throw new TimeoutException($"Never came true: {what} (waited {Guard.Limit.TotalSeconds:0} s)");
            }

            // Most conditions hold after a few hops of the thread pool; the others should not keep a processor busy.
            if (attempt < 50)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(1).ConfigureAwait(false);
            }
        }
    }
}
