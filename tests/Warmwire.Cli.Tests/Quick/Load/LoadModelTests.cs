using Microsoft.AspNetCore.Http;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class LoadModelTests
{
    [Fact]
    public async Task Stages_send_what_is_due_when_it_is_due()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        ArrivalPlan plan = ArrivalPlan.Of(0, [new Stage(2, 100), new Stage(1, 100)]);
        QuickResult result = await RunAsync(new QuickSettings
        {
            Url = target.Url,
            Plan = plan,
            Arrivals = plan.Arrivals,
            Rate = plan.Arrivals / plan.Seconds,
            Stages = [new Stage(2, 100), new Stage(1, 100)],
        });
        Assert.Equal((200, 200), (result.Requests, result.Responses));
        Assert.Equal([25, 75, 100], result.Series.Points.Take(3).Select(static point => point.Due));
        Assert.InRange(result.AchievedRate, 10, (200 / 3.0) + 0.01);
    }

    [Fact]
    public async Task A_warm_up_is_sent_and_not_counted()
    {
        int served = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            Interlocked.Increment(ref served);
            return context.Response.WriteAsync("ok");
        });
        QuickResult result = await RunAsync(
            new QuickSettings { Url = target.Url, Rate = 50, Arrivals = 50, WarmUpSeconds = 1, MaxConnections = 1 });
        Assert.Equal((50, 50, 100), (result.Requests, result.Responses, served));
        Assert.Equal((1, 50), (result.Connections.PeakOpen, result.Connections.RequestsPerConnection.Max));
        Assert.Equal((50, 1), (result.Series.Points.Sum(static point => point.Started), result.Series.Points[0].PeakOpen));
        Assert.InRange(result.ElapsedSeconds, 0.98, 30);
        IReadOnlyList<string> verdict = QuickVerdict.Sentences(result);
        Assert.Contains("The 1 s of warm-up before are not in the figures.", verdict);

        // A machine that stands still for the second of the warm-up sends it late, and the connection is opened by then.
        Assert.Equal(1, result.Connections.Opened + result.Connections.OpenAtStart);
        Assert.Equal(result.Connections.Opened, result.PhasesMs.Connect.Count);
        if (result.Connections.OpenAtStart == 1)
        {
            Assert.Equal(1.0, result.Connections.ReuseRatio);
            Assert.Contains("50 requests used the 1 connection that the warm-up had opened. No connection was opened.", verdict);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1.0)]
    public async Task Users_send_after_their_last_response_and_their_latencies_are_called_uncorrected(double? seconds)
    {
        int now = 0;
        int most = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            await Task.Delay(50);
            Interlocked.Decrement(ref now);
            await context.Response.WriteAsync("ok");
        });
        QuickResult result = await RunAsync(new QuickSettings
        {
            Url = target.Url,
            Rate = 0,
            Arrivals = seconds is null ? 40 : QuickSettings.MaxArrivals,
            Users = new ClosedLoop(4, TimeSpan.FromMilliseconds(20), seconds),
        });
        Assert.InRange(most, 1, 4);
        Assert.InRange(result.Connections.Opened, 1, 4);
        Assert.Equal(result.Requests, result.Responses);
        if (seconds is null)
        {
            Assert.Equal(40, result.Requests);
        }
        else
        {
            Assert.InRange(result.Requests, 4, 60); // 4 users, each 70 ms or more for a request
        }

        Assert.InRange(result.LatencyMs.Corrected.Min, 49, 5_000);
        Assert.True(result.Target.IsClosedLoop);
        Assert.Equal((4, 0.02), (result.Target.Users, result.Target.ThinkSeconds));
        Assert.DoesNotContain(result.GeneratorLimits, static limit => limit.Contains("planned", StringComparison.Ordinal));
        Assert.StartsWith(
            "Closed loop: 4 users each sent the next request 20 ms after the last response. All latencies are uncorrected",
            QuickVerdict.Sentences(result)[0],
            StringComparison.Ordinal);
        using var summary = new StringWriter();
        SummaryText.Write(summary, result);
        Assert.Contains("http.response_time.model: ", summary.ToString(), StringComparison.Ordinal);
        Assert.Contains(" closed loop, uncorrected\n", summary.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"model\": \"closed\"", QuickJson.Write(result), StringComparison.Ordinal);
        using var report = new StringWriter();
        Cli.Quick.Reports.HtmlReport.Write(report, result);
        Assert.Contains("closed loop of 4 users, latencies uncorrected", report.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(">corrected", report.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Corrected, ms<", report.ToString().Replace("(uncorrected)", "", StringComparison.Ordinal)
            .Replace("Uncorrected, ms", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_of_a_shard_warm_up_and_are_counted_from_the_start()
    {
        int served = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            Interlocked.Increment(ref served);
            return context.Response.WriteAsync("ok");
        });
        QuickResult result = await RunAsync(new QuickSettings
        {
            Url = target.Url,
            Rate = 0,
            Arrivals = 25,
            Shard = new Shard(1, 2),
            WarmUpSeconds = 0.5,
            Users = new ClosedLoop(5, TimeSpan.FromMilliseconds(10), Seconds: null),
        });
        Assert.Equal((12, 12, 2), (result.Requests, result.Responses, result.Target.Users));
        Assert.InRange(served, 13, 500);
        Assert.InRange(result.Connections.OpenAtStart + result.Connections.Opened, 1, 2);
        Assert.Equal(12, result.Connections.Exchanges);
    }

    [Fact]
    public async Task Interrupted_in_its_warm_up_it_has_nothing_to_tell()
    {
        using var interrupt = new CancellationTokenSource();
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            interrupt.CancelAfter(50);
            return context.Response.WriteAsync("ok");
        });
        using var run = new QuickRun(
            new QuickSettings { Url = target.Url, Rate = 50, Arrivals = 50, WarmUpSeconds = 3600 }, TimeProvider.System);
        QuickResult result = await run.RunAsync(interrupt.Token);
        Assert.Equal((true, 0, 0), (result.Interrupted, result.Requests, result.Arrivals));
        Assert.Empty(result.GeneratorLimits);
        Assert.Equal(["No request was sent."], QuickVerdict.Sentences(result));
    }

    private static async Task<QuickResult> RunAsync(QuickSettings settings)
    {
        using var run = new QuickRun(settings, TimeProvider.System);
        return await run.RunAsync(TestContext.Current.CancellationToken);
    }
}
