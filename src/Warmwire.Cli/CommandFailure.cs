namespace Warmwire.Cli;

/// <summary>A failure whose message is the one line the user reads. It ends the program with <see cref="ExitCodes.Failed"/>.</summary>
internal sealed class CommandFailure : Exception
{
    public CommandFailure(string message)
        : base(message)
    {
    }

    public CommandFailure(string message, Exception inner)
        : base(message, inner)
    {
    }
}
