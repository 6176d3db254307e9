using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Ctrl-C, or a condition of <c>--abort-on</c>, cut requests off.</summary>
internal sealed class UnansweredRequests : IVerdict
{
    public string? Of(QuickResult result) => result.Unanswered == 0
        ? null
        : $"{Amounts.Count(result.Unanswered, "request")} {Amounts.Were(result.Unanswered)} under way when the run was ended and "
            + "unanswered a second later; the latencies contain the time that they had waited.";
}
