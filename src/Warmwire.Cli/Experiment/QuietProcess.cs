namespace Warmwire.Cli.Experiment;

/// <summary>
/// Waits until this process does nothing any more. The compiler improves in the background what was called often, and begins with it when
/// no new code has been called for a while; it takes a second or more of processor time that is not a request's.
/// </summary>
internal static class QuietProcess
{
    private const int QuietLooks = 3;
    private const int MaxLooks = 50;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(5);

    public static async Task WaitAsync(TimeProvider time)
    {
        int quiet = 0;
        for (int i = 0; i < MaxLooks && quiet < QuietLooks; i++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            await Task.Delay(s_interval, time);
            quiet = Environment.CpuUsage.TotalTime - before < s_quiet ? quiet + 1 : 0;
        }
    }
}
