using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Fewer sockets are in TIME_WAIT than this side has closed connections, which looks as if some had not been closed.</summary>
internal sealed class PortsReused : IVerdict
{
    /// <summary>How long Linux keeps a socket in TIME_WAIT.</summary>
    private const double TimeWaitSeconds = 60;

    /// <summary>Fewer are not worth a sentence.</summary>
    private const int Many = 10;

    public string? Of(QuickResult result)
    {
        long closed = result.Connections.ClosedByClient;
        if (result.Connections.TimeWait is not { } left || closed < Many || left >= 0.9 * closed)
        {
            return null;
        }

        string reason = result.ElapsedSeconds > TimeWaitSeconds
            ? "the others have left it, which takes a minute, or later connections use their ports"
            : "later connections use the ports of the others, or these ended with a reset";
        return $"Of {Amounts.Count(closed, "connection")} that the client closed, {Amounts.Number(left)} {Amounts.Were(left)} in TIME_WAIT "
            + $"at the end: {reason}.";
    }
}
