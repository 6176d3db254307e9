using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Merging;

namespace Warmwire.Cli.Quick.Differences;

/// <summary>What <c>diff</c> was asked for.</summary>
/// <param name="Before">The file of the first run.</param>
/// <param name="After">The file of the second.</param>
/// <param name="Percentiles">The list of <c>--percentiles</c>; empty for the usual ones.</param>
/// <param name="Conditions">What <c>--fail-on</c> asks.</param>
/// <param name="Json">JSON in place of the table.</param>
internal sealed record DiffSettings(
    string Before,
    string After,
    IReadOnlyList<double> Percentiles,
    IReadOnlyList<FailCondition> Conditions,
    bool Json);

/// <summary>The command <c>diff</c>: reads two results and tells what changed between them.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="output">Where the comparison goes.</param>
internal sealed class DiffCommand(DiffSettings settings, TextWriter output)
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        NamedResult before = await ResultFile.ReadAsync(settings.Before, cancellationToken);
        NamedResult after = await ResultFile.ReadAsync(settings.After, cancellationToken);
        IEnumerable<double> shown = settings.Percentiles.Count > 0 ? settings.Percentiles : RunDifference.UsualPercentiles;
        IEnumerable<double> needed = settings.Conditions.Select(static condition => condition.Percentile).OfType<double>();
        var difference = RunDifference.Of(before, after, [.. shown.Union(needed).Order()]);
        FailResult[] conditions = [.. settings.Conditions.Select(condition => condition.Evaluate(difference))];
        if (settings.Json)
        {
            await output.WriteLineAsync(DifferenceJson.Write(difference, conditions));
        }
        else
        {
            DifferenceText.Write(output, difference, conditions);
        }

        return conditions.Any(static condition => condition.Failed) ? ExitCodes.ConditionFailed : ExitCodes.Success;
    }
}
