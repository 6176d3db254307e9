using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>The load measured redirects and not what they lead to.</summary>
internal sealed class RedirectsNotFollowed : IVerdict
{
    public string? Of(QuickResult result)
    {
        KeyValuePair<string, long>[] redirects =
        [
            .. result.Codes.Where(static pair => pair.Key is "301" or "302" or "303" or "307" or "308" && pair.Value > 0),
        ];
        return redirects.Length == 0
            ? null
            : $"{Amounts.Number(redirects.Sum(static pair => pair.Value))} of {Amounts.Count(result.Responses, "response")} were redirects "
                + $"({string.Join(", ", redirects.Select(static pair => pair.Key))}), "
                + (result.Redirects > 0
                    ? "which were not followed: they were more than --follow-redirects allows, or led nowhere."
                    : "which are not followed; give the URL that they lead to.");
    }
}
