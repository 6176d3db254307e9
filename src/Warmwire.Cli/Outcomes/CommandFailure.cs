namespace Warmwire.Cli.Outcomes;

/// <summary>A failure that is reported to the user in one line. The program then ends with <see cref="ExitCode"/>.</summary>
internal sealed class CommandFailure : Exception
{
    public CommandFailure(string message, int exitCode = ExitCodes.CouldNotRun)
        : base(message) => ExitCode = exitCode;

    public CommandFailure(string message, Exception inner, int exitCode = ExitCodes.CouldNotRun)
        : base(message, inner) => ExitCode = exitCode;

    public int ExitCode { get; }
}
