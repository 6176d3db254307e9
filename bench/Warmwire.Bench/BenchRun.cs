using Warmwire.Bench.Contestants;
using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Reporting;
using Warmwire.Bench.Scenarios;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench;

/// <summary>
/// A whole run: the chosen scenarios one after the other. Markdown goes to standard output as it comes, progress to the error stream.
/// </summary>
internal static class BenchRun
{
    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        if (options.List)
        {
            foreach (Scenario scenario in Catalog.Scenarios)
            {
                await Console.Out.WriteLineAsync($"{scenario.Name,-16}{(scenario.IsQuick ? "quick  " : "       ")}{scenario.Title}");
            }

            return;
        }

        Scenario[] scenarios = [.. Catalog.Chosen(options)];
        if (scenarios.Length == 0)
        {
            throw new BenchFailure($"no scenario is called {string.Join(" or ", options.Only)}; see bench/bench --list");
        }

        var cores = new Cores(options);
        Contestant[] contestants = [.. Catalog.Contestants(options)];
        using var output = new Output(options.Output);
        output.Write(await MachineInfo.HeaderAsync(options, cancellationToken));
        string[] notices =
        [
            .. contestants.Where(static c => c.Missing is not null).Select(static c => $"{c.Name} is skipped: {c.Missing}"),
        ];
        foreach (string notice in cores.Notice is null ? notices : [cores.Notice, .. notices])
        {
            output.Write($"- {notice}\n");
        }

        if (notices.Length > 0 || cores.Notice is not null)
        {
            output.Write("\n");
        }

        using var files = new ServerFiles();
        List<ScenarioResult> results = [];
        foreach (Scenario scenario in scenarios)
        {
            await Console.Error.WriteLineAsync($"{scenario.Name} ({results.Count + 1} of {scenarios.Length})");
            ScenarioResult result = await new Rounds(options, scenario, cores, files).RunAsync(contestants, cancellationToken);
            results.Add(result);
            output.Write(MarkdownReport.Section(result, cores));
        }

        output.Write(MarkdownReport.Summary(results));
    }

    private sealed class Output(string? file) : IDisposable
    {
        private readonly StreamWriter? _file = file is null ? null : new StreamWriter(file) { AutoFlush = true };

        public void Write(string text)
        {
            Console.Out.Write(text);
            Console.Out.Flush();
            _file?.Write(text);
        }

        public void Dispose() => _file?.Dispose();
    }
}
