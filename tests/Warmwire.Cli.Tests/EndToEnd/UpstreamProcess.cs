using System.Diagnostics;
using System.Text.Json;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli.Tests.EndToEnd;

/// <summary>The embedded server in a process of its own, for tests that tell processes apart.</summary>
internal sealed class UpstreamProcess : IDisposable
{
    private readonly Process _process = WarmwireProcess.Start(ServeCommand.Name);

    private UpstreamProcess()
    {
    }

    public int Port { get; private set; }

    public int Pid => _process.Id;

    public static async Task<UpstreamProcess> StartAsync()
    {
        var upstream = new UpstreamProcess();
        await upstream._process.StandardInput.WriteLineAsync(
            JsonSerializer.Serialize(new ServeOrder(Tls: false), ServerJson.Default.ServeOrder));
        await upstream._process.StandardInput.FlushAsync();
        string ready = (await upstream._process.StandardOutput.ReadLineAsync())!;
        upstream.Port = JsonSerializer.Deserialize(ready, ServerJson.Default.ServerReady)!.Port;
        return upstream;
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
