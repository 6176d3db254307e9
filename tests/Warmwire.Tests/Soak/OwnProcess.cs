using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>
/// Runs a test in a process of its own: for what is measured of the process, and would else be measured of all tests that ran before,
/// whose handlers, pools of arrays and late failures are still about.
/// </summary>
internal static class OwnProcess
{
    /// <summary>Set in that process, to the name of the test.</summary>
    private const string Variable = "WARMWIRE_TEST_OF_THIS_PROCESS";

    /// <summary>Besides the time of a soak that was made longer.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4) + TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("WARMWIRE_SOAK_SECONDS") ?? "0", CultureInfo.InvariantCulture));

    public static async Task RunAsync(
        Type type, Func<Task> test, ITestOutputHelper output, TimeSpan? limit = null, [CallerMemberName] string method = "")
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{type.FullName}.{method}");
        if (Environment.GetEnvironmentVariable(Variable) == name)
        {
            await test();
            return;
        }

        using Process process = Start(name);
        using var over = new CancellationTokenSource(limit ?? s_limit);
        try
        {
            Task<string> text = process.StandardOutput.ReadToEndAsync(over.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(over.Token);
            await process.WaitForExitAsync(over.Token);
            string all = await text + await errors;
            output.WriteLine(all);
            Assert.True(process.ExitCode == 0
                && all.Contains("Total: 1,", StringComparison.Ordinal), $"exit code {process.ExitCode}:\n{all}");
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(string name)
    {
        // The host that runs this process may be one of the test platform's, so the one of the shared runtime is named.
        string host =
            Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        var info = new ProcessStartInfo(Path.GetFullPath(host))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in new[] { typeof(OwnProcess).Assembly.Location, "-method", name, "-nologo", "-nocolor",
            "-showliveoutput" })
        {
            info.ArgumentList.Add(argument);
        }

        info.Environment[Variable] = name;
        return Process.Start(info)!;
    }
}
