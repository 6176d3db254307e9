using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Cli.Rendering;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>What <c>merge</c> was asked for.</summary>
/// <param name="Files">The results.</param>
/// <param name="Partial">Whether shards of a run may be missing.</param>
/// <param name="Outputs">What is done with the sum.</param>
internal sealed record MergeSettings(IReadOnlyList<string> Files, bool Partial, QuickOutputs Outputs);

/// <summary>The command <c>merge</c>: reads results, adds them, checks the conditions, and shows and writes the sum.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="terminal">Where the summary goes, and failures are told.</param>
internal sealed class MergeCommand(MergeSettings settings, Terminal terminal)
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (await MergeAsync(cancellationToken) is not { } merged)
        {
            return ExitCodes.CouldNotRun;
        }

        ResultSummary.Write(settings.Outputs, merged, terminal);
        ResultFiles.Write(settings.Outputs, merged, terminal.StandardOutput);
        if (settings.Outputs.PrometheusPush is { } gateway)
        {
            await Pushgateway.PushAsync(gateway, merged, cancellationToken);
        }

        return merged.Ensure.All(static condition => condition.Held) ? ExitCodes.Success : ExitCodes.ConditionFailed;
    }

    /// <returns><see langword="null"/> if files could not be read, which was told.</returns>
    private async Task<QuickResult?> MergeAsync(CancellationToken cancellationToken)
    {
        if (settings.Files.GroupBy(Path.GetFullPath, StringComparer.Ordinal).FirstOrDefault(static same => same.Count() > 1) is { } twice)
        {
            throw new CommandFailure($"{twice.First()} is given twice", ExitCodes.CouldNotRun);
        }

        var parts = new List<NamedResult>();
        foreach (string path in settings.Files)
        {
            try
            {
                parts.Add(await ResultFile.ReadAsync(path, cancellationToken));
            }
            catch (CommandFailure failure)
            {
                // Each bad file has its line.
                await terminal.StandardError.WriteLineAsync($"warmwire: {failure.Message}");
            }
        }

        if (parts.Count < settings.Files.Count)
        {
            return null;
        }

        QuickResult merged = LatencyFigures.Select(ResultMerger.Merge(parts, QuickVerdict.Sentences), settings.Outputs.Percentiles);
        if (merged.MissingShards.Count > 0 && !settings.Partial)
        {
            throw new CommandFailure(
                $"{ShardText.Of(merged.MissingShards)} {(merged.MissingShards.Count == 1 ? "is" : "are")} missing; --partial merges the "
                    + "rest",
                ExitCodes.CouldNotRun);
        }

        return merged with { Ensure = [.. settings.Outputs.Conditions.Select(condition => condition.Evaluate(merged))] };
    }
}
