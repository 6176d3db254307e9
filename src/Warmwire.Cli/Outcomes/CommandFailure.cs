namespace Warmwire.Cli.Outcomes;

/// <summary>A failure whose message is the one line the user reads. It ends the program with <see cref="ExitCode"/>.</summary>
internal sealed class CommandFailure : Exception
{
    public CommandFailure(string message, int exitCode = ExitCodes.Failed)
        : base(message) => ExitCode = exitCode;

    public CommandFailure(string message, Exception inner, int exitCode = ExitCodes.Failed)
        : base(message, inner) => ExitCode = exitCode;

    public int ExitCode { get; }
}
