using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class TcpConnectorTests
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
        Assert.True(dialed.Socket!.NoDelay);
        await dialed.Stream.DisposeAsync();
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
    }

    [Theory]
    [InlineData(30_000, 30)]
    [InlineData(1, 1)]
    [InlineData(1_500, 2)]
    [InlineData(int.MaxValue, short.MaxValue)]
    public async Task Silent_connections_are_probed_at_the_set_interval(int milliseconds, int seconds)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using NetworkStream stream = await TcpConnector.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TimeSpan.FromMilliseconds(milliseconds), CancellationToken.None);

        Assert.NotEqual(0, stream.Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(seconds, stream.Socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
        Assert.Equal(seconds, stream.Socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
    }

    [Fact]
    public async Task An_infinite_interval_turns_probes_off()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using NetworkStream stream = await TcpConnector.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Timeout.InfiniteTimeSpan, CancellationToken.None);

        Assert.Equal(0, stream.Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
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

        TransportException e = await Patience.FailureOf(new Dialer(Dials.Settings()).DialAsync(Dials.To("127.0.0.1", port), CancellationToken.None));

        DialerConnectTests.AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, $"http://127.0.0.1:{port}");
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(e.InnerException).SocketErrorCode);
    }

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;
}
