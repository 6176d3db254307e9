using System.Net;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>The soak's measure of sockets sees what it must see and nothing else.</summary>
[Collection(nameof(Alone))]
public sealed class SocketWatchTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SocketWatch _watch;

    public SocketWatchTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no /proc.");
        _listener.Start();
        _watch = new SocketWatch(new UriBuilder("http", "localhost", ((IPEndPoint)_listener.LocalEndpoint).Port).Uri);
    }

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task A_clients_end_is_seen_until_it_is_closed_and_a_servers_end_is_not(AddressFamily family)
    {
        using var client = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        if (family == AddressFamily.InterNetworkV6)
        {
            client.DualMode = true;
        }

        await client.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)_listener.LocalEndpoint).Port, TestContext.Current.CancellationToken);
        using Socket server = await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("state 01", Assert.Single(_watch.LeftOpen()), StringComparison.Ordinal);
        client.Dispose();
        await Eventually.IsTrue(() => _watch.LeftOpen().Count == 0, "the client's end is gone");
    }

    [Fact]
    public async Task An_end_that_was_reset_is_seen_until_it_is_closed()
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using (Socket server = await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken))
        {
            server.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        await Eventually.IsTrue(
            () => _watch.LeftOpen() is [var one] && one.EndsWith("not connected", StringComparison.Ordinal), "the reset came");
        client.Dispose();
        await Eventually.IsTrue(() => _watch.LeftOpen().Count == 0, "the client's end is gone");
    }

    [Fact]
    public void A_socket_that_was_never_connected_is_seen()
    {
        using (new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            Assert.Single(_watch.LeftOpen());
        }

        Assert.Empty(_watch.LeftOpen());
    }

    [Fact]
    public async Task Sockets_of_other_kinds_and_connections_elsewhere_are_not_seen()
    {
        using var names = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        names.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync((IPEndPoint)elsewhere.LocalEndpoint, TestContext.Current.CancellationToken);
        Assert.Empty(_watch.LeftOpen());
    }
}
