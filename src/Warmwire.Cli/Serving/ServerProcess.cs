using Warmwire.Cli.Processes;

namespace Warmwire.Cli.Serving;

/// <summary>The embedded server as the comparison sees it.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly ChildProcess _child;

    private ServerProcess(ChildProcess child, ServerReady ready)
    {
        _child = child;
        Port = ready.Port;
        Thumbprint = ready.Thumbprint;
    }

    public int Port { get; }

    public string? Thumbprint { get; }

    public static async Task<ServerProcess> StartAsync(bool tls, CancellationToken cancellationToken, bool emulator = false)
    {
        ChildProcess child = ChildProcess.Start("the embedded server", ServeCommand.Name);
        try
        {
            await child.SendAsync(new ServeOrder(tls, emulator), ServerJson.Default.ServeOrder);
            return new ServerProcess(child, await child.ReceiveAsync(ServerJson.Default.ServerReady, cancellationToken));
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public async Task<ServerCounts> GetCountsAsync(CancellationToken cancellationToken)
    {
        await _child.SendAsync(new CountsQuery(), ServerJson.Default.CountsQuery);
        return await _child.ReceiveAsync(ServerJson.Default.ServerCounts, cancellationToken);
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();
}
