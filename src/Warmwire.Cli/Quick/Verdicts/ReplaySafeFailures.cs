using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>A program whose client replays what is safe to replay would see fewer failures than the load.</summary>
internal sealed class ReplaySafeFailures : IVerdict
{
    public string? Of(QuickResult result) => result.ReplaySafeErrors == 0
        ? null
        : $"A client that replays what is safe to replay would not have seen {Amounts.Number(result.ReplaySafeErrors)} of "
            + (result.Errors.Values.Sum() == 1 ? "this error" : "these errors")
            + ": it would have sent the request again. quick never does.";
}
