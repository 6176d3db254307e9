namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Finds out that this process did not run for a while: Ctrl-Z, a suspended machine, or a debugger. The thread that uses it looks at the
/// clock at least every <see cref="Threshold"/> / 2 while the process runs. Times are nanoseconds.
/// </summary>
internal struct PauseWatch(long now)
{
    /// <summary>A thread that only waits is not this late on a machine that is merely busy.</summary>
    public const long Threshold = 1_000_000_000;

    private long _last = now;

    /// <summary>To be called with the time at each look.</summary>
    /// <returns>How long the process did not run before it; 0 if it ran.</returns>
    public long Saw(long now)
    {
        long gap = now - _last;
        _last = now;
        return gap > Threshold ? gap : 0;
    }
}
