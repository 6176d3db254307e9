using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What came back, and what did not.</summary>
internal static class ResponsesSection
{
    private const int LongestMessage = 300;

    public static void Write(Markup markup, QuickResult result)
    {
        markup.Element("h2", "Responses and errors").Open("div", ("class", "grid"));
        Cards.Card(markup, "Status codes", () => Codes(markup, result));
        Cards.Card(markup, "Errors", () => Errors(markup, result));
        if (result.Checks.Count > 0)
        {
            Cards.Card(markup, "Checks", () => Checks(markup, result));
        }

        markup.Close();
    }

    private static void Codes(Markup markup, QuickResult result)
    {
        if (result.Codes.Count == 0)
        {
            Cards.Note(markup, "There were no responses.");
            return;
        }

        Tables.Bars(
            markup,
            "Status codes",
            "Status",
            "Responses",
            [
                .. result.Codes
                    .OrderByDescending(code => code.Value)
                    .ThenBy(code => code.Key, StringComparer.Ordinal)
                    .Select(code => (code.Key, (double)code.Value)),
            ],
            Ink.Blue);
    }

    private static void Checks(Markup markup, QuickResult result)
    {
        const int Most = 30;
        Tables.Write(
            markup,
            "Checks",
            ["Check", "Passed", "Failed"],
            result.Checks
                .OrderByDescending(check => check.Value.Failed)
                .ThenBy(check => check.Key, StringComparer.Ordinal)
                .Take(Most)
                .Select(check => (string[])
                [
                    Figures.Shorten(check.Key, 100),
                    Figures.Count(check.Value.Passed),
                    Figures.Count(check.Value.Failed),
                ]));
        if (result.Checks.Count > Most)
        {
            Cards.Note(markup, $"{Figures.Count(result.Checks.Count - Most)} more checks are in the JSON.");
        }
    }

    private static void Errors(Markup markup, QuickResult result)
    {
        if (result.Errors.Count == 0)
        {
            Cards.Note(
                markup,
                result.Unanswered == 0
                    ? "Every request got a complete response."
                    : "No request failed; some were unanswered when the run was interrupted.");
            return;
        }

        const int Most = 30;
        Tables.Write(
            markup,
            "Errors",
            ["Kind", "Requests", "For example"],
            result.Errors
                .OrderByDescending(error => error.Value)
                .ThenBy(error => error.Key, StringComparer.Ordinal)
                .Take(Most)
                .Select(error => (string[])
                [
                    Figures.Shorten(error.Key, 100),
                    Figures.Count(error.Value),
                    result.ErrorExamples.TryGetValue(error.Key, out string? example) ? Figures.Shorten(example, LongestMessage) : "",
                ]),
            lastIsText: true);
        Cards.Note(
            markup,
            $"{Figures.Count(result.ReplaySafeErrors)} of the {Figures.Plural(result.Errors.Values.Sum(), "error")} "
                + $"{(result.ReplaySafeErrors == 1 ? "was" : "were")} on requests that a client may safely replay, and would not have "
                + "shown. The load never replays a request.");
        if (result.Errors.Count > Most)
        {
            Cards.Note(markup, $"And {Figures.Count(result.Errors.Count - Most)} more kinds of errors.");
        }
    }
}
