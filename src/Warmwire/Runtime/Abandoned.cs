namespace Warmwire.Runtime;

/// <summary>Work that goes on although nothing waits for it any more.</summary>
internal static class Abandoned
{
    /// <summary>
    /// Its failure, if it comes to one, is what was expected of it: <see cref="TaskScheduler.UnobservedTaskException"/> must not tell.
    /// </summary>
    public static void Forget(Task work) =>
        _ = work.ContinueWith(
            static ended => _ = ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
}
