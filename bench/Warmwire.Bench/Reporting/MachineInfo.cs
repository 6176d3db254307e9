using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Reporting;

/// <summary>What the numbers were measured on and with.</summary>
internal static class MachineInfo
{
    public static async Task<string> HeaderAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var text = new StringBuilder("# Benchmark results\n\n| | |\n|---|---|\n");
        void Add(string name, string? value)
        {
            if (!string.IsNullOrWhiteSpace(value))
            {
                text.Append(CultureInfo.InvariantCulture, $"| {name} | {value.Trim()} |\n");
            }
        }

        Add("date", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));
        Add("commit", await CommitAsync(cancellationToken));
        Add("processor", $"{ProcessorModel()}, {Environment.ProcessorCount} cores");
        Add("memory", string.Create(
            CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):0.0} GiB"));
        Add("system", $"{RuntimeInformation.OSDescription}, kernel {Environment.OSVersion.Version}");
        Add(".NET", RuntimeInformation.FrameworkDescription);
        Add("client compiled ahead (ReadyToRun)", Environment.GetEnvironmentVariable("WARMWIRE_BENCH_READYTORUN") == "0" ? "no" : "yes");
        Add("server", NginxServer.Program is { } nginx && !options.Kestrel
            ? await FirstLineAsync(nginx, "-v", cancellationToken)
            : "Kestrel");
        Add("WARMWIRE_SOCKETS", Environment.GetEnvironmentVariable("WARMWIRE_SOCKETS"));
        if (options.Peers)
        {
            Add("Go", await FirstLineAsync("go", "version", cancellationToken));
            Add("Node.js", await FirstLineAsync("node", "--version", cancellationToken));
            Add("undici", UndiciVersion());
            Add("Java", await FirstLineAsync("java", "-version", cancellationToken));
            Add("wrk", await FirstLineAsync("wrk", "-v", cancellationToken));
            Add("h2load", await FirstLineAsync("h2load", "--version", cancellationToken));
        }

        Add("mode", options.Quick ? "quick: short rounds, noisier than a full run" : "full");
        return text.Append('\n').ToString();
    }

    private static async Task<string?> CommitAsync(CancellationToken cancellationToken)
    {
        if (await FirstLineAsync("git", $"-C '{Layout.Root}' rev-parse --short HEAD", cancellationToken) is not { } commit)
        {
            return null;
        }

        string? changes = await FirstLineAsync("git", $"-C '{Layout.Root}' status --porcelain", cancellationToken);
        return string.IsNullOrEmpty(changes) ? commit : $"{commit}, with changes that are not committed";
    }

    private static string ProcessorModel()
    {
        const string Line = "model name";
        string? model = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(static line => line.StartsWith(Line, StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : null;
        return model ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string? UndiciVersion()
    {
        string file = Path.Combine(Layout.Peers, "undici", "node_modules", "undici", "package.json");
        if (!File.Exists(file))
        {
            return null;
        }

        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(file));
        return json.RootElement.GetProperty("version").GetString();
    }

    // Some tell their version on the error stream, some with an exit code other than 0.
    private static async Task<string?> FirstLineAsync(string program, string arguments, CancellationToken cancellationToken)
    {
        if (!Path.IsPathRooted(program) && Programs.Find(program) is null)
        {
            return null;
        }

        await using LineProcess process = LineProcess.Start(program, ["/bin/sh", "-c", $"{program} {arguments} 2>&1; true"]);
        string text = await process.ReceiveAllAsync(cancellationToken);
        return text.Split('\n')[0];
    }
}
