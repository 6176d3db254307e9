namespace Warmwire.Cli.Outcomes;

/// <summary>The exit codes of the program.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The arguments were valid and the work failed: an unreachable server, a server that stopped, only failed requests.</summary>
    public const int Failed = 1;

    /// <summary>A condition of <c>--ensure</c> failed.</summary>
    public const int ConditionFailed = 1;

    /// <summary>The arguments were invalid.</summary>
    public const int Usage = 2;

    /// <summary>
    /// A load test could not run or be judged: no connection, or a file that could not be read or written. It differs from
    /// <see cref="ConditionFailed"/>.
    /// </summary>
    public const int CouldNotRun = 2;

    /// <summary>Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
