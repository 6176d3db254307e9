using System.Globalization;
using Warmwire.Cli.Quick.Ensuring;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Cli.Tests.Quick.Merging;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

/// <summary>A request that failed is told, and is in the latencies with the time that it took to fail.</summary>
public sealed class FailedRequestTests
{
    [Fact]
    public async Task Every_reset_is_an_error_and_what_a_pool_would_have_replayed_is_told_apart()
    {
        // On a connection that has served a request before, a reset GET is safe to replay; on a fresh one it is not.
        using var server = new ScriptedServer(static request => request % 4 == 0 ? Reaction.Reset : Reaction.Answer);
        QuickResult result = await RunAsync(
            new QuickSettings { Url = server.Url, Rate = 300, Arrivals = 300, MaxConnections = 1, Timeout = TimeSpan.FromMinutes(1) });

        Assert.Equal((300, 300, 225), (result.Requests, server.Requests, result.Responses));
        Assert.Equal(75, result.Errors.Values.Sum());
        Assert.Equal(75, result.ReplaySafeErrors);
        Assert.Equal(300, result.LatencyMs.Corrected.Count);
        Assert.Equal(300, result.LatencyMs.Uncorrected.Count);
        Assert.Contains(
            QuickVerdict.Sentences(result),
            static sentence => sentence.Contains("would not have seen 75 of these errors", StringComparison.Ordinal));
        Assert.Contains("errors_safe_to_replay: ", Summary(result), StringComparison.Ordinal);
        Assert.Contains("75 of the 75 errors were on requests that a client may safely replay", Report(result), StringComparison.Ordinal);
        Assert.Equal(75, QuickJson.Read(QuickJson.Write(result)).ReplaySafeErrors);
        Assert.Equal(150, MergedResults.Of([result, result with { RunId = "other" }]).ReplaySafeErrors);
    }

    [Fact]
    public async Task A_reset_of_a_post_is_an_error_that_nobody_may_replay()
    {
        using var server = new ScriptedServer(static request => request % 4 == 0 ? Reaction.Reset : Reaction.Answer);
        QuickResult result = await RunAsync(
            new QuickSettings { Url = server.Url, Rate = 200, Arrivals = 40, MaxConnections = 1, Method = HttpMethod.Post });
        Assert.Equal((40, 10, 0), (server.Requests, result.Errors.Values.Sum(), result.ReplaySafeErrors));
    }

    [Fact]
    public async Task A_timeout_is_in_the_percentiles_with_its_wait()
    {
        using var server = new ScriptedServer(static request => request % 10 < 3 ? Reaction.Hang : Reaction.Answer);
        QuickResult result = await RunAsync(
            new QuickSettings { Url = server.Url, Rate = 100, Arrivals = 100, Timeout = TimeSpan.FromSeconds(0.7) });
        Assert.Equal((100, 30), (result.Requests, result.Errors["Timeout.ReadHeaders"]));
        Assert.Equal((100, 100), (result.LatencyMs.Corrected.Count, result.LatencyMs.Uncorrected.Count));
        Assert.All(
            [result.LatencyMs.Corrected, result.LatencyMs.Uncorrected],
            static latency => Assert.InRange(latency.P99, 690, 30_000));
        Assert.Contains("--timeout", result.ErrorExamples["Timeout.ReadHeaders"], StringComparison.Ordinal);
        Assert.DoesNotContain("TransportOptions", result.ErrorExamples["Timeout.ReadHeaders"], StringComparison.Ordinal);
        Assert.False(Evaluate("p(99)<500", result).Held);
        Assert.False(Evaluate("uncorrected.p(99)<500", result).Held);
        Assert.Equal(100, result.Series.Points.Sum(static point => SeriesPoints.HistogramOf(point).Total));
        Assert.InRange(result.Series.Points.Max(static point => point.Max), 690, 30_000);
    }

    [Fact]
    public async Task What_hangs_at_Ctrl_C_is_unanswered_and_no_success()
    {
        var hung = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var server = new ScriptedServer(request =>
        {
            if (request == 30)
            {
                hung.SetResult();
            }

            return request <= 10 ? Reaction.Answer : Reaction.Hang;
        });
        using var interrupt = new CancellationTokenSource();
        using var run = new QuickRun(
            new QuickSettings { Url = server.Url, Rate = 50, Arrivals = 100_000, Timeout = TimeSpan.FromMinutes(5) }, TimeProvider.System);
        Task<QuickResult> running = run.RunAsync(interrupt.Token);
        await hung.Task;
        await interrupt.CancelAsync();
        QuickResult result = await running;

        Assert.True(result.Interrupted);
        Assert.Equal(10, result.Responses);
        Assert.InRange(result.Unanswered, 20, 5000);
        Assert.Equal(result.Requests, result.Responses + result.Unanswered);
        Assert.Empty(result.Errors);
        Assert.Equal(result.Requests, result.LatencyMs.Corrected.Count);

        // Each had waited a second at least, which is what it has after Ctrl-C.
        Assert.InRange(result.LatencyMs.Corrected.P99, 1000, 60_000);
        EnsureResult errors = Evaluate("errors==0", result);
        Assert.False(errors.Held);
        Assert.EndsWith($"{result.Unanswered.ToString("N0", CultureInfo.InvariantCulture)} unanswered", errors.Actual);
        Assert.False(Evaluate("failed<1%", result).Held);
        Assert.Contains("http.unanswered: ", Summary(result), StringComparison.Ordinal);
        Assert.Contains("were under way when the run was ended and unanswered a second later", Summary(result), StringComparison.Ordinal);
        Assert.Contains(">Unanswered</dt>", Report(result), StringComparison.Ordinal);
        Assert.Equal(2 * result.Unanswered, MergedResults.Of([result, result with { RunId = "other" }]).Unanswered);
    }

    [Fact]
    public async Task What_is_answered_soon_after_Ctrl_C_is_a_success()
    {
        using var interrupt = new CancellationTokenSource();
        int requests = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(async _ =>
        {
            if (Interlocked.Increment(ref requests) == 10)
            {
                await interrupt.CancelAsync();
            }
        });
        using var run = new QuickRun(new QuickSettings { Url = target.Url, Rate = 50, Arrivals = 100_000 }, TimeProvider.System);
        QuickResult result = await run.RunAsync(interrupt.Token);
        Assert.True(result.Interrupted);
        Assert.Equal((0, result.Requests), (result.Unanswered, result.Responses));
        Assert.True(Evaluate("errors==0", result).Held);
    }

    private static async Task<QuickResult> RunAsync(QuickSettings settings)
    {
        using var run = new QuickRun(settings, TimeProvider.System);
        return await run.RunAsync(TestContext.Current.CancellationToken);
    }

    private static EnsureResult Evaluate(string text, QuickResult result) =>
        EnsureCondition.TryParse(text, out EnsureCondition? condition, out string? error)
            ? condition.Evaluate(result)
            : throw new FormatException(error);

    private static string Summary(QuickResult result)
    {
        using var writer = new StringWriter();
        SummaryText.Write(writer, result with { Verdict = QuickVerdict.Sentences(result) });
        return writer.ToString();
    }

    private static string Report(QuickResult result)
    {
        using var writer = new StringWriter();
        HtmlReport.Write(writer, result);
        return writer.ToString();
    }
}
