using System.Globalization;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>Which runs and shards results contain: none may be there twice, and of a run that was divided none should be missing.</summary>
internal sealed class MergedShards
{
    private MergedShards(IReadOnlyList<RunPart> parts, IReadOnlyList<RunPart> missing) => (Parts, Missing) = (parts, missing);

    /// <summary>What they contain, in ascending order.</summary>
    public IReadOnlyList<RunPart> Parts { get; }

    /// <summary>The run's id if they are of one.</summary>
    public string? RunId => Parts.Count > 0 && Parts.All(part => part.RunId == Parts[0].RunId) ? Parts[0].RunId : null;

    /// <summary>Shards of the same runs that none of them contains.</summary>
    public IReadOnlyList<RunPart> Missing { get; }

    /// <exception cref="CommandFailure">Something is there twice, or does not belong together.</exception>
    public static MergedShards Of(IReadOnlyList<NamedResult> results)
    {
        Held[] all =
        [
            .. results.SelectMany(PartsOf)
                .OrderBy(static part => part.RunId, StringComparer.Ordinal)
                .ThenBy(static part => part.Shard.Index),
        ];
        var missing = new List<RunPart>();
        foreach (IGrouping<string?, Held> run in all.GroupBy(static part => part.RunId, StringComparer.Ordinal))
        {
            missing.AddRange(MissingOf(run.Key, [.. run]));
        }

        // Of what has neither, there is nothing to tell.
        return new MergedShards([.. all.Select(static part => part.Told).Where(static part => part != new RunPart(null, null))], missing);
    }

    private static IEnumerable<RunPart> MissingOf(string? runId, Held[] parts)
    {
        // Without an id, results of one load that were not divided may be of any number of runs.
        Held[] shards = runId is null ? [.. parts.Where(static part => part.Shard.Count > 1)] : parts;
        if (shards.Length == 0)
        {
            return [];
        }

        Held first = shards[0];
        if (shards.FirstOrDefault(part => part.Shard.Count != first.Shard.Count) is { File: not null } other)
        {
            throw new CommandFailure(
                $"results of different loads cannot be merged: both of run {NameOf(runId)}, {first.File} is {NameOf(first)} and "
                    + $"{other.File} is {NameOf(other)}",
                ExitCodes.CouldNotRun);
        }

        for (int i = 1; i < shards.Length; i++)
        {
            if (shards[i].Shard == shards[i - 1].Shard)
            {
                throw new CommandFailure(
                    $"{shards[i - 1].File} and {shards[i].File} both contain {NameOf(first with { Shard = shards[i].Shard })} of run "
                        + $"{NameOf(runId)}; give it once",
                    ExitCodes.CouldNotRun);
            }
        }

        HashSet<int> present = [.. shards.Select(static part => part.Shard.Index)];
        return Enumerable.Range(0, first.Shard.Count)
            .Where(index => !present.Contains(index))
            .Select(index => new RunPart(runId, new Shard(index, first.Shard.Count).ToString()));
    }

    private static IEnumerable<Held> PartsOf(NamedResult named)
    {
        IReadOnlyList<RunPart> parts = named.Result.Parts is { Count: > 0 } several
            ? several
            : [new RunPart(named.Result.RunId, named.Result.Target.Shard)];
        foreach (RunPart part in parts)
        {
            Shard shard = Shard.Whole;
            if (part.Shard is { } text && !Shard.TryParse(text, out shard, out _))
            {
                throw new CommandFailure($"{named.Name} is damaged: '{text}' is not a shard", ExitCodes.CouldNotRun);
            }

            yield return new Held(named.Name, part.RunId, shard, part);
        }
    }

    private static string NameOf(string? runId) => runId ?? "(without id)";

    private static string NameOf(Held part) => part.Shard.Count == 1
        ? "the whole"
        : string.Create(CultureInfo.InvariantCulture, $"shard {part.Shard}");

    private readonly record struct Held(string File, string? RunId, Shard Shard, RunPart Told);
}
