using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>How many connections a watched process had made.</summary>
internal sealed class WatchedConnections : IVerdict
{
    public string? Of(QuickResult result) => result.Process is not { } process || result.Requests == 0
        ? null
        : $"It had {Amounts.Count(process.Before.Outgoing.Values.Sum(), "outgoing connection")} before the run and at most "
            + $"{Amounts.Number(process.During.Outgoing.Values.Sum())} during it; "
            + $"{Amounts.Number(process.OutgoingSeen.Values.Sum())} different ones were seen.";
}
