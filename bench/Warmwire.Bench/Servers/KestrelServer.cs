using System.Globalization;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Servers;

/// <summary>The bench's own server: where nginx is not installed, and for answers nginx cannot give.</summary>
internal sealed class KestrelServer : IBenchServer
{
    private readonly LineProcess _process;
    private readonly StatsClient _stats;
    private readonly int _http;
    private readonly int _https;

    private KestrelServer(LineProcess process, int http, int https)
    {
        _process = process;
        _http = http;
        _https = https;
        _stats = new StatsClient(Url("/stats", https: false));
    }

    public static async Task<KestrelServer> StartAsync(ServerFiles files, IReadOnlyList<string> pinning, CancellationToken cancellationToken)
    {
        int http = FreePort.Find();
        int https = FreePort.Find();
        string[] arguments = [http.ToString(CultureInfo.InvariantCulture), https.ToString(CultureInfo.InvariantCulture), files.Certificate, files.Key];
        var server = new KestrelServer(LineProcess.Start("the Kestrel server", [.. pinning, "dotnet", Layout.Server, .. arguments]), http, https);
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

    public string Url(string path, bool https) =>
        string.Create(CultureInfo.InvariantCulture, $"{(https ? "https" : "http")}://127.0.0.1:{(https ? _https : _http)}{path}");

    public async Task<long> CountConnectionsAsync(CancellationToken cancellationToken) =>
        long.Parse(await _stats.GetAsync(cancellationToken), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        _stats.Dispose();
        await _process.DisposeAsync();
    }
}
