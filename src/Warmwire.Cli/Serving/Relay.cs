using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Warmwire.Cli.Serving;

/// <summary>
/// Makes a near server far: a TCP relay on 127.0.0.1 that charges one round trip per connect and half of one per direction of data.
/// A connect over loopback completes at once, so its round trip is charged to what the client sends within it: nothing reaches the server
/// sooner after the connect than it would over the real distance, and a connection opened ahead of its first request has already paid.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly DelayClock _clock = new();
    private readonly Socket _listener;
    private readonly Task _accepting;
    private readonly string _host;
    private readonly int _port;
    private readonly TimeSpan _roundTrip;

    private Relay(Socket listener, string host, int port, TimeSpan roundTrip)
    {
        _listener = listener;
        _host = host;
        _port = port;
        _roundTrip = roundTrip;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public static Relay Start(string host, int port, TimeSpan roundTrip)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1024);
        return new Relay(listener, host, port, roundTrip);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _clock.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_stop.Token);
                _ = RelayAsync(client, Stopwatch.GetTimestamp());
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task RelayAsync(Socket client, long acceptedAt)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using Socket toServer = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using Socket toClient = client;
        toClient.NoDelay = true;
        try
        {
            Task connected = toServer.ConnectAsync(_host, _port, stop.Token).AsTask();
            long established = acceptedAt + DelayLine.Ticks(_roundTrip);
            Task up = new DelayLine(
                toClient,
                toServer,
                _clock,
                _roundTrip / 2,
                notBefore: established + DelayLine.Ticks(_roundTrip / 2)).RunAsync(connected, stop.Token);
            await connected;
            Task down = new DelayLine(toServer, toClient, _clock, _roundTrip / 2, notBefore: 0).RunAsync(Task.CompletedTask, stop.Token);
            await foreach (Task side in Task.WhenEach(up, down))
            {
                await side;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side broke: both learn it by a reset, as they would without the relay.
            await stop.CancelAsync();
            toServer.Close(timeout: 0);
            toClient.Close(timeout: 0);
        }
    }
}
