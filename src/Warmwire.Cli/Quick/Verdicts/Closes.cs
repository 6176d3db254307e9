using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Connections were closed during the run: by whom, and what the reasons mean.</summary>
internal sealed class Closes : IVerdict
{
    /// <summary>The reasons whose meaning is told; the others are listed.</summary>
    private const int MostMeanings = 3;

    public string? Of(QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        KeyValuePair<string, long>[] reasons =
        [
            .. connections.ClosedBy.Where(reason => reason.Value > 0 && !IsAskedFor(result, reason.Key))
                .OrderByDescending(static reason => reason.Value)
                .ThenBy(static reason => reason.Key, StringComparer.Ordinal),
        ];
        if (reasons.Length == 0)
        {
            return null;
        }

        long byServer = reasons.Where(static reason => ClosingSide.IsServer(reason.Key)).Sum(static reason => reason.Value);
        string list = string.Join(", ", reasons.Select(static reason => $"{reason.Key} {Amounts.Number(reason.Value)}"));
        IEnumerable<string> meanings = reasons.Take(MostMeanings)
            .Where(static reason => CloseMeaning.IsKnown(reason.Key))
            .Select(static reason => $" {reason.Key}: {CloseMeaning.Of(reason.Key)}.");
        return $"During the run the server closed {Amounts.Count(byServer, "connection")} and the client closed "
            + $"{Amounts.Number(reasons.Sum(static reason => reason.Value) - byServer)} ({list}).{string.Concat(meanings)}";
    }

    /// <summary>A lifetime of zero is how a new connection for each request is made.</summary>
    private static bool IsAskedFor(QuickResult result, string reason) =>
        result.Target.NewConnectionPerRequest && reason == nameof(CloseReason.Lifetime);
}
