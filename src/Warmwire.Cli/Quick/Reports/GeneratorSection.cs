using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What the load cost on this side, and whether it kept to its schedule.</summary>
internal static class GeneratorSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        CpuResult cpu = result.Cpu;
        DurationSummary delay = result.StartDelayMs;
        markup.Element("h2", "Load generator").Open("div", ("class", "card"));
        Tables.Write(
            markup,
            "Load generator",
            ["", "Measured"],
            [
                ["Processor time", Figures.Duration(cpu.Seconds)],
                ["Per request", Figures.Number(cpu.MicrosPerRequest) + " µs"],
                ["Cores busy on average", $"{Figures.Number(cpu.Cores)} of {Figures.Count(cpu.AvailableCores)}"],
                .. delay.Count == 0 ? [] : (string[][])
                [
                    ["Started after due, p50", Figures.Milliseconds(delay.P50)],
                    ["Started after due, p99", Figures.Milliseconds(delay.P99)],
                    ["Started after due, at most", Figures.Milliseconds(delay.Max)],
                ],
            ]);
        Cards.Note(markup, result.GeneratorLimited ? "It was a limit: see the warning at the top." : "It kept up: nothing suggests that it limited the load or disturbed the figures.");
        markup.Close();
    }
}
