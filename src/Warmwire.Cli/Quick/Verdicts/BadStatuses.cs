using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>The server refused requests, or failed.</summary>
internal sealed class BadStatuses : IVerdict
{
    public string? Of(QuickResult result)
    {
        long bad = result.Codes.Where(static pair => pair.Key[0] is '4' or '5').Sum(static pair => pair.Value);
        return bad == 0
            ? null
            : $"{Amounts.Number(bad)} of {Amounts.Count(result.Responses, "response")} had a status of 400 or above.";
    }
}
