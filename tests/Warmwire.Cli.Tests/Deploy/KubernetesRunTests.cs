using System.Diagnostics;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.EndToEnd;
using Warmwire.Cli.Tests.Quick;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Cli.Tests.Deploy;

/// <summary>
/// deploy/kubernetes/run with a kubectl that plays a cluster: it notes how it was called, and has the logs that a test put into its folder.
/// </summary>
public sealed class KubernetesRunTests : IDisposable
{
    private const string Kubectl = """
        #!/usr/bin/env bash
        here="$(cd "$(dirname "$0")" && pwd)"
        echo "$*" >> "$here/calls"
        case "$*" in
            *create*) cat > "$here/created.yaml"; exit "$(cat "$here/refusal" 2> /dev/null || echo 0)" ;;
            *"get job"*) cat "$here/condition" ;;
            *logs*) all="$*"; index="${all##*completion-index=}"; cat "$here/log-${index%% *}" ;;
        esac
        """;

    private static readonly string[] s_usual =
        [
            "--url", "http://server:8080/", "--rate", "3000", "--duration", "2m", "--shards", "2", "--image",
            "registry.example.com/warmwire:1", "--name", "warmwire-test",
        ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-deploy-");

    public KubernetesRunTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "bash");
        Write("kubectl", Kubectl, executable: true);
        Write(
            "warmwire",
            $"#!/usr/bin/env bash\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Warmwire.Cli.dll")}' \"$@\"\n",
            executable: true);
        Write("condition", "SuccessCriteriaMet Complete");
        for (int i = 0; i < 2; i++)
        {
            Write($"log-{i}", $"some warning\n--- result of warmwire\n{QuickJson.Write(QuickResults.Usual())}\n\n--- end of result\n");
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Results_are_collected_from_the_logs_and_merged()
    {
        WarmwireProcess.Outcome outcome = await RunAsync(
            [
                .. s_usual, "--namespace", "load", "--output", At("all.json"), "--ensure",
                "errors<=5%", "--", "-H", "X-Say: \"$(hello)\" \\",
            ]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        QuickResult merged = QuickJson.Read(File.ReadAllText(At("all.json")));
        Assert.Equal((2, 400L, 380L), (merged.Merged, merged.Requests, merged.LatencyMs.Corrected.Count));
        Assert.Equal(new EnsureResult("errors<=5%", true, "5 % (20 of 400)"), Assert.Single(merged.Ensure));

        Assert.Equal(
            [
                "--namespace load create -f -",
                "--namespace load get job warmwire-test -o jsonpath={.status.conditions[?(@.status==\"True\")].type}",
                "--namespace load logs --selector "
                    + "batch.kubernetes.io/job-name=warmwire-test,batch.kubernetes.io/job-completion-index=0 --tail=-1",
                "--namespace load logs --selector "
                    + "batch.kubernetes.io/job-name=warmwire-test,batch.kubernetes.io/job-completion-index=1 --tail=-1",
                "--namespace load delete job warmwire-test --ignore-not-found --wait=false",
            ],
            File.ReadAllLines(At("calls")));
        string created = File.ReadAllText(At("created.yaml"));
        Assert.Contains("completions: 2\n  parallelism: 2\n", created, StringComparison.Ordinal);
        Assert.Contains("""- "X-Say: \"$$(hello)\" \\" """.TrimEnd(), created, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_is_the_exit_code() =>
        Assert.Equal(1, (await RunAsync([.. s_usual, "--output", At("all.json"), "--ensure", "errors<5%"])).ExitCode);

    [Fact]
    public async Task A_log_that_was_cut_is_an_error()
    {
        Write("log-1", File.ReadAllText(At("log-1"))[..2_000]);
        WarmwireProcess.Outcome outcome = await RunAsync([.. s_usual, "--output", At("all.json")]);
        Assert.Equal((2, "run: the log of pod 1 has no complete result"), (outcome.ExitCode, outcome.ErrorLines[^1]));
        Assert.False(File.Exists(At("all.json")));
        Assert.Contains("delete job warmwire-test", File.ReadAllLines(At("calls"))[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_failed_shows_the_last_words_of_its_pods()
    {
        Write("condition", "FailureTarget Failed");
        Write("log-0", "warmwire: the server cannot be reached\nno result: warmwire ended with 2\n");
        WarmwireProcess.Outcome outcome = await RunAsync([.. s_usual, "--keep", "--output", At("all.json")]);
        Assert.Equal((2, "run: the Job warmwire-test failed or took too long"), (outcome.ExitCode, outcome.ErrorLines[^1]));
        Assert.Contains("run: pod 0: no result: warmwire ended with 2", outcome.ErrorLines);
        Assert.DoesNotContain("delete", File.ReadAllText(At("calls")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_was_there_before_is_left_alone()
    {
        Write("refusal", "1");
        WarmwireProcess.Outcome outcome = await RunAsync([.. s_usual, "--output", At("all.json")]);
        Assert.Equal((2, "run: the Job could not be created"), (outcome.ExitCode, outcome.ErrorLines[^1]));
        Assert.Equal(["create -f -"], File.ReadAllLines(At("calls")));
    }

    [Fact]
    public async Task A_dry_run_prints_the_manifest_that_the_readme_shows()
    {
        WarmwireProcess.Outcome outcome = await RunAsync(
            "--url", "http://server:8080/", "--rate", "3000", "--duration", "2m", "--shards", "4",
            "--image", "registry.example.com/warmwire:1", "--name", "warmwire-example", "--start-at", "2026-01-02T03:04:05Z", "--dry-run");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal(File.ReadAllText(Path.Combine(Repository.Path("deploy/kubernetes"), "job.yaml")), outcome.Output);
        Assert.False(File.Exists(At("calls")));
    }

    [Theory]
    [InlineData("run: --url is needed; see run --help")]
    [InlineData("run: there is no option --what; see run --help", "--what", "x")]
    [InlineData("run: --rate needs a value; see run --help", "--rate")]
    [InlineData(
        "run: --url must be an http or https URL, not 'server'",
        "--url",
        "server",
        "--rate",
        "1",
        "--duration",
        "1",
        "--shards",
        "1",
        "--image",
        "x")]
    [InlineData(
        "run: --shards must be from 1 to 1000, not '0'",
        "--url",
        "http://x/",
        "--rate",
        "1",
        "--duration",
        "1",
        "--shards",
        "0",
        "--image",
        "x")]
    [InlineData(
        "run: --duration must be like 30, 30s or 5m, not '1h'",
        "--url",
        "http://x/",
        "--rate",
        "1",
        "--duration",
        "1h",
        "--shards",
        "1",
        "--image",
        "x")]
    public async Task Wrong_arguments_are_told_in_one_line(string error, params string[] arguments)
    {
        WarmwireProcess.Outcome outcome = await RunAsync(arguments);
        Assert.Equal((2, error), (outcome.ExitCode, Assert.Single(outcome.ErrorLines)));
        Assert.False(File.Exists(At("calls")));
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private void Write(string name, string text, bool executable = false)
    {
        File.WriteAllText(At(name), text);
        if (executable && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private async Task<WarmwireProcess.Outcome> RunAsync(params string[] arguments)
    {
        var info = new ProcessStartInfo(Path.Combine(Repository.Path("deploy/kubernetes"), "run"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["PATH"] = _folder.FullName + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH");
        info.Environment["WARMWIRE"] = At("warmwire");
        info.Environment["WARMWIRE_POLL_SECONDS"] = "0";
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(info)!;
        process.StandardInput.Close();
        return await WarmwireProcess.FinishAsync(process);
    }
}
