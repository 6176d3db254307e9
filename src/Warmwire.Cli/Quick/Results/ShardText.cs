using System.Globalization;

namespace Warmwire.Cli.Quick.Results;

/// <summary>Missing shards in words.</summary>
internal static class ShardText
{
    /// <summary>From so many on, the rest is only counted.</summary>
    private const int Most = 10;

    /// <summary>Such as <c>shards 2/4 and 3/4 of run nightly</c>.</summary>
    public static string Of(IReadOnlyList<RunPart> shards) => string.Join(
        "; ", shards.GroupBy(static part => part.RunId, StringComparer.Ordinal).Select(static run => OfRun(run.Key, [.. run])));

    private static string OfRun(string? runId, RunPart[] shards)
    {
        string[] names = [.. shards.Take(Most).Select(static part => part.Shard ?? "")];
        string listed = (shards.Length, names) switch
        {
            (> Most, _) => string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names)} and {shards.Length - Most:N0} more"),
            (1, [var only]) => only,
            _ => $"{string.Join(", ", names[..^1])} and {names[^1]}",
        };
        return $"{(shards.Length == 1 ? "shard" : "shards")} {listed} of run {runId ?? "(without id)"}";
    }
}
