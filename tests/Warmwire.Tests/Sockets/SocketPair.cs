using System.Net;
using System.Net.Sockets;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Sockets;

/// <summary>A stream under test, and the plain socket of its peer.</summary>
internal sealed class SocketPair : IDisposable
{
    private SocketPair(SocketStream stream, Socket peer)
    {
        Stream = stream;
        Peer = peer;
    }

    public SocketStream Stream { get; }

    public Socket Peer { get; }

    public static Task<SocketPair> OpenAsync(string backEnd) =>
        OpenAsync(async endPoint =>
            (SocketStream)await SocketConnector
                .ConnectAsync(endPoint, Timeout.InfiniteTimeSpan, Enum.Parse<SocketBackEnd>(backEnd), CancellationToken.None)
                .ConfigureAwait(false));

    public static Task<SocketPair> OpenAsync(EventLoopGroup group, IInputWatcher? watcher = null) => OpenAsync(async endPoint =>
    {
        var stream = (SocketStream)await LoopConnector
            .ConnectAsync(group, endPoint, Timeout.InfiniteTimeSpan, CancellationToken.None)
            .ConfigureAwait(false);
        stream.InputWatcher = watcher;
        return stream;
    });

    private static async Task<SocketPair> OpenAsync(Func<IPEndPoint, Task<SocketStream>> connect)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        // Elsewhere than on the loop, whose thread completes the connect, and would run the test.
        SocketStream stream = await Guard.Within(connect((IPEndPoint)listener.LocalEndpoint), () => "Waited for the connect")
            .ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Socket peer = await listener.AcceptSocketAsync().ConfigureAwait(false);
        peer.NoDelay = true;
        return new SocketPair(stream, peer);
    }

    public ValueTask<int> ReadAsync(int size) => Stream.ReadAsync(new byte[size]);

    /// <summary>The peer breaks the connection instead of closing it.</summary>
    public void Reset()
    {
        Peer.LingerState = new LingerOption(enable: true, seconds: 0);
        Peer.Close();
    }

    public void Dispose()
    {
        Stream.Dispose();
        Peer.Dispose();
    }
}
