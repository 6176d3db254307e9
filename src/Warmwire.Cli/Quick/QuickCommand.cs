using Spectre.Console;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Cli.Quick.Watching;
using Warmwire.Cli.Rendering;

namespace Warmwire.Cli.Quick;

/// <summary>The command <c>quick</c>: a load at a constant rate, and a count of the connections it used.</summary>
internal sealed class QuickCommand
{
    private readonly QuickSettings _settings;
    private readonly QuickOutputs _outputs;
    private readonly LiveOutputs _live;
    private readonly WatchChoice _watch;
    private readonly Terminal _terminal;
    private readonly TextWriter _lines;
    private readonly TimeProvider _time;

    public QuickCommand(
        QuickSettings settings,
        QuickOutputs outputs,
        LiveOutputs live,
        WatchChoice watch,
        Terminal terminal,
        TimeProvider time)
    {
        _live = live;
        _lines = terminal.StandardOutput;
        _settings = settings;
        _outputs = outputs;
        _watch = watch;
        _terminal = live.TakesStandardOutput ? terminal.OnStandardError() : terminal;
        _time = time;
    }

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (_live.TakesStandardOutput && _outputs.UsesStandardOutput)
        {
            throw new CommandFailure("--json-lines - and another output at - cannot both have standard output", ExitCodes.CouldNotRun);
        }

        // A file that cannot be written is an error before the run, not after it.
        ResultFiles.Prepare(_outputs);
        if (_outputs.ShowsSummary)
        {
            _terminal.Output.MarkupLineInterpolated($"[dim]{Headline()}[/]");
        }

        using var exports = new LiveExports(_live, _settings, _lines);
        QuickResult result = LatencyFigures.Select(await RunLoadAsync(exports.Observers, cancellationToken), _outputs.Percentiles);
        result = result with
        {
            Verdict = QuickVerdict.Sentences(result),
            Ensure = [.. _outputs.Conditions.Select(condition => condition.Evaluate(result))],
        };
        ResultSummary.Write(_outputs, result, _terminal);
        ResultFiles.Write(_outputs, result, _lines);
        exports.Finish(result);
        if (_outputs.PrometheusPush is { } gateway)
        {
            await Pushgateway.PushAsync(gateway, result, CancellationToken.None);
        }

        return await ExitCodeAsync(result);
    }

    private async Task<QuickResult> RunLoadAsync(IReadOnlyList<ISecondObserver> observers, CancellationToken cancellationToken)
    {
        IQuickView view = QuickViews.For(_terminal, !_outputs.ShowsSummary, _time);
        using var run = new QuickRun(_settings, _time, view.Observer is { } observer ? [.. observers, observer] : observers);
        await using ProcessWatch? watch = StartWatch(() => run.SecondsSinceStart);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<QuickResult> running = run.RunAsync(stop.Token);
        try
        {
            await view.RunAsync(run.GetProgress, running);
        }
        catch (CommandFailure) when (!running.IsCompleted)
        {
            // Nobody can see the result: the target is left alone.
            await stop.CancelAsync();
            await running;
            throw;
        }

        QuickResult result = await running;
        return watch is null ? result : result with { Process = await watch.FinishAsync(result.Requests) };
    }

    private ProcessWatch? StartWatch(Func<double> secondsSinceStart)
    {
        if (_watch.Pid is { } given)
        {
            return ProcessWatch.Start(given, secondsSinceStart, _time);
        }

        bool isHere = _watch.FindsListener && _settings.Route.UnixSocket is null && ListeningProcess.IsOnThisMachine(_settings.Url);
        if (!isHere)
        {
            return _watch.IsRequired
                ? throw new CommandFailure(_settings.Route.UnixSocket is null
                    ? $"--pid auto: {_settings.Url.Host} is not this machine; give the number of a process"
                    : "--pid auto finds who listens on a port; with --unix-socket, give the number of a process")
                : null;
        }

        if (!ListeningProcess.TryFind(_settings.Url.Port, out int pid, out string? problem))
        {
            return _watch.IsRequired ? throw new CommandFailure($"--pid auto: {problem}") : null;
        }

        try
        {
            return ProcessWatch.Start(pid, secondsSinceStart, _time, listensOn: _settings.Url.Port);
        }
        catch (CommandFailure) when (!_watch.IsRequired)
        {
            return null; // it ended just now, or became another user's; nobody asked for it
        }
    }

    private async Task<int> ExitCodeAsync(QuickResult result)
    {
        if (result.Interrupted)
        {
            return ExitCodes.Interrupted;
        }

        if (result.Responses == 0)
        {
            await _terminal.StandardError.WriteLineAsync($"warmwire: no request to {_settings.Url} got a response");
            return ExitCodes.CouldNotRun;
        }

        return result.Aborted is null && result.Ensure.All(static condition => condition.Held) ? ExitCodes.Success
            : ExitCodes.ConditionFailed;
    }

    private string Headline()
    {
        string each = _settings.RequestsPerArrival == 1 ? "" : Invariant($", {_settings.RequestsPerArrival:N0} requests each");
        string how = (_settings.Http2 ? ", HTTP/2" : "")
            + (_settings.NewConnectionPerRequest ? ", a new connection per request" : "")
            + (_settings.WarmUpSeconds > 0 ? Invariant($", after {_settings.WarmUpSeconds:0.###} s of warm-up") : "")
            + (_settings.Shard.Count > 1 ? $", shard {_settings.Shard}" : "");
        string what = _settings.TargetName ?? $"{_settings.Method} {_settings.Url}";
        return $"{what}: {Load()}{each}{how}";
    }

    private string Load()
    {
        if (_settings.Users is { } loop)
        {
            string end = loop.Seconds is { } seconds ? Invariant($"{seconds:0.##} s") : Invariant($"{_settings.OwnArrivals:N0} iterations");
            return Invariant($"closed loop, {_settings.Shard.Of(loop.Users):N0} users for {end}, latencies uncorrected");
        }

        double rate = _settings.Shard.RateOf(_settings.Rate);
        string stages = _settings.Stages.Count == 0 ? "" : $" (stages {string.Join(' ', _settings.Stages)})";
        return Invariant($"{_settings.OwnArrivals:N0} arrivals, {rate:0.##} per second for {_settings.DurationSeconds:0.##} s{stages}");
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
