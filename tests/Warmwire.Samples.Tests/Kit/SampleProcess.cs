using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;

namespace Warmwire.Samples.Tests.Kit;

/// <summary>A built sample, run as a user runs it.</summary>
internal sealed class SampleProcess : IAsyncDisposable
{
    // Below the ports that the system hands out by itself, and begun at another place by each run, because there may be two on a machine.
    private const int FirstPort = 28_000;
    private const int Ports = 4_000;

    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    private static int s_lastPort = Environment.ProcessId * 37;

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private SampleProcess(Process process, int port)
    {
        _process = process;
        Uri = new Uri($"http://127.0.0.1:{port}/");
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    public Uri Uri { get; }

    /// <summary>What it has written to stderr so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>Starts a sample that serves, and waits until it does.</summary>
    public static async Task<SampleProcess> ServeAsync(
        string assembly,
        string[] arguments,
        params (string Name, string? Value)[] environment)
    {
        for (int attempt = 0; ; attempt++)
        {
            int port = NextPort();
            var sample = new SampleProcess(Start(assembly, arguments, [.. environment, ("PORT", $"{port}")]), port);
            if (await sample.IsListeningAsync())
            {
                return sample;
            }

            string errors = sample.Errors;
            await sample.DisposeAsync();
            if (attempt == 3 || !errors.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
            {
                throw new InvalidOperationException($"{assembly} does not serve: {errors}");
            }
        }
    }

    /// <summary>Runs a sample that ends by itself.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string assembly,
        string[] arguments,
        params (string Name, string? Value)[] environment)
    {
        using Process process = Start(assembly, arguments, environment);
        using var limit = new CancellationTokenSource(s_startLimit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(string assembly, string[] arguments, (string Name, string? Value)[] environment)
    {
        var info = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, assembly));
        Array.ForEach(arguments, info.ArgumentList.Add);
        // What the samples read, and proxies, are not those of the environment that runs the tests.
        string[] foreign =
        [
            "PORT", "UPSTREAM_URL", "REUSE", "GOOGLE_CLOUD_PROJECT", "PUBSUB_EMULATOR_HOST", "GCE_METADATA_HOST", "HTTP_PROXY",
            "http_proxy", "ALL_PROXY", "all_proxy",
        ];
        foreach (string name in foreign)
        {
            info.Environment.Remove(name);
        }

        foreach ((string name, string? value) in environment)
        {
            info.Environment[name] = value;
        }

        return Process.Start(info)!;
    }

    private static int NextPort()
    {
        while (true)
        {
            int port = FirstPort + (int)((uint)Interlocked.Increment(ref s_lastPort) % Ports);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it; the next one.
            }
        }
    }

    private async Task<bool> IsListeningAsync()
    {
        // The line it writes when it is ready; the end of its output if it could not start.
        Task<string?> line = _process.StandardOutput.ReadLineAsync();
        Task first = await Task.WhenAny(line, Task.Delay(s_startLimit));
        if (first == line && await line is not null)
        {
            // Nobody reads on; it writes no more.
            return true;
        }

        // Its last words may still be on their way.
        await Guard.Within(_process.WaitForExitAsync(), () => "the end of a sample that did not start");
        return false;
    }
}
