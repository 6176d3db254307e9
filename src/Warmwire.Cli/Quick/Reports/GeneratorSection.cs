using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Verdicts;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What the load cost on this side, and whether it kept to its schedule.</summary>
internal static class GeneratorSection
{
    public static void Write(Markup markup, QuickResult result)
    {
        CpuResult cpu = result.Cpu;
        markup.Element("h2", "Load generator").Open("div", ("class", "grid"));
        Cards.Card(markup, "CPU time", () => Tables.Write(
            markup,
            "CPU time of the load generator",
            ["", "Measured"],
            [
                ["In all", Figures.Duration(cpu.Seconds)],
                ["Per request", Figures.Number(cpu.MicrosPerRequest) + " µs"],
                ["Cores used on average", $"{Figures.Number(cpu.Cores)} of {Figures.Count(cpu.AvailableCores)}"],
                ["All processes of the machine", cpu.MachineBusy is { } busy ? Figures.Percent(busy) + " busy" : "not available"],
            ]));
        Cards.Card(markup, "Start delay", () => Delay(markup, result));
        markup.Close().Open("div", ("class", "card"));
        Cards.Note(
            markup,
            result.GeneratorLimited
                ? GeneratorLimit.Subject(result) + " was a limit; see the warning at the top."
                : "The load generator kept up.");
        markup.Close();
    }

    private static void Delay(Markup markup, QuickResult result)
    {
        DurationSummary delay = result.StartDelayMs;
        if (delay.Count == 0)
        {
            Cards.Note(markup, "No requests were started.");
            return;
        }

        Tables.Write(
            markup,
            "Time from when a request was scheduled to its start",
            ["", "Delay"],
            [["p50", Figures.Milliseconds(delay.P50)], ["p99", Figures.Milliseconds(delay.P99)], ["max", Figures.Milliseconds(delay.Max)]]);
        Cards.Note(markup, $"Of the corrected p99, the start delay is at most {Figures.Percent(StartDelay.ShareOf(result))}.");
    }
}
