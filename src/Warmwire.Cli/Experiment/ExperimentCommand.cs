using System.Globalization;
using System.Text;
using System.Text.Json;
using Spectre.Console;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Rendering;
using Warmwire.Cli.Serving;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Experiment;

/// <summary>
/// The command <c>experiment</c>: a function that makes a client for each invocation under load, and the same with one client for all.
/// </summary>
internal sealed class ExperimentCommand
{
    private readonly ExperimentSettings _settings;
    private readonly Terminal _terminal;
    private readonly TimeProvider _time;

    public ExperimentCommand(ExperimentSettings settings, Terminal terminal, TimeProvider time)
    {
        _settings = settings;
        _terminal = terminal;
        _time = time;
    }

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!_settings.Json)
        {
            _terminal.Output.MarkupLineInterpolated($"[dim]{Headline()}[/]");
        }

        FunctionReport before = await MeasureAsync(reuse: false, cancellationToken);
        FunctionReport after = await MeasureAsync(reuse: true, cancellationToken);
        var report = new ExperimentReport(
            _settings.Function.ToString().ToLowerInvariant(), _settings.Rate, _settings.DurationSeconds, before, after);
        if (_settings.Json)
        {
            await _terminal.StandardOutput.WriteLineAsync(JsonSerializer.Serialize(report, ExperimentJson.Default.ExperimentReport));
        }
        else
        {
            ExperimentView.Write(_terminal.Output, report);
        }

        return ExitCodes.Success;
    }

    private async Task<FunctionReport> MeasureAsync(bool reuse, CancellationToken cancellationToken)
    {
        bool isPubSub = _settings.Function == FunctionKind.PubSub;
        await using ServerProcess upstream = await ServerProcess.StartAsync(tls: false, cancellationToken, emulator: isPubSub);

        // By name, as functions call their upstreams, so that names are looked up.
        Uri uri = new UriBuilder(Uri.UriSchemeHttp, "localhost", upstream.Port).Uri;
        if (isPubSub)
        {
            await FunctionCommand.CreateTopicAsync(uri);
        }

        await using FunctionProcess function = await FunctionProcess.StartAsync(
            new FunctionOrder(_settings.Function, uri, reuse), cancellationToken);
        using var run = new QuickRun(LoadFor(function.Uri), _time);
        SocketStates socketsBefore = TcpTable.Read(upstream.Port);
        ServerCounts before = await upstream.GetCountsAsync(cancellationToken);
        FunctionCounts costBefore = await function.GetCountsAsync(cancellationToken);
        Task<QuickResult> running = run.RunAsync(cancellationToken);
        await View(reuse).RunAsync(run.GetProgress, running);
        QuickResult result = await running;
        cancellationToken.ThrowIfCancellationRequested();
        FunctionCounts cost = await function.GetCountsAsync(cancellationToken);
        ServerCounts seen = await upstream.GetCountsAsync(cancellationToken) - before;
        int timeWait = await TimeWaitSockets.CountNewAsync(upstream.Port, socketsBefore, _time);
        return new FunctionReport
        {
            Invocations = result.Requests,
            Failed = result.Requests - result.Codes.GetValueOrDefault("200"),
            UpstreamConnections = seen.Connections,
            UpstreamRequests = seen.Requests,
            DnsLookups = cost.DnsLookups - costBefore.DnsLookups,
            CpuMicrosPerInvocation = Math.Round((cost.CpuMicros - costBefore.CpuMicros) / result.Requests, 1),
            P50Ms = Math.Round(result.LatencyMs.Corrected.P50, 3),
            P99Ms = Math.Round(result.LatencyMs.Corrected.P99, 3),
            TimeWaitSockets = timeWait,
            GeneratorLimited = result.GeneratorLimited,
        };
    }

    private QuickSettings LoadFor(Uri function) => new()
    {
        Url = function,
        Rate = _settings.Rate,
        Arrivals = _settings.Arrivals,
        Method = _settings.Function == FunctionKind.PubSub ? HttpMethod.Post : HttpMethod.Get,
        Payload = _settings.Function == FunctionKind.PubSub ? Encoding.UTF8.GetBytes(FunctionCommand.PubSubRequest) : null,
        ContentType = _settings.Function == FunctionKind.PubSub ? "application/json" : null,
    };

    private IQuickView View(bool reuse)
    {
        if (!_settings.Json)
        {
            _terminal.Output.WriteLine(reuse ? "after: one client for all invocations" : "before: a new client for each invocation");
        }

        return QuickViews.For(_terminal, quiet: _settings.Json, _time);
    }

    private string Headline()
    {
        string what = _settings.Function == FunctionKind.PubSub ? "publishes to a Pub/Sub emulator" : "calls a server";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"A function that {what}: {_settings.Arrivals:N0} invocations, {_settings.Rate:0.##} per second, twice");
    }
}
