using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>The result in words, and the conditions that were set.</summary>
internal static class VerdictSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        int failed = result.Ensure.Count(condition => !condition.Held);
        (string state, string heading) = (result.Ensure.Count, failed) switch
        {
            (0, _) when result.Responses == 0 => (" failed", "✗ No response"),
            (0, _) => ("", "Verdict"),
            (1, 0) => (" passed", "✓ The condition passed"),
            (var all, 0) => (" passed", $"✓ All {Figures.Count(all)} conditions passed"),
            (1, _) => (" failed", "✗ The condition failed"),
            (var all, _) => (" failed", $"✗ {Figures.Count(failed)} of {Figures.Count(all)} conditions failed"),
        };
        markup.Open("section", ("class", "card verdict" + state)).Element("h2", heading);
        foreach (string sentence in result.Verdict)
        {
            markup.Element("p", Figures.Shorten(sentence, 1000));
        }

        if (result.Ensure.Count > 0)
        {
            Conditions(markup, result.Ensure);
        }

        markup.Close();
    }

    private static void Conditions(Markup markup, IReadOnlyList<EnsureResult> conditions)
    {
        Tables.Start(markup, "Conditions");
        markup.Open("thead").Open("tr")
            .Element("th", "Condition", ("scope", "col"), ("align", "left"))
            .Element("th", "Measured", ("scope", "col"), ("align", "right"), ("class", "number"))
            .Element("th", "Passed", ("scope", "col"), ("align", "left"))
            .Close().Close().Open("tbody");
        foreach (EnsureResult condition in conditions)
        {
            markup.Open("tr")
                .Open("th", ("scope", "row"), ("align", "left")).Element("code", condition.Condition).Close()
                .Element("td", condition.Actual, ("align", "right"), ("class", "number"))
                .Open("td", ("align", "left"))
                    .Element("strong", condition.Held ? "✓ yes" : "✗ no", ("class", condition.Held ? "yes" : "no"))
                    .Close()
                .Close();
        }

        Tables.End(markup.Close());
    }
}
