using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>What <c>merge</c> was asked for.</summary>
internal sealed record MergeSettings(IReadOnlyList<string> Files, QuickOutputs Outputs);

/// <summary>The command <c>merge</c>: reads results, adds them, checks the conditions, and shows and writes the sum.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="output">Where the summary goes.</param>
/// <param name="error">Where failures are told.</param>
internal sealed class MergeCommand(MergeSettings settings, TextWriter output, TextWriter error)
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (await MergeAsync(cancellationToken) is not { } merged)
        {
            return ExitCodes.CouldNotRun;
        }

        ResultFiles.Write(settings.Outputs, merged);
        if (settings.Outputs.Quiet)
        {
            SummaryText.WriteConditions(output, merged, onlyFailed: true);
        }
        else
        {
            SummaryText.Write(output, merged);
        }

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
                await error.WriteLineAsync($"warmwire: {failure.Message}");
            }
        }

        if (parts.Count < settings.Files.Count)
        {
            return null;
        }

        QuickResult merged = LatencyFigures.Select(ResultMerger.Merge(parts, QuickVerdict.Sentences), settings.Outputs.Percentiles);
        return merged with { Ensure = [.. settings.Outputs.Conditions.Select(condition => condition.Evaluate(merged))] };
    }
}
