using System.Diagnostics;

namespace Warmwire.Tests.Kit;

/// <summary>The real time a test waits for something that should happen at once: a bug fails, and never hangs.</summary>
public static class Guard
{
    public static TimeSpan Limit { get; } = Debugger.IsAttached ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(30);

    /// <summary>Waits for <paramref name="task"/>; after the limit it throws what <paramref name="describe"/> has to say.</summary>
    public static async Task Within(Task task, Func<string> describe)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(describe);
        using var watch = new CancellationTokenSource();
        if (await Task.WhenAny(task, Task.Delay(Limit, watch.Token)).ConfigureAwait(false) != task)
        {
            throw new TimeoutException($"{describe()} (waited {Limit.TotalSeconds:0} s)");
        }

        await watch.CancelAsync().ConfigureAwait(false);
        await task.ConfigureAwait(false);
    }

    public static async Task<T> Within<T>(Task<T> task, Func<string> describe)
    {
        await Within((Task)task, describe).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }
}
