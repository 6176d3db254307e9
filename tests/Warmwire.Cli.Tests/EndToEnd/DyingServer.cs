using System.Net;
using System.Net.Sockets;

namespace Warmwire.Cli.Tests.EndToEnd;

/// <summary>An HTTP server that answers so many requests and is then gone, with all its connections.</summary>
internal sealed class DyingServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _dead = new();
    private readonly string _status;
    private int _left;

    public DyingServer(int answers, string status = "200 OK")
    {
        _left = answers;
        _status = status;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(100);
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/";
        _ = AcceptAsync();
    }

    public string Url { get; }

    public void Dispose()
    {
        _dead.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync(_dead.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            _listener.Dispose();
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        using Socket socket = accepted;
        byte[] buffer = new byte[4096];
        byte[] answer = [.. System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 {_status}\r\nContent-Length: 2\r\n\r\nok")];
        try
        {
            // The requests of these tests have no body and fit into one segment.
            while (await socket.ReceiveAsync(buffer, SocketFlags.None, _dead.Token) > 0)
            {
                if (Interlocked.Decrement(ref _left) < 0)
                {
                    Dispose();
                    return;
                }

                await socket.SendAsync(answer, SocketFlags.None, _dead.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Dead, or the client is.
        }
    }
}
