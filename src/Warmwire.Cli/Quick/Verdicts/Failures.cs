using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Requests failed.</summary>
internal sealed class Failures : IVerdict
{
    public string? Of(QuickResult result)
    {
        long failed = result.Errors.Values.Sum();
        if (failed == 0)
        {
            return null;
        }

        (string kind, long most) = result.Errors.MaxBy(static pair => pair.Value);
        string example = result.ErrorExamples.TryGetValue(kind, out string? text) ? $" Last message of {kind}: {text}" : "";
        return $"{Amounts.Number(failed)} of {Amounts.Count(result.Requests, "request")} got no complete response; most often {kind} "
            + $"({Amounts.Number(most)}).{example}";
    }
}
