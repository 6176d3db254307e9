using System.Globalization;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Servers;

/// <summary>nginx with one worker, started in the foreground under a shell that ends it when its own standard input ends.</summary>
internal sealed class NginxServer : IBenchServer
{
    private readonly LineProcess _process;
    private readonly StatsClient _stats;
    private readonly ServerPorts _ports;

    private NginxServer(LineProcess process, ServerPorts ports)
    {
        _process = process;
        _ports = ports;
        _stats = new StatsClient(Url("/stats", https: false, http2: false));
    }

    /// <summary>The path of nginx, or <see langword="null"/> where it is not installed.</summary>
    public static string? Program { get; } = OperatingSystem.IsWindows() ? null : Programs.Find("nginx");

    public static async Task<NginxServer> StartAsync(
        ServerFiles files, int streams, IReadOnlyList<string> pinning, CancellationToken cancellationToken)
    {
        ServerPorts ports = ServerPorts.Find();
        string configuration = Path.Combine(files.Folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, NginxConfiguration.Write(files, ports, streams), cancellationToken);
        string script = $"'{Program}' -e stderr -c '{configuration}' & child=$!; cat > /dev/null; kill -TERM $child; wait $child";
        var server = new NginxServer(LineProcess.Start("nginx", [.. pinning, "/bin/sh", "-c", script]), ports);
        try
        {
            await server._stats.WaitAsync(server._process, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public string Url(string path, bool https, bool http2) => _ports.Url(path, https, http2);

    public async Task<long> CountConnectionsAsync(CancellationToken cancellationToken)
    {
        // "Active connections: 1 \nserver accepts handled requests\n 7 7 9 \n..."
        string[] lines = (await _stats.GetAsync(cancellationToken)).Split('\n');
        return long.Parse(lines[2].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _stats.Dispose();
        await _process.DisposeAsync();
    }
}
