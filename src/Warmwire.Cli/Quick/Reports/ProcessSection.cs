using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What the watched process used, and which connections it made itself.</summary>
internal static class ProcessSection
{
    private const int MostAddresses = 20;

    public static void Write(Markup markup, QuickResult result)
    {
        if (result.Process is not { } process)
        {
            return;
        }

        string listens = process.ListensOn is { } port ? $", which listens on port {port.ToString(CultureInfo.InvariantCulture)}" : "";
        markup.Element("h2", $"Process {Figures.Shorten(process.Name, 100)}, {process.Pid}{listens}");
        markup.Open("div", ("class", "grid"));
        Cards.Card(markup, "Before, during and after", () => States(markup, process));
        Cards.Card(markup, "Outgoing connections by remote address", () => Outgoing(markup, process));
        if (process.Series.Count > 0)
        {
            Charts(markup, process, result.Series.IntervalSeconds);
        }

        markup.Close();
        if (process.Notes.Count > 0)
        {
            markup.Open("div", ("class", "card"));
            foreach (string note in process.Notes.Take(MostAddresses))
            {
                Cards.Note(markup, Figures.Shorten(note, 500));
            }

            markup.Close();
        }
    }

    private static void States(Markup markup, ProcessResult process)
    {
        string[] Row(string name, Func<ProcessState, string> figure) =>
            [name, figure(process.Before), figure(process.During), figure(process.After)];
        Tables.Write(
            markup,
            "Process before, during and after the run",
            ["", "Before", "Most", "After"],
            [
                Row("Descriptors", state => Figures.Count(state.Descriptors)),
                Row("Memory", state => Figures.Megabytes(state.ResidentMegabytes)),
                Row("Threads", state => Figures.Count(state.Threads)),
                Row("Outgoing connections", state => Figures.Count(state.Outgoing.Values.Sum(count => (long)count))),
                Row("Incoming connections", state => Figures.Count(state.Incoming)),
                Row("Sockets in TIME_WAIT", state => Figures.Count(state.TimeWait.Values.Sum(count => (long)count))),
            ]);
        Cards.Note(
            markup,
            $"It used {Figures.Duration(process.CpuSeconds)} of CPU time, {Figures.Number(process.CpuMicrosPerRequest)} µs per request."
                + (process.Ended ? " It exited before the run ended." : "")
                + " Sockets in TIME_WAIT are those to addresses that it was seen using."
                + (process.Descendants.Count > 0
                    ? $" All figures include its child processes: {Figures.Shorten(string.Join(", ", process.Descendants.Keys), 200)}."
                    : ""));
    }

    private static void Outgoing(Markup markup, ProcessResult process)
    {
        ProcessState[] states = [process.Before, process.During, process.After];
        List<string> addresses =
        [
            .. process.OutgoingSeen.Keys.Concat(process.TimeWaitSeen.Keys).Concat(states.SelectMany(state => state.Outgoing.Keys))
                .Distinct(StringComparer.Ordinal)
                .OrderByDescending(
                    address => Math.Max(process.OutgoingSeen.GetValueOrDefault(address), process.TimeWaitSeen.GetValueOrDefault(address)))
                .ThenBy(address => address, StringComparer.Ordinal),
        ];
        if (addresses.Count == 0)
        {
            Cards.Note(markup, "No connections were seen.");
            return;
        }

        Tables.Write(
            markup,
            "Outgoing connections of the process by remote address",
            ["Address", "Before", "Most", "After", "Seen", "To TIME_WAIT"],
            addresses.Take(MostAddresses).Select(address => (string[])
            [
                Figures.Shorten(address, 100),
                .. states.Select(state => Figures.Count(state.Outgoing.GetValueOrDefault(address))),
                Figures.Count(process.OutgoingSeen.GetValueOrDefault(address)),
                Figures.Count(process.TimeWaitSeen.GetValueOrDefault(address)),
            ]));
        Cards.Note(
            markup,
            "The numbers are minimums: connections that opened and closed between two samples were missed, but are counted when they "
                + "enter TIME_WAIT."
                + (
                    addresses.Count > MostAddresses
                        ? $" {Figures.Count(addresses.Count - MostAddresses)} more addresses are in the JSON."
                        : ""));
    }

    private static void Charts(Markup markup, ProcessResult process, double interval)
    {
        IReadOnlyList<ProcessPoint> points = process.Series;
        var across = Axis.OfTime(points[^1].At + (points.Count == 1 ? interval : 0));
        Plot Plot(string title, string description, string unit, bool isWhole, params IReadOnlyList<Series> series) => new()
        {
            Title = title,
            Description = description,
            Unit = unit,
            Across = across,
            Up = Axis.Linear(0, series.Max(row => row.Values.Max()), isWhole),
            Positions = [.. points.Select(point => point.At)],
            Series = series,
        };

        double most = points.Max(point => point.Cores);
        Cards.Chart(markup, "CPU over time", Plot(
            "Cores used by the process",
            $"It used {Figures.Number(points.Average(point => point.Cores))} cores on average and {Figures.Number(most)} at most.",
            "cores",
            false,
            new Series("cores", Ink.Blue, Mark.Area, [.. points.Select(point => point.Cores)])));
        Cards.Chart(markup, "Descriptors and connections over time", Plot(
            "Descriptors and outgoing connections of the process",
            $"It had {Figures.Count(points[0].Descriptors)} descriptors at first, at most "
                + $"{Figures.Count(points.Max(point => point.Descriptors))} and {Figures.Count(points[^1].Descriptors)} in the end; "
                + $"of connections it had made {Figures.Count(points[0].Outgoing)}, "
                    + $"{Figures.Count(points.Max(point => point.Outgoing))} and {Figures.Count(points[^1].Outgoing)}.",
            "open at each sample",
            true,
            new Series("descriptors", Ink.Blue, Mark.Line, [.. points.Select(point => (double)point.Descriptors)]),
            new Series("outgoing connections", Ink.Orange, Mark.Dashes, [.. points.Select(point => (double)point.Outgoing)])));
    }
}
