using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.EndToEnd;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Exports;

/// <summary>The outputs of a run of the built command.</summary>
public sealed class LiveExportsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-exports-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_line_of_json_comes_for_each_second_while_it_runs_and_one_at_the_end()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        using Process process = WarmwireProcess.Start(
            "quick", "-r", "40", "-d", "4", target.Url.ToString(), "--json-lines", "-", "--ensure", "errors==0", "--percentiles", "75");
        string first = (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!;
        Assert.False(process.HasExited);
        WarmwireProcess.Outcome outcome = await WarmwireProcess.FinishAsync(process);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("http.requests: ", outcome.Error, StringComparison.Ordinal);

        JsonElement[] lines =
        [
            .. outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Prepend(first)
                .Select(static line => JsonDocument.Parse(line).RootElement),
        ];
        JsonElement[] seconds = lines[..^1];
        Assert.All(seconds, static line => Assert.Equal("second", line.GetProperty("type").GetString()));
        Assert.Equal(Enumerable.Range(0, seconds.Length), seconds.Select(static line => line.GetProperty("at").GetInt32()));
        Assert.InRange(seconds.Length, 4, 30);
        JsonElement end = lines[^1];
        Assert.Equal("end", end.GetProperty("type").GetString());
        Assert.Equal(160, end.GetProperty("responses").GetInt64());
        Assert.Equal(160, seconds.Sum(static line => line.GetProperty("responses").GetInt64()));
        Assert.Equal(target.Connections, seconds.Sum(static line => line.GetProperty("opened").GetInt64()));
        Assert.True(end.GetProperty("ensure")[0].GetProperty("held").GetBoolean());
        Assert.True(end.GetProperty("latencyMs").GetProperty("corrected").GetProperty("percentiles").TryGetProperty("p75", out _));
    }

    [Fact]
    public async Task All_files_are_written_and_merge_writes_them_too()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        string[] files = ["r.csv", "r.xml", "r.prom", "r.jsonl"];
        string[] outputs = ["--csv", At("r.csv"), "--junit", At("r.xml"), "--prometheus", At("r.prom")];
        WarmwireProcess.Outcome run = await WarmwireProcess.RunAsync(
            ["quick", "-q", "-c", "20", "-d", "0.5", target.Url.ToString(), "-o", At("r.json"), "--json-lines", At("r.jsonl"), .. outputs]);
        Assert.Equal((0, "", ""), (run.ExitCode, run.Output, run.Error));
        Assert.All(files, file => Assert.True(new FileInfo(At(file)).Length > 0, file));
        string[] written = [.. files[..3].Select(file => File.ReadAllText(At(file)))];
        Assert.All(files[..3], file => File.Delete(At(file)));
        WarmwireProcess.Outcome merged = await WarmwireProcess.RunAsync(["merge", "-q", At("r.json"), .. outputs]);
        Assert.Equal((0, "", ""), (merged.ExitCode, merged.Output, merged.Error));
        Assert.Equal(written[0], await File.ReadAllTextAsync(At("r.csv"), TestContext.Current.CancellationToken));
        Assert.False(File.Exists(At("r.prom.tmp")));
    }

    [Fact]
    public async Task A_gateway_or_a_collector_that_fails_is_2_after_the_summary()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(static context =>
        {
            context.Response.StatusCode = context.Request.Method == "GET" ? 200 : 404;
            return Task.CompletedTask;
        });
        foreach (string option in (string[])["--prometheus-push", "--otlp"])
        {
            WarmwireProcess.Outcome run = await WarmwireProcess.RunAsync(
                "quick", "-c", "5", "-d", "0.2", target.Url.ToString(), option, target.Url.ToString());
            Assert.Equal(2, run.ExitCode);
            Assert.Contains("http.requests: ", run.Output, StringComparison.Ordinal);
            Assert.StartsWith($"warmwire: {option}: ", Assert.Single(run.ErrorLines));
        }
    }

    [Theory]
    [InlineData("warmwire: --csv: ", "--csv", "/no/such/folder/file")]
    [InlineData("warmwire: --junit: ", "--junit", "/no/such/folder/file")]
    [InlineData("warmwire: --prometheus: ", "--prometheus", "/no/such/folder/file")]
    [InlineData("warmwire: --json-lines: ", "--json-lines", "/no/such/folder/file")]
    [InlineData("warmwire: --otlp must be an absolute http or https URL, not 'x'", "--otlp", "x")]
    [InlineData("warmwire: --prometheus-push must be an absolute http or https URL, not 'x'", "--prometheus-push", "x")]
    public async Task What_cannot_be_written_is_told_before_the_run(string error, string option, string value)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync("quick", "-q", "-c", "1", "http://127.0.0.1:1/", option, value);
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith(error, Assert.Single(outcome.ErrorLines));
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
