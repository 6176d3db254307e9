using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>
/// How often a connection served again. The first request of a connection cannot reuse it, so a low share is no fault as long as no
/// connection was opened in place of a closed one.
/// </summary>
internal sealed class Reuse : IVerdict
{
    /// <summary>From this share on, reuse is good.</summary>
    private const double Good = 0.9;

    public string? Of(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        bool isReplaced = connections.OpenAtStart + connections.Opened > connections.PeakOpen;
        if (result.Target.NewConnectionPerRequest || connections.Opened == 0 || result.Requests < 2)
        {
            return null;
        }

        string share = $"{Share.RoundedDown(connections.ReuseRatio)} of requests reused a connection";
        return (connections.ReuseRatio, isReplaced) switch
        {
            (0, false) => "No connection was reused: each was still in use when the next was needed.",
            (0, true) => "No connection was reused.",
            (>= Good, _) => $"{share}.",
            (_, false) => $"{share}, and none was opened in place of a closed one.",
            _ => $"Only {share}.",
        };
    }
}
