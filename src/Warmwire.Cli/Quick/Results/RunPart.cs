namespace Warmwire.Cli.Quick.Results;

/// <summary>A run, or a shard of one, that a merged result contains or lacks.</summary>
/// <param name="RunId">The run's id; <see langword="null"/> if the result has none.</param>
/// <param name="Shard">Which shard of it, such as <c>0/4</c>; <see langword="null"/> for a run that was not divided.</param>
internal sealed record RunPart(string? RunId, string? Shard);
