using System.Globalization;
using Spectre.Console;

namespace Warmwire.Cli.Experiment;

/// <summary>Both runs side by side, and what that means in words.</summary>
internal static class ExperimentView
{
    private static readonly Style s_after = new(Color.Green, decoration: Decoration.Bold);

    public static void Write(IAnsiConsole console, ExperimentReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).BorderStyle(new Style(decoration: Decoration.Dim));
        table.AddColumn(Column("", Style.Plain).LeftAligned());
        table.AddColumn(Column("before: a client per invocation", Style.Plain).RightAligned());
        table.AddColumn(Column("after: one shared client", s_after).RightAligned());
        Row("Invocations", static run => Whole(run.Invocations));
        Row("Failed", static run => Whole(run.Failed));
        Row("Connections to the server", static run => Whole(run.UpstreamConnections));
        Row("DNS lookups", static run => Whole(run.DnsLookups));
        Row("Left in TIME_WAIT", static run => Whole(run.TimeWaitSockets));
        Row(
            "CPU of the function, µs per invocation",
            static run => run.CpuMicrosPerInvocation.ToString("N0", CultureInfo.InvariantCulture));
        Row("p50 ms", static run => Fraction(run.P50Ms));
        Row("p99 ms", static run => Fraction(run.P99Ms));
        console.Write(table);
        foreach (string sentence in Sentences(report))
        {
            console.WriteLine(sentence);
        }

        void Row(string name, Func<FunctionReport, string> value) =>
            table.AddRow(new Text(name), new Text(value(report.Before)), new Text(value(report.After), s_after));
    }

    /// <summary>Only what was measured.</summary>
    internal static IEnumerable<string> Sentences(ExperimentReport report)
    {
        (FunctionReport before, FunctionReport after) = (report.Before, report.After);
        yield return Invariant($"Before, {before.Invocations:N0} invocations with a client each opened {Connections(before)}; after, ")
            + Invariant($"{after.Invocations:N0} with a shared client opened {after.UpstreamConnections:N0}.");
        yield return CpuComparison.Of(before, after);

        if (before.Failed + after.Failed > 0)
        {
            yield return Invariant($"Failed invocations: {before.Failed:N0} before, {after.Failed:N0} after.");
        }

        if (before.GeneratorLimited || after.GeneratorLimited)
        {
            yield return "The load, the function and the server share this machine's cores, which were a limit: counts are exact, "
                + "times are rough.";
        }
    }

    private static string Connections(FunctionReport run) =>
        run.UpstreamConnections == 1 ? "1 connection" : Invariant($"{run.UpstreamConnections:N0} connections");

    private static TableColumn Column(string heading, Style style) =>
        new(new Text(heading, style)) { Padding = new Padding(0, 0, 2, 0) };

    private static string Whole(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Fraction(double value) =>
        value.ToString(value < 10 ? "0.00" : value < 100 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
