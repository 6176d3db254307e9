using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Warmwire.Cli.Quick.Requests;

/// <summary>
/// What is asked of each response (<c>--check</c>): <c>status==200</c>, <c>status!=5xx</c>, <c>header Name</c>, <c>header Name==value</c>,
/// <c>header Name~part</c>, <c>body==text</c>, <c>body~part</c>, <c>body!~part</c>.
/// </summary>
internal sealed partial class Check
{
    public const int MaxCount = 100;

    private const string Forms =
        "a check is status==200, status!=5xx, header Name, header Name==value, header Name~part, body==text, body~part or body!~part";

    private readonly Func<ResponseText, bool> _holds;

    private Check(string text, bool readsBody, Func<ResponseText, bool> holds) => (Text, ReadsBody, _holds) = (text, readsBody, holds);

    /// <summary>As it was written; failures are counted under it.</summary>
    public string Text { get; }

    public bool ReadsBody { get; }

    /// <summary>A check that is written in another form.</summary>
    public static Check Of(string text, bool readsBody, Func<ResponseText, bool> holds) => new(text, readsBody, holds);

    public static bool TryParse(string text, [NotNullWhen(true)] out Check? check, [NotNullWhen(false)] out string? problem)
    {
        check = null;
        problem = null;
        string written = text.Trim();
        if (Pattern().Match(written) is not { Success: true } match)
        {
            problem = Forms;
            return false;
        }

        string comparison = match.Groups["comparison"].Value;
        string value = match.Groups["value"].Value.Trim();
        string header = match.Groups["header"].Value;
        switch (match.Groups["what"].Value)
        {
            case "status" when StatusRange(value) is var (first, last) && comparison is "==" or "!=":
                (int from, int to) = StatusRange(value)!.Value;
                check = new Check(written, false, response => (response.Status >= from && response.Status <= to) == (comparison == "=="));
                break;
            case "status":
                problem = $"status is compared by == or != with a code such as 200 or 5xx; {Forms}";
                break;
            case "body" when comparison.Length > 0:
                check = new Check(written, true, response => Compare(response.Body, comparison, value));
                break;
            case "body":
                problem = Forms;
                break;
            default:
                check = new Check(written, false, response => response.Header(header) is { } actual
                    ? comparison.Length == 0 || Compare(actual, comparison, value)
                    : comparison.StartsWith('!'));
                break;
        }

        return check is not null;
    }

    public bool Holds(ResponseText response) => _holds(response);

    private static (int First, int Last)? StatusRange(string text) =>
        text is [>= '1' and <= '5' and var digit, 'x' or 'X', 'x' or 'X'] ? ((digit - '0') * 100, ((digit - '0') * 100) + 99)
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int code) && code is >= 100 and <= 599 ? (code, code)
        : null;

    private static bool Compare(string actual, string comparison, string value) => comparison switch
    {
        "==" => string.Equals(actual, value, StringComparison.Ordinal),
        "!=" => !string.Equals(actual, value, StringComparison.Ordinal),
        "~" => actual.Contains(value, StringComparison.Ordinal),
        _ => !actual.Contains(value, StringComparison.Ordinal),
    };

    [GeneratedRegex(
        @"^((?<what>status|body)|(?<what>header)\s+(?<header>[!#$%&'*+.^_`|0-9A-Za-z-]+?))\s*((?<comparison>==|!=|!~|~)(?<value>.*))?$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.Singleline,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
