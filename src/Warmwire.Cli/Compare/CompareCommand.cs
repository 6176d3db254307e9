using System.Text.Json;
using Spectre.Console;
using Warmwire.Cli.Measuring;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Rendering;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli.Compare;

/// <summary>The command <c>compare</c>: the same requests sent in three ways, one process after the other, and the cost of each.</summary>
internal sealed class CompareCommand
{
    /// <summary>How long a request may take, besides the round trips of the relay.</summary>
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromSeconds(10);

    private readonly CompareSettings _options;
    private readonly Terminal _terminal;

    public CompareCommand(CompareSettings options, Terminal terminal)
    {
        _options = options;
        _terminal = terminal;
    }

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        ComparePlan plan = ComparePlan.Make(_options);
        await using Upstream upstream = await Upstream.StartAsync(_options, cancellationToken);
        IProgressView view = _options.Json ? ProgressViews.BesideJson(_terminal) : ProgressViews.For(_terminal);
        IReadOnlyList<string> notes = Notes(plan);
        if (!_options.Json)
        {
            _terminal.Output.MarkupLineInterpolated($"[dim]{Headline(upstream, plan)}[/]");
        }

        var rows = new List<RowReport>();
        await view.RunAsync(RowNames.All, async progress =>
        {
            foreach (string row in RowNames.All)
            {
                rows.Add(await MeasureAsync(row, plan, upstream, progress, cancellationToken));
            }
        });
        var report = new CompareReport(
            upstream.Uri.ToString(), upstream.Uri.Scheme, _options.RoundTrip.TotalMilliseconds, _options.Concurrency, plan.Requests, rows);
        if (_options.Json)
        {
            await _terminal.StandardOutput.WriteLineAsync(JsonSerializer.Serialize(report, ReportJson.Default.CompareReport));
            foreach (string note in notes)
            {
                await _terminal.StandardError.WriteLineAsync(note);
            }
        }
        else
        {
            ComparisonView.Write(_terminal.Output, report, notes);
        }

        return ExitCodes.Success;
    }

    private async Task<RowReport> MeasureAsync(
        string row,
        ComparePlan plan,
        Upstream upstream,
        IRowProgress progress,
        CancellationToken cancellationToken)
    {
        bool isBefore = row == RowNames.NewHandlerPerRequest;
        int requests = isBefore ? plan.RequestsOfNewHandlers : plan.Requests;
        var order = new RowOrder(
            upstream.Direct,
            isBefore ? plan.WarmUpRequestsOfNewHandlers : plan.WarmUpRequests,
            (int)ComparePlan.WarmUpTime.TotalMilliseconds,
            upstream.Measured,
            requests,
            _options.Concurrency,
            (int)(s_requestTimeout + (10 * _options.RoundTrip)).TotalMilliseconds,
            _options.RoundTrip.TotalMilliseconds,
            upstream.Thumbprint,
            CountConnections: !upstream.IsEmbedded);

        progress.Started(row, requests);
        await using RowProcess process = await RowProcess.StartAsync(row, order, cancellationToken);
        ServerCounts? before = await upstream.GetCountsAsync(cancellationToken);
        RowMeasurement measured = await process.MeasureAsync(done => progress.Advanced(row, done), cancellationToken);
        progress.Ended(row, measured);
        if (before is null || await upstream.GetCountsAsync(cancellationToken) is not { } after)
        {
            return RowReport.From(row, measured, measured.Connections ?? 0, measured.TlsHandshakes ?? 0);
        }

        ServerCounts seen = after - before;
        return seen.Requests < measured.Requests - measured.Errors
            ? throw new CommandFailure(
                $"row {row}: {measured.Requests - measured.Errors} requests got a response, but the server saw only {seen.Requests}")
            : RowReport.From(row, measured, seen.Connections, seen.TlsHandshakes);
    }

    private string Headline(Upstream upstream, ComparePlan plan)
    {
        string server = upstream.IsEmbedded ? $"embedded Kestrel, {upstream.Uri.Scheme}" : upstream.Uri.ToString();
        string distance = _options.RoundTrip > TimeSpan.Zero ? $", round trip {_options.RoundTrip.TotalMilliseconds:0.###} ms" : "";
        return $"{server}, HTTP/1.1{distance}: {plan.Requests} requests, {_options.Concurrency} concurrent";
    }

    private IReadOnlyList<string> Notes(ComparePlan plan)
    {
        List<string> notes = [];
        if (plan.RequestsOfNewHandlers < plan.Requests)
        {
            notes.Add(
                $"Note: {RowNames.NewHandlerPerRequest} sends only {plan.RequestsOfNewHandlers} of {plan.Requests} requests, because "
                    + "each leaves a socket that holds a local port.");
        }

        if (_options.Requests is null && plan.Requests < CompareSettings.DefaultRequests)
        {
            notes.Add(
                $"Note: {plan.Requests} requests instead of {CompareSettings.DefaultRequests} because of the round-trip time; use -n "
                    + "for another number.");
        }

        return notes;
    }
}
