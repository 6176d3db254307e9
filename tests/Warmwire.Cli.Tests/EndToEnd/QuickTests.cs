using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.Quick;
using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

public sealed class QuickTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-quick-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_run_prints_its_summary_writes_its_files_and_holds_its_conditions()
    {
        await using LoadTarget target = await LoadTarget.StartAsync("hello");
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(
            "quick", "-r", "50", "-d", "2", target.Url.ToString(), "-o", At(
                "r.json"), "--report", At("r.html"), "--hgrm", At("r.hgrm"), "--ensure", "connections<=30", "--ensure", "errors==0",
            "--ensure", "reuse>=0.7", "--ensure", "rate>=49");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));

        string[] lines = outcome.Output.Split('\n');
        Assert.Equal($"GET {target.Url}: 100 arrivals, 50 per second for 2 s", lines[0]);
        Assert.Contains("http.codes.200: ........................................................... 100", lines);
        Assert.Contains("http.requests: ............................................................ 100", lines);
        Assert.All(
            lines.Where(static line => line.Contains(": ...", StringComparison.Ordinal)), static line => Assert.Equal(79, line.Length));
        Assert.Contains(lines, static line => line.StartsWith("✓ passed connections<=30: ", StringComparison.Ordinal));

        QuickResult result = QuickJson.Read(await File.ReadAllTextAsync(At("r.json"), TestContext.Current.CancellationToken));
        Assert.Equal((100, 100, target.Connections), (result.Requests, result.Responses, result.Connections.Opened));
        Assert.Equal(4, result.Ensure.Count);
        Assert.NotEmpty(result.Verdict);
        Assert.Contains(
            "#[Max     =", await File.ReadAllTextAsync(At("r.hgrm"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("<svg", await File.ReadAllTextAsync(At("r.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_json_has_the_members_that_the_documentation_names()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        await WarmwireProcess.RunAsync(
            "quick", "-c", "5", "-d", "0.2", target.Url.ToString(), "-q", "-o", At("r.json"), "--pid", $"{Environment.ProcessId}");
        using JsonDocument json = JsonDocument.Parse(await File.ReadAllTextAsync(At("r.json"), TestContext.Current.CancellationToken));
        string[] paths =
        [
            "tool.name", "tool.version", "target.url", "target.rate", "target.durationSeconds",
            "requests", "responses", "errors", "codes.200", "achievedRate",
            "droppedArrivals", "generatorLimited",
            "connections.opened", "connections.peakOpen", "connections.reuseRatio", "connections.requestsPerConnection.min",
            "connections.requestsPerConnection.median",
            "connections.requestsPerConnection.max", "connections.closedBy", "connections.timeWait", "latencyMs.corrected.min",
            "latencyMs.corrected.mean", "latencyMs.corrected.p50",
            "latencyMs.corrected.p90", "latencyMs.corrected.p95", "latencyMs.corrected.p99", "latencyMs.corrected.p99_9",
            "latencyMs.corrected.max", "latencyMs.uncorrected.p99",
            "phasesMs.dns", "phasesMs.connect", "phasesMs.tls", "phasesMs.firstByte", "cpu.microsPerRequest", "process.pid",
            "histogram.corrected", "series.points",
        ];
        foreach (string path in paths)
        {
            JsonElement element = json.RootElement;
            foreach (string member in path.Split('.'))
            {
                Assert.True(element.TryGetProperty(member, out element), $"{path} is not there");
            }
        }
    }

    [Fact]
    public async Task A_missed_condition_is_1_and_said_also_when_quiet()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(
            "quick", "-c", "5", "-d", "0.2", target.Url.ToString(), "-q", "--ensure", "connections<1", "--ensure", "errors==0");
        Assert.Equal((1, $"✗ failed connections<1: {target.Connections}\n", ""), (outcome.ExitCode, outcome.Output, outcome.Error));
    }

    [Theory]
    [InlineData("warmwire: the URL must be an absolute http or https URL, not 'nonsense'", "-c", "1", "nonsense")]
    [InlineData("warmwire: could not connect to http://127.0.0.1:1/: Connection refused", "-c", "1", "http://127.0.0.1:1/")]
    [InlineData("warmwire: could not connect to http://nowhere.invalid/: ", "-c", "1", "http://nowhere.invalid/")]
    [InlineData("warmwire: --output: ", "-c", "1", "http://127.0.0.1:1/", "-o", "/no/such/folder/file")]
    [InlineData("warmwire: --pid 2147483647: there is no such process", "-c", "1", "http://127.0.0.1:1/", "--pid", "2147483647")]
    [InlineData("warmwire: --pid auto: no process of this machine listens on port 1", "-c", "1", "http://127.0.0.1:1/", "--pid", "auto")]
    [InlineData("warmwire: --pid auto: 192.0.2.1 is not this machine", "-c", "1", "http://192.0.2.1:1/", "--pid", "auto")]
    [InlineData("warmwire: --ensure 'p95<500': ", "-c", "1", "http://127.0.0.1:1/", "--ensure", "p95<500")]
    public async Task What_cannot_be_run_is_2_and_one_line(string error, params string[] arguments)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(["quick", "-q", .. arguments]);
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith(error, Assert.Single(outcome.ErrorLines));
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_told_and_may_be_accepted()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(static context => context.Response.WriteAsync("ok"), tls: true);
        WarmwireProcess.Outcome refused = await WarmwireProcess.RunAsync("quick", "-q", "-c", "1", target.Url.ToString());
        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("certificate", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("--insecure", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        WarmwireProcess.Outcome accepted = await WarmwireProcess.RunAsync("quick", "-q", "-k", "-c", "1", target.Url.ToString());
        Assert.Equal((0, "", ""), (accepted.ExitCode, accepted.Output, accepted.Error));
    }

    [Fact]
    public async Task Where_nothing_is_answered_the_summary_comes_and_then_2()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(static context => { context.Abort(); return Task.CompletedTask; });
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync("quick", "-c", "3", "-d", "0.1", target.Url.ToString());
        Assert.Equal(2, outcome.ExitCode);
        Assert.True(outcome.Output.Contains("errors.ConnectionReset: ", StringComparison.Ordinal), outcome.Output);
        Assert.Equal($"warmwire: no request to {target.Url} got a response", Assert.Single(outcome.ErrorLines));
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [signal, $"{process.Id}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_is_due_while_the_process_is_stopped_is_dropped_and_told()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sends signals");
        int requests = 0;
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using LoadTarget target = await LoadTarget.StartAsync(_ =>
        {
            if (Interlocked.Increment(ref requests) == 50)
            {
                running.SetResult();
            }

            return Task.CompletedTask;
        });
        using Process process = WarmwireProcess.Start("quick", "-r", "100", "-d", "8", "-o", "-", target.Url.ToString());
        await running.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await SignalAsync(process, "-STOP");
        int before = Volatile.Read(ref requests);
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        Assert.InRange(Volatile.Read(ref requests), before, before + 10);
        await SignalAsync(process, "-CONT");
        WarmwireProcess.Outcome outcome = await WarmwireProcess.FinishAsync(process);
        QuickResult result = QuickJson.Read(outcome.Output);
        Assert.Equal(800, result.Arrivals + result.DroppedArrivals);
        Assert.InRange(result.Pauses.Count, 1, 3);
        Assert.InRange(result.Pauses.DroppedArrivals, 250, 700);
        Assert.True(result.GeneratorLimited);
        Assert.Contains(result.Verdict, static sentence => sentence.Contains("was stopped for", StringComparison.Ordinal));
        Assert.InRange(result.Series.Points.Max(static point => point.Started), 50, 200);
    }

    [Fact]
    public async Task Ctrl_C_prints_the_summary_of_what_ran()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sends a signal");
        Assert.SkipWhen(
            CompareTests.IgnoresInterrupts(),
            "the process that started the tests ignores SIGINT, as shells do for their background jobs, and that is inherited");
        int requests = 0;
        var fifty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            if (Interlocked.Increment(ref requests) == 50)
            {
                fifty.TrySetResult();
            }

            return context.Response.WriteAsync("ok");
        });
        using Process process = WarmwireProcess.Start("quick", "-r", "100", "-d", "1h", target.Url.ToString(), "-o", At("r.json"));
        await fifty.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        WarmwireProcess.Outcome outcome = await WarmwireProcess.FinishAsync(process);
        Assert.Equal((130, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains("http.codes.200: ", outcome.Output, StringComparison.Ordinal);
        QuickResult result = QuickJson.Read(await File.ReadAllTextAsync(At("r.json"), TestContext.Current.CancellationToken));
        Assert.True(result.Interrupted);
        Assert.InRange(result.Responses, 40, Volatile.Read(ref requests));
    }

    [Fact]
    public async Task Shards_that_begin_together_merge_to_the_whole()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        string startAt = DateTimeOffset.UtcNow.AddSeconds(8).ToString("O");
        WarmwireProcess.Outcome[] shards = await Task.WhenAll(Enumerable.Range(0, 2).Select(i =>
            WarmwireProcess.RunAsync(
                "quick",
                "-r",
                "40",
                "-d",
                "2",
                target.Url.ToString(),
                "-q",
                "--shard",
                $"{i}/2",
                "--start-at",
                startAt,
                "-o",
                At($"{i}.json"))));
        Assert.All(shards, static shard => Assert.Equal((0, "", ""), (shard.ExitCode, shard.Output, shard.Error)));
        WarmwireProcess.Outcome merged = await WarmwireProcess.RunAsync(
            "merge", At("0.json"), At("1.json"), "-o", At("all.json"), "--ensure", "rate>=39");
        Assert.Equal((0, ""), (merged.ExitCode, merged.Error));
        Assert.Contains(
            "http.requests: ............................................................. 80", merged.Output, StringComparison.Ordinal);
        QuickResult result = QuickJson.Read(await File.ReadAllTextAsync(At("all.json"), TestContext.Current.CancellationToken));
        Assert.Equal((80, 80, target.Connections, 2), (result.Requests, result.Responses, result.Connections.Opened, result.Merged));
        Assert.Equal((40.0, 2.0), (result.Target.Rate, result.Target.DurationSeconds));
        Assert.Equal(80, result.Series.Points.Sum(static point => point.Due));
    }

    [Theory]
    [InlineData(false, " grew from 0 to 150, 1.00 per request, and stayed open")]
    [InlineData(true, " per request, as if a client were created and disposed for each request. Create one client, keep it and share it.")]
    public async Task A_client_for_each_request_is_found_without_naming_the_process(bool disposes, string fault)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using UpstreamProcess upstream = await UpstreamProcess.StartAsync();
        var clients = new ConcurrentBag<HttpClient>();
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            var client = new HttpClient();
            await context.Response.WriteAsync(await client.GetStringAsync($"http://127.0.0.1:{upstream.Port}/"));
            if (disposes)
            {
                client.Dispose();
            }
            else
            {
                clients.Add(client);
            }
        });
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync("quick", "-r", "30", "-d", "5", target.Url.ToString());
        foreach (HttpClient client in clients)
        {
            client.Dispose();
        }

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains($", which listens on port {target.Url.Port},", outcome.Output, StringComparison.Ordinal);
        Assert.True(
            outcome.Output.Split('\n').Any(line =>
                line.Contains($"127.0.0.1:{upstream.Port}", StringComparison.Ordinal) && line.Contains(fault, StringComparison.Ordinal)),
            outcome.Output);
    }

    [Fact]
    public async Task A_run_that_a_condition_ends_is_1_and_its_summary_is_printed()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(static context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(
            "quick", "-r", "20", "-d", "1h", "--abort-on", "failed>50%", target.Url.ToString());
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains(outcome.Output.Split('\n'), static line =>
            line.StartsWith("Aborted after ", StringComparison.Ordinal) && line.Contains("because failed>50% held: 100 %",
                StringComparison.Ordinal));
    }

    [Fact]
    public async Task URLs_come_from_standard_input_and_a_closed_loop_is_called_one_in_every_output()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        using Process process = WarmwireProcess.Start(
            "quick", "--users", "2", "--think", "10ms", "-c", "20", "--hgrm", At("r.hgrm"), "-o", At("r.json"), "--report", At("r.html"),
            "--ensure", "p(95)<60s", "-");
        await process.StandardInput.WriteAsync($"{target.Url}a 2\n{target.Url}b\n");
        process.StandardInput.Close();
        WarmwireProcess.Outcome outcome = await WarmwireProcess.FinishAsync(process);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        string[] lines = outcome.Output.Split('\n');
        Assert.Equal($"{target.Url}a and 1 more URLs: closed loop, 2 users for 20 iterations, latencies uncorrected", lines[0]);
        Assert.Contains("http.requests: ............................................................. 20", lines);
        Assert.Contains(lines, static line => line.StartsWith("Closed loop: 2 users each sent", StringComparison.Ordinal));
        Assert.Contains(lines, static line =>
            line.StartsWith("✓ passed p(95)<60s: ", StringComparison.Ordinal)
            && line.EndsWith(" ms (closed loop, uncorrected)", StringComparison.Ordinal));
        Assert.EndsWith("#[Model   = closed loop, latencies uncorrected]\n", await File.ReadAllTextAsync(
            At("r.hgrm"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        QuickResult result = QuickJson.Read(await File.ReadAllTextAsync(At("r.json"), TestContext.Current.CancellationToken));
        Assert.Equal(("closed", 2, 20), (result.Target.Model, result.Target.Users, result.Target.Arrivals));
    }

    [Fact]
    public async Task No_process_is_watched_if_none_is_wanted()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(
            "quick", "-c", "2", "-d", "0.1", "--pid", "none", target.Url.ToString());
        Assert.DoesNotContain("process.", outcome.Output, StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
