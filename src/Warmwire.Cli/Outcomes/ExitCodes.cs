namespace Warmwire.Cli.Outcomes;

/// <summary>What the program tells its caller.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The arguments were right and the work failed: unreachable server, a server that died, every request failed.</summary>
    public const int Failed = 1;

    /// <summary>A condition of <c>--ensure</c> was not met.</summary>
    public const int Missed = 1;

    /// <summary>The arguments were wrong.</summary>
    public const int Usage = 2;

    /// <summary>A load test could not be run or judged: nothing was reached, a file could not be read or written. Apart from <see cref="Missed"/>, so that a pipeline can tell.</summary>
    public const int CouldNotRun = 2;

    /// <summary>Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
