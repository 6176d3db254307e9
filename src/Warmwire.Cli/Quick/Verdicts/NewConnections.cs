using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Whether each request had a connection of its own where that was asked for.</summary>
internal sealed class NewConnections : IVerdict
{
    public string? Of(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        if (!result.Target.NewConnectionPerRequest || connections.Opened == 0)
        {
            return null;
        }

        return (connections.ReuseRatio, result.Requests + result.Redirects - connections.Exchanges) switch
        {
            (0, 0) => "Each had a new connection, as --new-connection-per-request asks: that is what creating a client per request costs.",
            (0, var none) => "Each request that got a connection had a new one, as --new-connection-per-request asks; "
                + $"{Amounts.Number(none)} got none.",
            _ => "--new-connection-per-request asks for a new connection each, but "
                + $"{Share.RoundedDown(connections.ReuseRatio)} of requests went over a used one"
                + $"{(result.Target.HttpVersion == "2" ? ": with HTTP/2, requests that are due at the same time may share one" : "")}.",
        };
    }
}
