using System.Diagnostics;
using System.Text.Json;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.Quick;
using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

/// <summary>The command where its output cannot be written, and where it is read by another program.</summary>
public sealed class StandardOutputTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-output-");

    public StandardOutputTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "bash");
        File.WriteAllText(Path.Combine(_folder.FullName, "a.json"), QuickJson.Write(QuickResults.Usual()));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("merge a.json > /dev/full", "warmwire: standard output cannot be written: No space left on device")]
    [InlineData("merge a.json -o - > /dev/full", "warmwire: standard output cannot be written: No space left on device")]
    [InlineData("--help > /dev/full", "warmwire: standard output cannot be written: No space left on device")]
    [InlineData("merge a.json >&-", "warmwire: standard output cannot be written: Bad file descriptor")]
    [InlineData("merge a.json | true", "warmwire: standard output cannot be written: Broken pipe")]
    public async Task What_cannot_be_written_is_one_line_and_2(string command, string error)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full");
        WarmwireProcess.Outcome outcome = await RunAsync(command);
        Assert.Equal(error, Assert.Single(outcome.ErrorLines));
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
    }

    [Fact]
    public async Task Standard_output_is_only_the_result_if_that_goes_there()
    {
        WarmwireProcess.Outcome outcome = await RunAsync("merge a.json -o -");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(200, json.RootElement.GetProperty("requests").GetInt32());
    }

    [Fact]
    public async Task A_load_whose_progress_nobody_reads_ends()
    {
        await using LoadTarget target = await LoadTarget.StartAsync();
        WarmwireProcess.Outcome outcome = await RunAsync($"quick -r 10 -d 60 {target.Url} > /dev/full");
        Assert.Equal((2, 1), (outcome.ExitCode, outcome.ErrorLines.Length));
    }

    private async Task<WarmwireProcess.Outcome> RunAsync(string command)
    {
        var info = new ProcessStartInfo("bash")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add(
            $"warmwire() {{ dotnet '{Path.Combine(AppContext.BaseDirectory, "Warmwire.Cli.dll")}' \"$@\"; }}; "
                + $"warmwire {command}; exit ${{PIPESTATUS[0]}}");
        using Process process = Process.Start(info)!;
        return await WarmwireProcess.FinishAsync(process);
    }
}
