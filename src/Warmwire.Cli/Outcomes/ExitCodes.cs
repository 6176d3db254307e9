namespace Warmwire.Cli.Outcomes;

/// <summary>The exit codes of the program, the same for all commands; docs/quick.md has them for the reader.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A condition of <c>--ensure</c> failed.</summary>
    public const int ConditionFailed = 1;

    /// <summary>The arguments were invalid.</summary>
    public const int Usage = 2;

    /// <summary>
    /// The arguments were valid and there is no result: a server that cannot be reached or stopped, only failed requests, a file that could
    /// not be read or written. It differs from <see cref="ConditionFailed"/>.
    /// </summary>
    public const int CouldNotRun = 2;

    /// <summary>Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
