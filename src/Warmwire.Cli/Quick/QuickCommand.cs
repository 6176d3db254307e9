using Spectre.Console;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Quick.Watching;
using Warmwire.Cli.Rendering;

namespace Warmwire.Cli.Quick;

/// <summary>The command <c>quick</c>: a load at a constant rate, and a count of the connections it used.</summary>
internal sealed class QuickCommand
{
    private readonly QuickSettings _settings;
    private readonly QuickOutputs _outputs;
    private readonly LiveOutputs _live;
    private readonly int? _pid;
    private readonly Terminal _terminal;
    private readonly TextWriter _lines;
    private readonly TimeProvider _time;

    public QuickCommand(
        QuickSettings settings,
        QuickOutputs outputs,
        LiveOutputs live,
        int? pid,
        Terminal terminal,
        TimeProvider time)
    {
        _live = live;
        _lines = terminal.StandardOutput;
        _settings = settings;
        _outputs = outputs;
        _pid = pid;
        _terminal = live.TakesStandardOutput ? terminal.OnStandardError() : terminal;
        _time = time;
    }

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // A file that cannot be written is an error before the run, not after it.
        ResultFiles.Prepare(_outputs);
        if (!_outputs.Quiet)
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
        ResultFiles.Write(_outputs, result);
        if (_outputs.Quiet)
        {
            SummaryText.WriteConditions(_terminal.StandardOutput, result, onlyFailed: true);
        }
        else
        {
            SummaryText.Write(_terminal.StandardOutput, result);
        }

        exports.Finish(result);
        if (_outputs.PrometheusPush is { } gateway)
        {
            await Pushgateway.PushAsync(gateway, result, CancellationToken.None);
        }

        return await ExitCodeAsync(result);
    }

    private async Task<QuickResult> RunLoadAsync(IReadOnlyList<ISecondObserver> observers, CancellationToken cancellationToken)
    {
        IQuickView view = QuickViews.For(_terminal, _outputs.Quiet, _time);
        using var run = new QuickRun(_settings, _time, view.Observer is { } observer ? [.. observers, observer] : observers);
        await using ProcessWatch? watch = _pid is { } pid ? ProcessWatch.Start(pid, () => run.SecondsSinceStart, _time) : null;
        Task<QuickResult> running = run.RunAsync(cancellationToken);
        await view.RunAsync(run.GetProgress, running);
        QuickResult result = await running;
        return watch is null ? result : result with { Process = await watch.FinishAsync(result.Requests) };
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

        return result.Ensure.All(static condition => condition.Held) ? ExitCodes.Success : ExitCodes.ConditionFailed;
    }

    private string Headline()
    {
        double rate = _settings.Shard.RateOf(_settings.Rate);
        string arrivals = Invariant($"{_settings.OwnArrivals:N0} arrivals, {rate:0.##} per second for {_settings.DurationSeconds:0.##} s");
        string each = _settings.RequestsPerArrival == 1 ? "" : Invariant($", {_settings.RequestsPerArrival:N0} requests each");
        string how = (_settings.Http2 ? ", HTTP/2" : "")
            + (_settings.NewConnectionPerRequest ? ", a new connection per request" : "")
            + (_settings.Shard.Count > 1 ? $", shard {_settings.Shard}" : "");
        return $"{_settings.Method} {_settings.Url}: {arrivals}{each}{how}";
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
