using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Processes;

/// <summary>
/// One part of a comparison in a process of its own. Both sides speak JSON, one message a line, over standard input and output.
/// The child ends when its standard input does (see <see cref="ParentLink"/>), so it cannot outlive this process however that ends.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _role;
    private string? _lastErrorLine;

    private ChildProcess(Process process, string role)
    {
        _process = process;
        _role = role;
    }

    /// <param name="role">What it is, for messages: "the embedded server".</param>
    /// <param name="arguments">The hidden command and its arguments.</param>
    public static ChildProcess Start(string role, params IReadOnlyList<string> arguments) =>
        Start(role, SelfExecutable.StartInfo(arguments));

    public static ChildProcess Start(string role, ProcessStartInfo info)
    {
        var process = new Process { StartInfo = info };
        var child = new ChildProcess(process, role);
        process.ErrorDataReceived += child.KeepErrorLine;
        process.Start();
        process.BeginErrorReadLine();
        return child;
    }

    public async Task SendAsync<T>(T message, JsonTypeInfo<T> type)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(message, type));
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException e)
        {
            throw Died(e);
        }
    }

    public async Task<T> ReceiveAsync<T>(JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        string? line = await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw Died(null);
        try
        {
            return JsonSerializer.Deserialize(line, type) ?? throw new CommandFailure($"{_role} sent an empty message");
        }
        catch (JsonException e)
        {
            throw new CommandFailure($"{_role} sent an unexpected message: {line}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void KeepErrorLine(object sender, DataReceivedEventArgs e)
    {
        if (!string.IsNullOrWhiteSpace(e.Data) && !e.Data.StartsWith("   at ", StringComparison.Ordinal))
        {
            Volatile.Write(ref _lastErrorLine, e.Data.Trim());
        }
    }

    private CommandFailure Died(Exception? cause)
    {
        // The error stream is read by another thread and complete only when the process has ended.
        _process.WaitForExit(TimeSpan.FromSeconds(1));
        string text = Volatile.Read(ref _lastErrorLine) is { } line
            ? $"{_role} exited unexpectedly: {line}"
            : $"{_role} exited unexpectedly";
        return cause is null ? new CommandFailure(text) : new CommandFailure(text, cause);
    }
}
