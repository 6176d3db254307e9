using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>A result and what to call it in messages: the file it was read from.</summary>
internal sealed record NamedResult(string Name, QuickResult Result);
