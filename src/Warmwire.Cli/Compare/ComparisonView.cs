using Spectre.Console;
using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Compare;

/// <summary>The result for a person: one table, then what it means in words.</summary>
internal static class ComparisonView
{
    /// <summary>From this width a row of the table is a row of the comparison; below it, a column is.</summary>
    private const int WideTable = 118;

    /// <summary>Below this width, each row has a table of its own.</summary>
    private const int NarrowTable = 78;

    private static readonly Style s_plain = Style.Plain;
    private static readonly Style s_highlight = new(Color.Green, decoration: Decoration.Bold);

    public static void Write(IAnsiConsole console, CompareReport report, IReadOnlyList<string> notes)
    {
        // The border's first and last line are blank.
        IEnumerable<Table> tables = console.Profile.Width switch
        {
            >= WideTable => [Wide(report)],
            >= NarrowTable => [Narrow(report)],
            _ => report.Rows.Select(Single),
        };
        foreach (Table table in tables)
        {
            console.Write(table);
        }

        foreach (string sentence in Verdict.Sentences(report).Concat(notes))
        {
            console.WriteLine(sentence);
        }
    }

    private static Table Wide(CompareReport report)
    {
        Table table = Empty();
        table.AddColumn(Column("", s_plain).LeftAligned());
        foreach (Metric metric in Metric.All)
        {
            table.AddColumn(Column(metric.Heading, s_plain).RightAligned());
        }

        foreach (RowReport row in report.Rows)
        {
            table.AddRow(Metric.All.Select(metric => Cell(metric.Value(row), row)).Prepend(Cell(row.Name, row)));
        }

        return table;
    }

    private static Table Narrow(CompareReport report)
    {
        Table table = Empty();
        table.AddColumn(Column("", s_plain).LeftAligned());
        foreach (RowReport row in report.Rows)
        {
            table.AddColumn(Column(row.Name, StyleOf(row)).RightAligned());
        }

        foreach (Metric metric in Metric.All)
        {
            table.AddRow(report.Rows.Select(row => Cell(metric.Value(row), row)).Prepend(new Text(metric.Name)));
        }

        return table;
    }

    private static Table Single(RowReport row)
    {
        Table table = Empty();
        table.AddColumn(Column(row.Name, StyleOf(row)).LeftAligned());
        table.AddColumn(Column("", StyleOf(row)).RightAligned());
        foreach (Metric metric in Metric.All)
        {
            table.AddRow(new Text(metric.Name), Cell(metric.Value(row), row));
        }

        return table;
    }

    private static Table Empty() => new Table().Border(TableBorder.Simple).BorderStyle(new Style(decoration: Decoration.Dim));

    private static TableColumn Column(string heading, Style style) =>
        new(new Text(heading, style)) { Padding = new Padding(0, 0, 0, 0), NoWrap = true };

    private static Text Cell(string text, RowReport row) => new(text, StyleOf(row));

    private static Style StyleOf(RowReport row) => row.Name == RowNames.Warmwire ? s_highlight : s_plain;
}
