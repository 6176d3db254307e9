using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What the load cost on this side, and whether it kept to its schedule.</summary>
internal static class GeneratorSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        CpuResult cpu = result.Cpu;
        markup.Element("h2", "Load generator").Open("div", ("class", "grid"));
        Cards.Card(markup, "Its processor time", () => Tables.Write(
            markup,
            "Processor time of the load generator",
            ["", "Measured"],
            [
                ["In all", Figures.Duration(cpu.Seconds)],
                ["Per request", Figures.Number(cpu.MicrosPerRequest) + " µs"],
                ["Cores busy on average", $"{Figures.Number(cpu.Cores)} of {Figures.Count(cpu.AvailableCores)}"],
            ]));
        Cards.Card(markup, "How late it started requests", () => Delay(markup, result.StartDelayMs));
        markup.Close().Open("div", ("class", "card"));
        Cards.Note(markup, result.GeneratorLimited ? "It was a limit: see the warning at the top." : "It kept up: nothing suggests that it limited the load or disturbed the figures.");
        markup.Close();
    }

    private static void Delay(Markup markup, DurationSummary delay)
    {
        if (delay.Count == 0)
        {
            Cards.Note(markup, "It started none.");
            return;
        }

        Tables.Write(
            markup,
            "Time from when a request was due to its start",
            ["", "After it was due"],
            [["p50", Figures.Milliseconds(delay.P50)], ["p99", Figures.Milliseconds(delay.P99)], ["max", Figures.Milliseconds(delay.Max)]]);
    }
}
