using System.Globalization;
using System.Text;
using Warmwire.Bench.Contestants;
using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Reporting;

/// <summary>Writes results as Markdown.</summary>
internal static class MarkdownReport
{
    private const string Product = "PooledHttpHandler";

    public static string Section(ScenarioResult result, Cores cores)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {result.Scenario.Name}: {result.Scenario.Title}\n\n");
        return text.Append(result.Rows.Count > 0 ? Table(result, cores) : Notes(result)).ToString();
    }

    private static string Table(ScenarioResult result, Cores cores)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{result.Server}; {cores.Describe(result.Scenario.Placement)}; ");
        int rounds = result.Rows.Select(static r => r.Rounds.Count).DefaultIfEmpty().Max();
        text.Append(CultureInfo.InvariantCulture, $"median of {rounds} rounds (least–most).");
        text.Append(result.Scenario.About is { } about ? $" {about}\n\n" : "\n\n");

        IReadOnlyList<Column> columns = [.. result.Scenario.Columns.Where(c => result.Rows.Any(r => r.Values(c).Any()))];
        IReadOnlyList<Column> compared = [.. columns.Where(static c => c.Compared is not null)];
        text.Append("| |").AppendJoin('|', columns.Select(static c => $" {c.Title} ")).Append('|');
        text.AppendJoin("", compared.Select(static c => $" {c.Compared}, ratio (rounds) |")).Append('\n');
        text.Append("|---|").AppendJoin("", Enumerable.Repeat("---:|", columns.Count + compared.Count)).Append('\n');
        foreach (Row row in result.Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Contestant.Name} |");
            text.AppendJoin("", columns.Select(c => $" {Cell(row, c)} |"));
            text.AppendJoin("", compared.Select(c => $" {RatioCell(result, row, c)} |"));
            text.Append('\n');
        }

        return text.Append('\n').Append(Notes(result)).ToString();
    }

    private static string Notes(ScenarioResult result)
    {
        var text = new StringBuilder();
        foreach (string note in result.Notes)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {note}\n");
        }

        return text.Append(result.Notes.Count > 0 ? "\n" : "").ToString();
    }

    /// <summary>The ratios of Warmwire's rows over all scenarios.</summary>
    public static string Summary(IEnumerable<ScenarioResult> results)
    {
        var text = new StringBuilder(
            "## Summary\n\n| scenario | contestant | compared with | ratio of medians (median of the rounds' ratios) |\n"
            + "|---|---|---|---|\n");
        foreach (ScenarioResult result in results)
        {
            foreach (Row row in result.Rows.Where(static r => r.Contestant.Name.StartsWith(Product, StringComparison.Ordinal)))
            {
                IEnumerable<string> ratios = result.Scenario.Columns.Where(static c => c.Compared is not null)
                    .Select(c => (c.Compared, Ratio: RatioOfMedians(result, row, c), Rounds: RatiosOfRounds(result, row, c)))
                    .Where(static r => r.Ratio is not null)
                    .Select(static r => string.Create(
                        CultureInfo.InvariantCulture, $"{r.Compared} **{r.Ratio:0.00}** ({r.Rounds?.Median:0.00})"));
                Contestant contestant = row.Contestant;
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {result.Scenario.Name} | {contestant.Name} | {contestant.ComparedWith} | {string.Join(", ", ratios)} |\n");
            }
        }

        return text.Append('\n').ToString();
    }

    private static string Cell(Row row, Column column)
    {
        if (Statistics.Of(row.Values(column)) is not { } statistics)
        {
            return "–";
        }

        string median = Number(statistics.Median, column.Digits);
        return column.Compared is null
            ? median
            : $"{median} ({Number(statistics.Least, column.Digits)}–{Number(statistics.Most, column.Digits)})";
    }

    private static string RatioCell(ScenarioResult result, Row row, Column column)
    {
        if (RatioOfMedians(result, row, column) is not { } ratio || BaselineOf(result, row) is not { } baseline)
        {
            return "–";
        }

        if (baseline == row)
        {
            return "1";
        }

        return RatiosOfRounds(result, row, column) is { } rounds
            ? $"**{Number(ratio, 2)}** ({Number(rounds.Median, 2)}, {Number(rounds.Least, 2)}–{Number(rounds.Most, 2)})"
            : $"**{Number(ratio, 2)}**";
    }

    private static double? RatioOfMedians(ScenarioResult result, Row row, Column column) =>
        BaselineOf(result, row) is { } baseline
        && Statistics.Of(row.Values(column)) is { } own
        && Statistics.Of(baseline.Values(column)) is { Median: not 0 } other
            ? own.Median / other.Median
            : null;

    private static Statistics? RatiosOfRounds(ScenarioResult result, Row row, Column column) => BaselineOf(result, row) is { } baseline
        ? Statistics.Of(
            row.Rounds.Zip(baseline.Rounds, (one, other) => column.Value(one) / column.Value(other))
                .OfType<double>().Where(double.IsFinite))
        : null;

    private static Row? BaselineOf(ScenarioResult result, Row row) =>
        result.Rows.FirstOrDefault(r => r.Contestant.Name == row.Contestant.ComparedWith);

    private static string Number(double value, int digits) => value.ToString($"N{digits}", CultureInfo.InvariantCulture);
}
