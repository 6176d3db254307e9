using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What was sent over time, and what came back.</summary>
internal static class LoadSection
{
    private const int LongestMessage = 300;

    public static void Write(Markup markup, QuickResult result)
    {
        markup.Element("h2", "Requests and responses").Open("div", ("class", "grid"));
        Rate(markup, result);
        Cards.Card(markup, "Status codes", () => Codes(markup, result));
        markup.Close().Open("div", ("class", "card"));
        markup.Element("h3", "Errors");
        Errors(markup, result);
        markup.Close();
    }

    private static void Rate(Markup markup, QuickResult result)
    {
        var line = new TimeLine(result.Series);
        if (line.Points.Count == 0)
        {
            Cards.Sentence(markup, "Rate over time", "There are no figures over time.");
            return;
        }

        IReadOnlyList<double> due = line.RateOf(point => point.Due);
        IReadOnlyList<double> started = line.RateOf(point => point.Started);
        IReadOnlyList<double> responses = line.RateOf(point => point.Responses);
        IReadOnlyList<double> errors = line.RateOf(point => point.Errors);
        double highest = new[] { due, started, responses, errors }.Max(values => values.Max());
        string description = $"At most {Figures.Rate(due.Max())} were due, {Figures.Rate(started.Max())} started and {Figures.Rate(responses.Max())} answered; "
            + (errors.Max() > 0 ? $"errors came at up to {Figures.Rate(errors.Max())}." : "there were no errors.");
        List<Series> series =
        [
            new("due", Ink.Grey, Mark.Band, due),
            new("started", Ink.Blue, Mark.Line, started),
            new("responses", Ink.Orange, Mark.Dashes, responses),
        ];
        if (errors.Max() > 0)
        {
            series.Insert(0, new Series("errors", Ink.Red, Mark.Bars, errors));
        }

        Cards.Chart(markup, "Rate over time", line.Plot("Rate over time", description, "per second", Axis.Linear(0, highest, isWhole: false), series));
    }

    private static void Codes(Markup markup, QuickResult result)
    {
        if (result.Codes.Count == 0)
        {
            Cards.Note(markup, "No response came.");
            return;
        }

        Tables.Bars(
            markup,
            "Status codes",
            "Status",
            "Responses",
            [.. result.Codes.OrderByDescending(code => code.Value).ThenBy(code => code.Key, StringComparer.Ordinal).Select(code => (code.Key, (double)code.Value))],
            Ink.Blue);
    }

    private static void Errors(Markup markup, QuickResult result)
    {
        if (result.Errors.Count == 0)
        {
            Cards.Note(markup, "Every request got a whole response.");
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
        if (result.Errors.Count > Most)
        {
            Cards.Note(markup, $"And {Figures.Count(result.Errors.Count - Most)} more kinds of errors.");
        }
    }
}
