using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Json.Nodes;
using Spectre.Console;
using Warmwire.Cli.Options;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Rendering;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Merging;

public sealed class MergeCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-merge-");
    private readonly StringWriter _error = new();
    private readonly StringWriter _output = new();

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _error.Dispose();
        _output.Dispose();
    }

    [Fact]
    public async Task Results_are_read_merged_shown_and_written()
    {
        int code = await RunAsync(
            Write("a.json"),
            Write("b.json"),
            "-o",
            At("all.json"),
            "--report",
            At("all.html"),
            "--hgrm",
            At("all.hgrm"),
            "--ensure",
            "errors<=5%", "--ensure", "connections==20");
        Assert.Equal((ExitCodes.Success, ""), (code, _error.ToString()));
        QuickResult merged = Merged();
        Assert.Equal((400, 2), (merged.Requests, merged.Merged));
        Assert.Equal(
            [new EnsureResult("errors<=5%", true, "5 % (20 of 400)"), new EnsureResult("connections==20", true, "20")], merged.Ensure);
        Assert.Contains(
            "http.requests: ............................................................ 400",
            _output.ToString(),
            StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(At("all.html")), StringComparison.Ordinal);
        Assert.Contains("190.000 1.000000000000        380", File.ReadAllText(At("all.hgrm")), StringComparison.Ordinal);
        Assert.StartsWith("400 requests used 20 connections", merged.Verdict[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_is_the_exit_code()
    {
        Assert.Equal(
            ExitCodes.ConditionFailed,
            await RunAsync(Write("a.json"), "--ensure", "max<190", "--ensure", "errors<=5%", "-o", At("all.json")));
        Assert.Equal([false, true], Merged().Ensure.Select(static condition => condition.Held));
        Assert.Contains("✗ failed max<190: ", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quiet_shows_nothing()
    {
        Assert.Equal(ExitCodes.Success, await RunAsync(Write("a.json"), "-q", "--ensure", "errors<=5%", "-o", At("all.json")));
        Assert.Equal("", _output.ToString());
        Assert.True(File.Exists(At("all.json")));
    }

    [Fact]
    public async Task Every_bad_file_has_a_line_of_its_own()
    {
        File.WriteAllText(At("text.json"), "Hello");
        File.WriteAllText(At("cut.json"), QuickJson.Write(QuickResults.Usual())[..500]);
        File.WriteAllText(At("other.json"), """{"a": 1}""");
        File.WriteAllText(At("null.json"), "null");
        File.WriteAllText(
            At("nulls.json"),
            QuickJson.Write(QuickResults.Usual()).Replace("\"codes\": {", "\"codes\": null, \"c\": {", StringComparison.Ordinal));
        int code = await RunAsync(
            At("none.json"),
            At("text.json"),
            Write("good.json"),
            At("cut.json"),
            At("other.json"),
            At("null.json"),
            At("nulls.json"),
            _folder.FullName,
            "-o",
            At("all.json"));
        Assert.Equal(ExitCodes.CouldNotRun, code);
        Assert.Equal(
            [
                $"warmwire: there is no file {At("none.json")}",
                $"warmwire: {At("text.json")} is not JSON",
                $"warmwire: {At("cut.json")} is not JSON",
                $"warmwire: {At("other.json")} is not a result of warmwire quick",
                $"warmwire: {At("null.json")} is not a result of warmwire quick",
                $"warmwire: {At("nulls.json")} is not a result of warmwire quick",
                $"warmwire: {_folder.FullName} cannot be read: it is a directory",
            ],
            _error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(File.Exists(At("all.json")));
    }

    [Fact]
    public async Task What_a_file_need_not_have_may_be_missing()
    {
        JsonObject result = JsonNode.Parse(QuickJson.Write(QuickResults.Usual()))!.AsObject();
        string[] optional =
        [
            "interrupted", "errorExamples", "downloadedBytes", "generatorLimits", "process", "ensure", "verdict", "merged", "runId",
            "parts", "missingShards", "replaySafeErrors", "unanswered",
        ];
        foreach (string name in optional)
        {
            result.Remove(name);
        }

        foreach (string name in (string[])["method", "requestsPerArrival", "timeoutSeconds", "httpVersion", "newConnectionPerRequest"])
        {
            result["target"]!.AsObject().Remove(name);
        }

        foreach (string name in (string[])["failedDials", "exchanges", "dialedBy", "timeWait"])
        {
            result["connections"]!.AsObject().Remove(name);
        }

        File.WriteAllText(At("bare.json"), result.ToJsonString());
        int code = await RunAsync(Write("a.json"), At("bare.json"), "-o", At("all.json"));
        Assert.Equal((ExitCodes.Success, ""), (code, _error.ToString()));
        Assert.Equal((2, 400L, 0.95), (Merged().Merged, Merged().Requests, Merged().Connections.ReuseRatio));
    }

    [Fact]
    public async Task The_same_file_is_not_counted_twice()
    {
        string file = Write("a.json");
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(
            () => RunAsync(file, Path.Combine(_folder.FullName, ".", "a.json")));
        Assert.Equal((ExitCodes.CouldNotRun, $"{file} is given twice"), (failure.ExitCode, failure.Message));
    }

    [Fact]
    public async Task A_shard_that_is_missing_is_an_error_that_names_it()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(
            () => RunAsync(WriteShard("a.json", "0/4"), WriteShard("b.json", "2/4"), "-o", At("all.json")));
        Assert.Equal(
            (ExitCodes.CouldNotRun, "shards 1/4 and 3/4 of run nightly are missing; --partial merges the rest"),
            (failure.ExitCode, failure.Message));
        Assert.False(File.Exists(At("all.json")));
    }

    [Fact]
    public async Task With_partial_the_result_and_its_verdict_name_what_is_missing()
    {
        string[] files = [WriteShard("a.json", "0/4"), WriteShard("b.json", "2/4")];
        Assert.Equal(
            ExitCodes.Success, await RunAsync([.. files, "--partial", "-o", At("all.json"), "--report", At("all.html")]));
        QuickResult merged = Merged();
        Assert.Equal([new RunPart("nightly", "1/4"), new RunPart("nightly", "3/4")], merged.MissingShards);
        Assert.Equal([new RunPart("nightly", "0/4"), new RunPart("nightly", "2/4")], merged.Parts);
        Assert.Equal("A part of the run is missing: shards 1/4 and 3/4 of run nightly.", merged.Verdict[0]);
        Assert.Contains("a part of the run is missing", File.ReadAllText(At("all.html")), StringComparison.Ordinal);

        // What is merged with the rest later is whole.
        Assert.Equal(
            ExitCodes.Success,
            await RunAsync(At("all.json"), WriteShard("c.json", "3/4"), WriteShard("d.json", "1/4"), "-o", At("all.json")));
        Assert.Equal((4, 0, "nightly"), (Merged().Merged, Merged().MissingShards.Count, Merged().RunId));
    }

    [Fact]
    public async Task A_copy_of_a_shard_is_refused_and_so_is_a_shard_that_a_merged_result_contains()
    {
        string[] whole = [WriteShard("a.json", "0/2"), WriteShard("b.json", "1/2")];
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => RunAsync([.. whole, WriteShard("copy.json", "1/2")]));
        Assert.Equal(
            (2, $"{whole[1]} and {At("copy.json")} both contain shard 1/2 of run nightly; give it once"),
            (failure.ExitCode, failure.Message));
        Assert.Equal(ExitCodes.Success, await RunAsync([.. whole, "-o", At("all.json")]));
        failure = await Assert.ThrowsAsync<CommandFailure>(() => RunAsync(At("all.json"), whole[0]));
        Assert.Contains("both contain shard 0/2 of run nightly", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_a_whole_run_is_refused_and_two_runs_are_not()
    {
        string[] files = [WriteShard("a.json", null), WriteShard("b.json", null)];
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => RunAsync(files));
        Assert.EndsWith("both contain the whole of run nightly; give it once", failure.Message);
        Assert.Equal(ExitCodes.Success, await RunAsync(files[0], WriteShard("c.json", null, "weekly"), "-o", At("all.json")));
        Assert.Null(Merged().RunId);
    }

    [Fact]
    public async Task Shards_of_different_numbers_are_not_of_one_run()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(
            () => RunAsync(WriteShard("a.json", "0/2"), WriteShard("b.json", "1/4")));
        Assert.EndsWith($"{At("a.json")} is shard 0/2 and {At("b.json")} is shard 1/4", failure.Message);
    }

    [Fact]
    public async Task A_shard_that_is_none_is_damage()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => RunAsync(WriteShard("a.json", "4/4")));
        Assert.Equal($"{At("a.json")} is damaged: '4/4' is not a shard", failure.Message);
    }

    [Fact]
    public async Task Many_missing_shards_are_counted()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => RunAsync(WriteShard("a.json", "0/2000")));
        Assert.StartsWith("shards 1/2000, 2/2000, ", failure.Message);
        Assert.EndsWith(", 10/2000 and 1,989 more of run nightly are missing; --partial merges the rest", failure.Message);
    }

    [Fact]
    public async Task Where_nothing_can_be_written_is_told()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => RunAsync(Write("a.json"), "-o", At("no/such/folder.json")));
        Assert.Equal(ExitCodes.CouldNotRun, failure.ExitCode);
        Assert.StartsWith("--output: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_is_no_file()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => RunAsync(Write("a.json"), "-o", _folder.FullName));
        Assert.Equal((ExitCodes.CouldNotRun, $"--output: {_folder.FullName} is a directory"), (failure.ExitCode, failure.Message));
    }

    [Fact]
    public async Task Standard_output_has_the_result_and_nothing_else()
    {
        Assert.Equal(ExitCodes.ConditionFailed, await RunAsync(Write("a.json"), "-o", "-", "--ensure", "max<1", "--ensure", "errors<50%"));
        Assert.Equal(200, QuickJson.Read(_output.ToString()).Requests);
        Assert.Equal("✗ failed max<1: 190 ms\n", _error.ToString());
        Assert.False(File.Exists("-"));
    }

    [Theory]
    [InlineData(
        "only one of --output, --report, --hgrm, --csv, --junit and --prometheus can be -, standard output",
        "a.json", "-o", "-", "--prometheus", "-")]
    [InlineData("--ensure 'p95<5': there is no metric 'p95'; did you mean p(95)?", "a.json", "--ensure", "p95<5")]
    [InlineData(
        "--ensure 'max': it has no comparison; examples are p(95)<500 and errors<1%", "a.json", "--ensure", "max<5", "--ensure", "max")]
    public void A_wrong_condition_is_told_before_anything_is_read(string error, params string[] arguments)
    {
        ParseResult parsed = MergeArguments.Command(static (_, _) => Task.FromResult(0)).Parse(arguments);
        Assert.IsType<ParseErrorAction>(parsed.Action, exactMatch: false);
        Assert.Equal(error, parsed.Errors[0].Message);
    }

    [Fact]
    public void Without_a_file_there_is_nothing_to_do() =>
        Assert.IsType<ParseErrorAction>(MergeArguments.Command(static (_, _) => Task.FromResult(0)).Parse([]).Action, exactMatch: false);

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private string Write(string name)
    {
        File.WriteAllText(At(name), QuickJson.Write(QuickResults.Usual()));
        return At(name);
    }

    private string WriteShard(string name, string? shard, string runId = "nightly")
    {
        QuickResult usual = QuickResults.Usual();
        File.WriteAllText(At(name), QuickJson.Write(usual with { RunId = runId, Target = usual.Target with { Shard = shard } }));
        return At(name);
    }

    private QuickResult Merged() => QuickJson.Read(File.ReadAllText(At("all.json")));

    private Terminal Plain() => new(_output, _error, Console(_output), Console(_error));

    private static IAnsiConsole Console(TextWriter writer) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(writer),
        Ansi = AnsiSupport.No,
        Interactive = InteractionSupport.No,
    });

    private Task<int> RunAsync(params string[] arguments) => MergeArguments
        .Command((settings, cancellationToken) => new MergeCommand(settings, Plain()).RunAsync(cancellationToken))
        .Parse(arguments)
        .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken);
}
