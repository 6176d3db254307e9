using System.Diagnostics.Tracing;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Warmwire.Cli.Measuring;

/// <summary>
/// Counts, on the client's side, connections opened and TLS handshakes completed where the server is not ours to ask. Connections are
/// counted in the handler's connect callback, which otherwise does what the handler does by itself; handshakes by .NET's own events.
/// Neither adds work per request.
/// </summary>
internal sealed class ConnectionCount : IDisposable
{
    private readonly int? _connectPort;
    private readonly HandshakeListener? _handshakes;
    private long _connections;

    /// <param name="connectPort">If set, connections go to this port of 127.0.0.1 in place of the request's host.</param>
    /// <param name="countHandshakes">Whether to listen for handshakes.</param>
    public ConnectionCount(int? connectPort, bool countHandshakes)
    {
        _connectPort = connectPort;
        _handshakes = countHandshakes ? new HandshakeListener() : null;
    }

    public long Connections => Volatile.Read(ref _connections);

    public long TlsHandshakes => _handshakes?.Completed ?? 0;

    public async ValueTask<Stream> ConnectAndCountAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        EndPoint endpoint = _connectPort is { } port ? new IPEndPoint(IPAddress.Loopback, port) : context.DnsEndPoint;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken);
            Interlocked.Increment(ref _connections);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => _handshakes?.Dispose();

    private sealed class HandshakeListener : EventListener
    {
        private long _completed;

        public long Completed => Volatile.Read(ref _completed);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Net.Security")
            {
                EnableEvents(eventSource, EventLevel.Informational);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            // A failed handshake stops too, without a protocol.
            if (eventData.EventName == "HandshakeStop"
                && eventData.Payload is [SslProtocols and not SslProtocols.None or (int and not 0), ..])
            {
                Interlocked.Increment(ref _completed);
            }
        }
    }
}
