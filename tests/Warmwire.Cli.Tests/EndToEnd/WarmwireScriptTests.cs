using System.Diagnostics;
using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

/// <summary>The script that builds the command when its sources have changed, with a stand-in for the SDK that counts builds.</summary>
public sealed class WarmwireScriptTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("warmwire-script-").FullName;

    public WarmwireScriptTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "The script is for bash.");
        string[] folders = ["src/Warmwire", "src/Warmwire.Cli", "samples/functions/http", "samples/pubsub-emulator", "eng"];
        foreach (string folder in folders)
        {
            Directory.CreateDirectory(PathOf(folder));
            Write($"{folder}/One.cs", "");
        }

        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "global.json", ".editorconfig"])
        {
            Write(file, "");
        }

        File.Copy(Path.Combine(Repository, "warmwire"), PathOf("warmwire"));
        Write("sdk/dotnet", """
            #!/usr/bin/env bash
            if [ "$1" = build ]; then
                echo build >> "$COUNT"
                [ -z "${BROKEN:-}" ] || { echo "error CS0001: broken"; exit 1; }
                mkdir -p src/Warmwire.Cli/bin/Release/net10.0 src/Warmwire.Cli/obj src/Warmwire/bin src/Warmwire/obj
                : > src/Warmwire.Cli/bin/Release/net10.0/Warmwire.Cli.dll
                : > src/Warmwire/obj/made
                echo "  Warmwire.Cli -> somewhere"
            else
                echo "ran $*"
            fi
            """);
#pragma warning disable CA1416 // Only where there is bash; see above.
        File.SetUnixFileMode(PathOf("sdk/dotnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
#pragma warning restore CA1416
    }

    private static string Repository
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder!.FullName, "Warmwire.slnx")))
            {
                folder = folder.Parent;
            }

            return folder.FullName;
        }
    }

    private int Builds => File.Exists(PathOf("count")) ? File.ReadAllLines(PathOf("count")).Length : 0;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task It_builds_when_the_sources_have_changed_and_not_when_a_sample_was_built()
    {
        (int code, string output, string errors) = await RunAsync("quick", "--help");
        Assert.Equal((0, 1), (code, Builds));
        Assert.EndsWith("Warmwire.Cli.dll quick --help\n", output, StringComparison.Ordinal);
        Assert.StartsWith("warmwire: building", errors, StringComparison.Ordinal);

        // Nothing has changed: not a word.
        Assert.Equal((0, output, ""), await RunAsync("quick", "--help"));
        foreach (string made in (string[])["obj/made", "bin/made"])
        {
            Write("samples/functions/http/" + made, "");
            Write("src/Warmwire/" + made, "");
        }

        await RunAsync();
        Assert.Equal(1, Builds);

        Write("src/Warmwire/Two.cs", "");
        await RunAsync();
        Assert.Equal(2, Builds);
        File.Delete(PathOf("src/Warmwire/Two.cs"));
        await RunAsync();
        Assert.Equal(3, Builds);
        File.SetLastWriteTimeUtc(PathOf("samples/functions/http/One.cs"), DateTime.UtcNow.AddSeconds(5));
        await RunAsync();
        Assert.Equal(4, Builds);

        // Another file under the same name, and older, as an archive has it.
        Write("older", "other");
        File.SetLastWriteTimeUtc(PathOf("older"), DateTime.UtcNow.AddDays(-30));
        File.SetLastWriteTimeUtc(PathOf("samples/functions/http/One.cs"), DateTime.UtcNow.AddDays(-30));
        await Task.Delay(20, TestContext.Current.CancellationToken);
        await RunAsync();
        int builds = Builds;
        await Task.Delay(20, TestContext.Current.CancellationToken);
        File.Move(PathOf("older"), PathOf("src/Warmwire/One.cs"), overwrite: true);
        await RunAsync();
        Assert.Equal(builds + 1, Builds);

        // A folder that is not there is no reason not to build.
        Directory.Delete(PathOf("samples/pubsub-emulator"), recursive: true);
        (int withoutFolder, _, _) = await RunAsync();
        Assert.Equal((0, builds + 2), (withoutFolder, Builds));
    }

    [Fact]
    public async Task A_build_that_fails_is_shown_and_tried_again()
    {
        for (int i = 1; i <= 2; i++)
        {
            (int code, _, string errors) = await RunAsync(broken: true);
            Assert.Equal((1, i), (code, Builds));
            Assert.Contains("error CS0001: broken", errors, StringComparison.Ordinal);
            Assert.EndsWith("warmwire: the build failed\n", errors, StringComparison.Ordinal);
        }
    }

    private Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(broken: false, arguments);

    private async Task<(int Code, string Output, string Errors)> RunAsync(bool broken, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [PathOf("warmwire"), .. arguments])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _root,
        };
        start.Environment["PATH"] = $"{PathOf("sdk")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["COUNT"] = PathOf("count");
        start.Environment["BROKEN"] = broken ? "1" : "";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }

    private string PathOf(string file) => Path.Combine(_root, file);

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(file))!);
        File.WriteAllText(PathOf(file), text);
    }
}
