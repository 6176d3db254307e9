namespace Warmwire.Cli;

/// <summary>What the program tells its caller.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The arguments were right and the work failed: unreachable server, a server that died, every request failed.</summary>
    public const int Failed = 1;

    /// <summary>The arguments were wrong.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
