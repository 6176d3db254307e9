using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Warmwire.Cli.Tests.EndToEnd;

/// <summary>The built command in a terminal of a given size, which tmux is. Its server is the session's own.</summary>
internal sealed class TmuxSession : IAsyncDisposable
{
    private readonly string _socket;

    private TmuxSession(string socket) => _socket = socket;

    /// <summary>Whether tmux can be run.</summary>
    public static async Task<bool> IsInstalledAsync()
    {
        try
        {
            return (await RunAsync("-V")).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <param name="folder">Where its socket is.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Lines.</param>
    /// <param name="environment">Variables, as <c>env</c> takes them.</param>
    /// <param name="recording">A file that gets every byte that is written to the terminal.</param>
    /// <param name="arguments">Of the command; without quotes.</param>
    public static async Task<TmuxSession> StartAsync(
        string folder,
        int width,
        int height,
        string environment,
        string recording,
        params string[] arguments)
    {
        var session = new TmuxSession(Path.Combine(folder, $"tmux-{width}"));
        string command = Path.Combine(AppContext.BaseDirectory, "Warmwire.Cli.dll");
        string go = Path.Combine(folder, $"go-{width}");
        await session.TellAsync(
            "new-session", "-d", "-x", Text(width), "-y", Text(height),
            $"until [ -e {go} ]; do sleep 0.05; done; env -u NO_COLOR TERM=screen-256color LANG=C.UTF-8 {environment} "
                + $"dotnet {command} {string.Join(' ', arguments)}; cat");
        await session.TellAsync("pipe-pane", $"cat > {recording}");
        await File.WriteAllTextAsync(go, "");
        return session;
    }

    /// <summary>The lines of the screen, without spaces at their ends.</summary>
    public async Task<string[]> ScreenAsync() =>
        [.. (await TellAsync("capture-pane", "-p")).Split('\n').Select(static line => line.TrimEnd())];

    public async ValueTask DisposeAsync() => await RunAsync("-S", _socket, "kill-server");

    private async Task<string> TellAsync(params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync(["-S", _socket, "-f", "/dev/null", .. arguments]);
        return exitCode == 0 ? output : throw new InvalidOperationException($"tmux {arguments[0]}: {error}");
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("tmux", arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = System.Text.Encoding.UTF8,
            Environment = { ["LC_ALL"] = "C.UTF-8" },
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
