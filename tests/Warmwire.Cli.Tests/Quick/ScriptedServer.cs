using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Warmwire.Cli.Tests.Quick;

/// <summary>What <see cref="ScriptedServer"/> does with a request.</summary>
internal enum Reaction
{
    Answer,

    /// <summary>Resets the connection without a byte.</summary>
    Reset,

    /// <summary>Says nothing, for as long as the client waits.</summary>
    Hang,

    /// <summary>Answers with a redirect.</summary>
    Redirect,
}

/// <summary>A server of HTTP/1.1 on real sockets that misbehaves as a test says, request by request.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<Socket> _accepted = [];
    private readonly Func<int, Reaction> _script;
    private int _requests;

    /// <param name="script">What happens to the request of this number, from 1.</param>
    public ScriptedServer(Func<int, Reaction> script)
    {
        _script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1000);
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");
        _ = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>Requests that have arrived.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Socket socket in _accepted)
        {
            socket.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync();
                _accepted.Add(socket);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            // The requests of these tests have no body and fit into one segment.
            while (await socket.ReceiveAsync(buffer) > 0)
            {
                switch (_script(Interlocked.Increment(ref _requests)))
                {
                    case Reaction.Answer:
                        await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
                        break;
                    case Reaction.Redirect:
                        await socket.SendAsync(
                            Encoding.ASCII.GetBytes("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"));
                        break;
                    case Reaction.Reset:
                        socket.LingerState = new LingerOption(enable: true, seconds: 0);
                        socket.Dispose();
                        return;
                    default:
                        break;
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The client or the test is gone.
        }
    }
}
