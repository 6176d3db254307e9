using System.Text.Json;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.EndToEnd;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Differences;

public sealed class DiffCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-diff-");

    public DiffCommandTests()
    {
        File.WriteAllText(At("a.json"), QuickJson.Write(SimulatedRun.Of(new Random(1), 8000).Result));
        QuickResult slower = SimulatedRun.Of(new Random(2), 8000, factor: 1.3).Result;
        File.WriteAllText(At("b.json"), QuickJson.Write(slower with { Target = slower.Target with { Url = "http://other/" } }));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task It_prints_a_table_and_sentences_and_a_condition_decides()
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(
            "diff", At("a.json"), At("b.json"), "--fail-on", "p99>+10%", "--fail-on", "errors>+5%");
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Error));
        string[] lines = outcome.Output.Split('\n');
        Assert.Single(lines[4..12].Select(static line => line.IndexOf(" .. ", StringComparison.Ordinal) > 0).Distinct());
        Assert.All(lines[3..12], static line => Assert.InRange(line.Length, 0, 100));
        Assert.EndsWith("  higher", lines.Single(static line => line.StartsWith("p50 ", StringComparison.Ordinal) && line.Contains("..")));
        Assert.EndsWith("  ~", lines.Single(static line => line.StartsWith("errors ", StringComparison.Ordinal)));
        Assert.Contains(lines, static line => line.StartsWith("p50 rose from ", StringComparison.Ordinal));
        Assert.Contains(
            lines, static line => line.StartsWith("Cannot be told apart: ", StringComparison.Ordinal) && line.Contains("errors"));
        Assert.Contains("The runs differ in their URL: http://127.0.0.1:5000/ and http://other/.", lines);
        Assert.StartsWith("✗ failed p99>+10%: +", lines[^3]);
        Assert.StartsWith("✓ passed errors>+5%: ", lines[^2]);
    }

    [Fact]
    public async Task The_json_has_every_figure_with_its_interval()
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(
            "diff", At("a.json"), At("b.json"), "--json", "--percentiles", "75", "--fail-on", "p90>+500%");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        JsonElement root = json.RootElement;
        Assert.Equal("warmwire", root.GetProperty("tool").GetProperty("name").GetString());
        Assert.Equal(0.95, root.GetProperty("confidence").GetDouble());
        Assert.Equal(
            ["p75", "p90", "rate", "errors", "failed", "reuse", "connections"],
            root.GetProperty("figures").EnumerateArray().Select(static figure => figure.GetProperty("name").GetString()!));
        JsonElement p75 = root.GetProperty("figures")[0];
        Assert.Equal("higher", p75.GetProperty("difference").GetString());
        Assert.InRange(p75.GetProperty("relativeChange").GetDouble(), 0.2, 0.4);
        JsonElement change = p75.GetProperty("change");
        Assert.InRange(
            change.GetProperty("value").GetDouble(), change.GetProperty("low").GetDouble(), change.GetProperty("high").GetDouble());
        Assert.False(root.GetProperty("failOn")[0].GetProperty("failed").GetBoolean());
    }

    [Theory]
    [InlineData("warmwire: there is no file /no/such.json", "/no/such.json", "/no/other.json")]
    [InlineData("warmwire: diff needs a FILE; see warmwire diff --help", "/no/such.json")]
    [InlineData("warmwire: --fail-on 'p99': ", "a", "b", "--fail-on", "p99")]
    public async Task What_cannot_be_compared_is_2_and_one_line(string error, params string[] arguments)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(["diff", .. arguments]);
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith(error, Assert.Single(outcome.ErrorLines));
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
