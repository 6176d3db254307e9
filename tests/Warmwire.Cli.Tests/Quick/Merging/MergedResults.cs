using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Tests.Quick.Merging;

/// <summary>Merges results that were read from no file.</summary>
internal static class MergedResults
{
    public static QuickResult Of(IReadOnlyList<QuickResult> results, Func<QuickResult, IReadOnlyList<string>>? verdict = null) =>
        ResultMerger.Merge([.. results.Select(static (result, i) => new NamedResult(NameOf(result, i), result))], verdict);

    private static string NameOf(QuickResult result, int index) =>
        result.Target.Shard is { } shard ? $"shard {shard}" : $"result {index + 1}";
}
