using Warmwire.Bench.Contestants;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Scenarios;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Measuring;

/// <summary>
/// Runs a scenario. All contestants are started and warmed first; then each round lets every one of them run once, so that what disturbs
/// the machine disturbs them alike. The order turns by one place each round.
/// </summary>
internal sealed class Rounds
{
    private const double RampSeconds = 0.1;

    private readonly BenchOptions _options;
    private readonly Scenario _scenario;
    private readonly Cores _cores;
    private readonly ServerFiles _files;
    private readonly List<string> _notes = [];

    public Rounds(BenchOptions options, Scenario scenario, Cores cores, ServerFiles files)
    {
        _options = options;
        _scenario = scenario;
        _cores = cores;
        _files = files;
    }

    public async Task<ScenarioResult> RunAsync(IEnumerable<Contestant> contestants, CancellationToken cancellationToken)
    {
        bool hasNginx = NginxServer.Program is not null && !_options.Kestrel;
        if (_scenario.Server == ServerNeed.Nginx && !hasNginx)
        {
            string why = _options.Kestrel ? "the run is one without nginx" : "nginx is not installed";
            return new ScenarioResult(_scenario, "nginx", [], [$"It is skipped: {why}"]);
        }

        bool nginx = hasNginx && _scenario.Server != ServerNeed.Kestrel;
        IReadOnlyList<string> pinning = _cores.ForServer(_scenario.Placement);
        await using IBenchServer server = nginx
            ? await NginxServer.StartAsync(_files, _scenario.ServerStreams, pinning, cancellationToken)
            : await KestrelServer.StartAsync(_files, _scenario.ServerStreams, pinning, cancellationToken);

        List<Entry> entries = [];
        try
        {
            foreach (Contestant contestant in contestants.Where(c => c.Missing is null && c.TakesPart(_scenario, _options.Quick)))
            {
                await StartAsync(contestant, server, entries, cancellationToken);
            }

            await MeasureAsync(entries, server, cancellationToken);
        }
        finally
        {
            foreach (Entry entry in entries)
            {
                await entry.Runner.DisposeAsync();
            }
        }

        return new ScenarioResult(
            _scenario, nginx ? "nginx" : "Kestrel", [.. entries.Select(static e => new Row(e.Contestant, e.Samples))], _notes);
    }

    private async Task StartAsync(Contestant contestant, IBenchServer server, List<Entry> entries, CancellationToken cancellationToken)
    {
        if (contestant.Refusal(_scenario) is { } refusal)
        {
            _notes.Add($"{contestant.Name} is left out: {refusal}");
            return;
        }

        await Console.Error.WriteAsync($"  {contestant.Name}: ");
        IRunner? runner = null;
        try
        {
            long connections = await server.CountConnectionsAsync(cancellationToken);
            runner = await contestant.StartAsync(
                _scenario,
                server.Url(_scenario.Path, _scenario.Https, _scenario.Http2Connections > 0),
                _cores.ForClient(_scenario.Placement),
                cancellationToken);
            if (!_scenario.FreshProcesses)
            {
                Sample warmUp = await runner.RunAsync(_scenario.WarmUpSeconds(_options.Quick) * contestant.WarmUpFactor, cancellationToken);
                if (warmUp["errors"] >= warmUp["requests"])
                {
                    throw new BenchFailure($"no request was answered; the last error: {warmUp.LastError}");
                }
            }

            entries.Add(new Entry(contestant, runner) { Opened = await server.CountConnectionsAsync(cancellationToken) - connections });
            await Console.Error.WriteLineAsync(_scenario.FreshProcesses ? "a process for each round" : "warm");
        }
        catch (BenchFailure failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            _notes.Add($"{contestant.Name} did not run: {failure.Message}");
            if (runner is not null)
            {
                await runner.DisposeAsync();
            }
        }
    }

    private async Task MeasureAsync(List<Entry> entries, IBenchServer server, CancellationToken cancellationToken)
    {
        int rounds = _options.Rounds ?? _scenario.Rounds(_options.Quick);
        double seconds = _options.Seconds ?? _scenario.Seconds(_options.Quick);
        for (int round = 0; round < rounds; round++)
        {
            await Console.Error.WriteAsync($"\r  round {round + 1} of {rounds} ");
            for (int i = 0; i < entries.Count; i++)
            {
                Entry entry = entries[(i + round) % entries.Count];
                if (entry.HasFailed)
                {
                    continue;
                }

                try
                {
                    bool lasts = !_scenario.FreshProcesses && entry.Runner is not ToolRunner;
                    long before = await server.CountConnectionsAsync(cancellationToken);
                    if (lasts)
                    {
                        await entry.Runner.RunAsync(RampSeconds, cancellationToken);
                    }

                    long connections = await server.CountConnectionsAsync(cancellationToken);
                    Sample sample = await entry.Runner.RunAsync(seconds, cancellationToken);
                    long after = await server.CountConnectionsAsync(cancellationToken);
                    sample["connections"] = after - connections;
                    entry.Opened = after - before + (lasts ? entry.Opened : 0);
                    sample["opened"] = entry.Opened;
                    entry.Samples.Add(sample);
                }
                catch (BenchFailure failure)
                {
                    entry.HasFailed = true;
                    _notes.Add($"{entry.Contestant.Name} stopped in round {round + 1}: {failure.Message}");
                }
            }
        }

        await Console.Error.WriteLineAsync();
        foreach (Entry entry in entries)
        {
            if (_scenario.Http2Connections > 0
                && entry.Samples.Select(static s => s["opened"]).Max() is { } opened
                && opened != _scenario.Http2Connections)
            {
                _notes.Add($"{entry.Contestant.Name} opened {opened:0} connections in place of {_scenario.Http2Connections}");
            }

            double errors = entry.Samples.Sum(static s => s["errors"] ?? 0);
            if (errors > 0)
            {
                double requests = entry.Samples.Sum(static s => s["requests"] ?? 0);
                string? last = entry.Samples.Select(static s => s.LastError).LastOrDefault(static e => e is not null);
                _notes.Add($"{entry.Contestant.Name}: {errors:0} errors in {requests:0} requests; the last: {last}");
            }
        }
    }

    private sealed class Entry(Contestant contestant, IRunner runner)
    {
        public Contestant Contestant => contestant;

        public IRunner Runner => runner;

        public List<Sample> Samples { get; } = [];

        public bool HasFailed { get; set; }

        /// <summary>Connections the server has accepted from it so far; of a process for each round, in the last one.</summary>
        public long Opened { get; set; }
    }
}
