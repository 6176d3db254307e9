using Warmwire.Cli.Processes;

namespace Warmwire.Cli.Serving;

/// <summary>The relay as the comparison sees it.</summary>
internal sealed class RelayProcess : IAsyncDisposable
{
    private readonly ChildProcess _child;

    private RelayProcess(ChildProcess child, int port)
    {
        _child = child;
        Port = port;
    }

    public int Port { get; }

    public static async Task<RelayProcess> StartAsync(string host, int port, TimeSpan roundTrip, CancellationToken cancellationToken)
    {
        ChildProcess child = ChildProcess.Start("the relay", RelayCommand.Name);
        try
        {
            await child.SendAsync(new RelayOrder(host, port, roundTrip.TotalMilliseconds), RelayJson.Default.RelayOrder);
            RelayReady ready = await child.ReceiveAsync(RelayJson.Default.RelayReady, cancellationToken);
            return new RelayProcess(child, ready.Port);
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();
}
