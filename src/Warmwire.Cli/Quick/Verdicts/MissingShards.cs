using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>A merged result does not contain all shards of its run.</summary>
internal sealed class MissingShards : IVerdict
{
    public string? Of(QuickResult result) =>
        result.MissingShards.Count == 0 ? null : $"A part of the run is missing: {ShardText.Of(result.MissingShards)}.";
}
