using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Sockets;
using Warmwire.Tests.Sockets;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class SocketConnectorTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_dial_to_an_address_gives_a_stream_over_its_own_socket(string host)
    {
        if (host == "::1" && !Socket.OSSupportsIPv6)
        {
            return;
        }

        using var listener = new TcpListener(IPAddress.Parse(host), 0);
        listener.Start();
        DialedStream dialed = await new Dialer(Dials.Settings()).DialAsync(Dials.To(host, Port(listener)), CancellationToken.None);

        using Socket peer = await listener.AcceptSocketAsync();
        Assert.Equal(listener.LocalEndpoint, dialed.RemoteEndPoint);
        Assert.True(dialed.SupportsZeroByteReads);
        Assert.Same(dialed.Stream, dialed.SocketStream);
        Assert.True(dialed.IsPlain);
        await dialed.Stream.DisposeAsync();
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
    }

    [Theory]
    [InlineData(nameof(SocketBackEnd.EventLoop), 30_000, 30)]
    [InlineData(nameof(SocketBackEnd.EventLoop), 1, 1)]
    [InlineData(nameof(SocketBackEnd.EventLoop), 1_500, 2)]
    [InlineData(nameof(SocketBackEnd.EventLoop), int.MaxValue, short.MaxValue)]
    [InlineData(nameof(SocketBackEnd.Managed), 30_000, 30)]
    [InlineData(nameof(SocketBackEnd.Managed), 1, 1)]
    [InlineData(nameof(SocketBackEnd.Managed), 1_500, 2)]
    [InlineData(nameof(SocketBackEnd.Managed), int.MaxValue, short.MaxValue)]
    public async Task Silent_connections_are_probed_at_the_set_interval(string backEnd, int milliseconds, int seconds)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var stream = (SocketStream)await SocketConnector.ConnectAsync(
            (IPEndPoint)listener.LocalEndpoint,
            TimeSpan.FromMilliseconds(milliseconds),
            Enum.Parse<SocketBackEnd>(backEnd),
            CancellationToken.None);

        (bool noDelay, bool probes, int time, int interval) = OptionsOf(stream);
        Assert.True(noDelay && probes);
        Assert.Equal((seconds, seconds), (time, interval));
    }

    [Theory]
    [InlineData(nameof(SocketBackEnd.EventLoop))]
    [InlineData(nameof(SocketBackEnd.Managed))]
    public async Task An_infinite_interval_turns_probes_off(string backEnd)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var stream = (SocketStream)await SocketConnector.ConnectAsync(
            (IPEndPoint)listener.LocalEndpoint, Timeout.InfiniteTimeSpan, Enum.Parse<SocketBackEnd>(backEnd), CancellationToken.None);

        Assert.False(OptionsOf(stream).Probes);
    }

    [Fact]
    public async Task A_refused_connection_is_a_connection_error()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = Port(listener);
        }

        TransportException e =
            await Patience.FailureOf(new Dialer(Dials.Settings()).DialAsync(Dials.To("127.0.0.1", port), CancellationToken.None));

        DialerConnectTests.AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, $"http://127.0.0.1:{port}");
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(e.InnerException).SocketErrorCode);
    }

    private static (bool NoDelay, bool Probes, int Time, int Interval) OptionsOf(SocketStream stream) =>
        stream is LoopSocketStream loop
            ? (
                loop.GetOption(LibC.IPPROTO_TCP, LibC.TCP_NODELAY) != 0,
                loop.GetOption(LibC.SOL_SOCKET, LibC.SO_KEEPALIVE) != 0,
                loop.GetOption(LibC.IPPROTO_TCP, LibC.TCP_KEEPIDLE),
                loop.GetOption(LibC.IPPROTO_TCP, LibC.TCP_KEEPINTVL))
            : OptionsOf(((ManagedSocketStream)stream).Socket);

    private static (bool NoDelay, bool Probes, int Time, int Interval) OptionsOf(Socket socket) =>
        (
            socket.NoDelay,
            (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)! != 0,
            (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)!,
            (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval)!);

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;
}
