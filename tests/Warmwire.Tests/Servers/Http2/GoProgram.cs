using System.Diagnostics;
using System.Security.Cryptography;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>
/// Compiles a server of one Go file, with the standard library and the packages that Debian installs; without asking anybody for more.
/// </summary>
internal static class GoProgram
{
    private const string Packages = "/usr/share/gocode";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>The program of the file beside this one; kept until the file changes. Skips the test if it cannot be had.</summary>
    public static async Task<string> BuildAsync(string file, string? package = null)
    {
        string? go = ChildServer.Find("go");
        Assert.SkipWhen(go is null, "go is not installed.");
        Assert.SkipWhen(package is not null && !Directory.Exists($"{Packages}/src/{package}"), $"{package} is not in {Packages}/src.");
        string source = Repository.Path($"tests/Warmwire.Tests/Servers/Http2/Programs/{file}");
        string folder = Directory.CreateDirectory(Repository.Path("artifacts/interop")).FullName;
        string version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(source)))[..16];
        string program = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(file)}-{version}");
        if (!File.Exists(program))
        {
            string fresh = $"{program}.{Environment.ProcessId}";
            await BuildAsync(go, source, fresh, folder);
            File.Move(fresh, program, overwrite: true);
        }

        return program;
    }

    private static async Task BuildAsync(string go, string source, string program, string folder)
    {
        var info = new ProcessStartInfo(go, ["build", "-o", program, source])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        info.Environment["GO111MODULE"] = "off";
        info.Environment["GOPATH"] = Packages;
        info.Environment["GOFLAGS"] = "";
        info.Environment["GOCACHE"] = Path.Combine(folder, "go-cache");
        info.Environment["CGO_ENABLED"] = "0";
        using Process build = Process.Start(info)!;
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            string errors = await build.StandardError.ReadToEndAsync(limit.Token);
            await build.WaitForExitAsync(limit.Token);
            Assert.True(build.ExitCode == 0, $"{source} does not build:\n{errors}");
        }
        finally
        {
            build.Kill(entireProcessTree: true);
        }
    }
}
