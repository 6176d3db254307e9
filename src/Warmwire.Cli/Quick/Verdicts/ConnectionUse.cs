using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>How many connections the load took.</summary>
internal sealed class ConnectionUse : IVerdict
{
    public string? Of(QuickResult result)
    {
        string requests = Amounts.Count(result.Requests, "request");
        ConnectionsResult connections = result.Connections;
        return (result.Requests, connections.Opened) switch
        {
            (0, _) => null,
            (_, 0) when connections.OpenAtStart > 0 =>
                $"{requests} used the {Amounts.Count(connections.OpenAtStart, "connection")} that the warm-up had opened. "
                + "No connection was opened.",
            (_, 0) => $"{requests} {Amounts.Were(result.Requests)} sent and no connection was opened.",
            _ => $"{requests} used {Amounts.Count(connections.Opened, "connection")}"
                + (connections.OpenAtStart > 0 ? $" besides {Amounts.Number(connections.OpenAtStart)} that the warm-up had opened" : "")
                + $", at most {Amounts.Number(connections.PeakOpen)} open at a time.",
        };
    }
}
