using System.Globalization;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Servers;

/// <summary>The bench's own server: where nginx is not installed, and for answers nginx cannot give.</summary>
internal sealed class KestrelServer : IBenchServer
{
    private readonly LineProcess _process;
    private readonly StatsClient _stats;
    private readonly ServerPorts _ports;

    private KestrelServer(LineProcess process, ServerPorts ports)
    {
        _process = process;
        _ports = ports;
        _stats = new StatsClient(Url("/stats", https: false, http2: false));
    }

    public static async Task<KestrelServer> StartAsync(
        ServerFiles files, int streams, IReadOnlyList<string> pinning, CancellationToken cancellationToken)
    {
        ServerPorts ports = ServerPorts.Find();
        string[] numbers =
            [.. new[] { ports.Http, ports.Https, ports.Http2, ports.Https2, streams }.Select(
                static n => n.ToString(CultureInfo.InvariantCulture))];
        var server = new KestrelServer(LineProcess.Start(
            "the Kestrel server", [.. pinning, "dotnet", Layout.Server, .. numbers, files.Certificate, files.Key]), ports);
        try
        {
            // It listens on one port after the other, and says so when it does on all.
            await server._process.ReceiveAsync(cancellationToken);
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

    public async Task<long> CountConnectionsAsync(CancellationToken cancellationToken) =>
        long.Parse(await _stats.GetAsync(cancellationToken), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        _stats.Dispose();
        await _process.DisposeAsync();
    }
}
