using System.Net.Sockets;
using Warmwire.Cli.Measuring;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli.Compare;

/// <summary>The server that the rows call, embedded or given by --url, behind the relay if there is one.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private static readonly TimeSpan s_reachTimeout = TimeSpan.FromSeconds(5);

    private readonly ServerProcess? _server;
    private readonly RelayProcess? _relay;

    private Upstream(Uri uri, ServerProcess? server, RelayProcess? relay)
    {
        Uri = uri;
        _server = server;
        _relay = relay;
    }

    public Uri Uri { get; }

    public bool IsEmbedded => _server is not null;

    public string? Thumbprint => _server?.Thumbprint;

    /// <summary>Where a row warms up: the server itself, without the round trip of the relay.</summary>
    public RowTarget Direct => new(Uri, null);

    /// <summary>
    /// Where a row is measured. A server given by --url keeps its name in the URL, for TLS and Host; only the connections go to the relay.
    /// </summary>
    public RowTarget Measured => _relay switch
    {
        null => Direct,
        _ when IsEmbedded => new RowTarget(new UriBuilder(Uri) { Port = _relay.Port }.Uri, null),
        _ => new RowTarget(Uri, _relay.Port),
    };

    public static async Task<Upstream> StartAsync(CompareSettings options, CancellationToken cancellationToken)
    {
        ServerProcess? server = null;
        try
        {
            Uri? uri = options.Url;
            if (uri is null)
            {
                server = await ServerProcess.StartAsync(options.Tls, cancellationToken);
                uri = new UriBuilder(options.Scheme, "127.0.0.1", server.Port).Uri;
            }
            else
            {
                await ReachAsync(uri, cancellationToken);
            }

            RelayProcess? relay = options.RoundTrip > TimeSpan.Zero
                ? await RelayProcess.StartAsync(uri.IdnHost, uri.Port, options.RoundTrip, cancellationToken)
                : null;
            return new Upstream(uri, server, relay);
        }
        catch
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>What the embedded server has counted; null if the server is not the embedded one.</summary>
    public async Task<ServerCounts?> GetCountsAsync(CancellationToken cancellationToken) =>
        _server is null ? null : await _server.GetCountsAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_relay is not null)
        {
            await _relay.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static async Task ReachAsync(Uri uri, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(s_reachTimeout);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(uri.IdnHost, uri.Port, timeout.Token);
        }
        catch (SocketException e)
        {
            throw new CommandFailure($"could not connect to {uri}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailure($"could not connect to {uri} within {s_reachTimeout.TotalSeconds:0} s", e);
        }
    }
}
