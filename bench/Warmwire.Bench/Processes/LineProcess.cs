using System.Diagnostics;

namespace Warmwire.Bench.Processes;

/// <summary>
/// A child that speaks lines. It ends when its standard input does, so it does not outlive this process however that ends.
/// </summary>
internal sealed class LineProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(3);
    private static readonly string[] s_proxyVariables =
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

    private readonly Process _process;
    private readonly string _role;
    private string? _lastErrorLine;

    private LineProcess(Process process, string role)
    {
        _process = process;
        _role = role;
    }

    /// <param name="role">What it is, for messages.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="environment">Variables on top of this process's own.</param>
    public static LineProcess Start(string role, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string variable in s_proxyVariables)
        {
            // All servers are on this machine.
            info.Environment.Remove(variable);
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            info.Environment[name] = value;
        }

        var child = new LineProcess(new Process { StartInfo = info }, role);
        child._process.ErrorDataReceived += child.KeepErrorLine;
        try
        {
            child._process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BenchFailure($"{role} does not start: {e.Message}", e);
        }

        child._process.BeginErrorReadLine();
        return child;
    }

    public async Task SendAsync(string line)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException e)
        {
            throw Died(e);
        }
    }

    public async Task<string> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_patience);
        try
        {
            return await _process.StandardOutput.ReadLineAsync(limit.Token) ?? throw Died(null);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BenchFailure($"{_role} said nothing for {s_patience.TotalSeconds:0} s", e);
        }
    }

    /// <summary>Everything a short-lived child prints.</summary>
    public async Task<string> ReceiveAllAsync(CancellationToken cancellationToken)
    {
        string text = await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode == 0 ? text : throw Died(null);
    }

    /// <summary>What it last wrote to its error stream, once it has ended.</summary>
    public string? LastErrorLine => Volatile.Read(ref _lastErrorLine);

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended, which is what was asked of it.
        }

        try
        {
            using var grace = new CancellationTokenSource(s_grace);
            await _process.WaitForExitAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private void KeepErrorLine(object sender, DataReceivedEventArgs e)
    {
        if (!string.IsNullOrWhiteSpace(e.Data) && !e.Data.StartsWith("   at ", StringComparison.Ordinal))
        {
            Volatile.Write(ref _lastErrorLine, e.Data.Trim());
        }
    }

    private BenchFailure Died(Exception? cause)
    {
        // The error stream is complete only when the process has ended.
        _process.WaitForExit(TimeSpan.FromSeconds(1));
        string text = LastErrorLine is { } line ? $"{_role} died: {line}" : $"{_role} died";
        return cause is null ? new BenchFailure(text) : new BenchFailure(text, cause);
    }
}
