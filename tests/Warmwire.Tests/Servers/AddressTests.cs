using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>Where real connections lead, and where they do not.</summary>
public sealed class AddressTests
{
    [Fact]
    public async Task An_IPv6_literal_is_reached_over_IPv6()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
        listener.Start();
        Task<string> host = ServeOneAsync(listener);
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler);
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Assert.Equal("ok", await client.GetStringAsync($"http://[::1]:{port}/"));

        Assert.Contains($"Host: [::1]:{port}\r\n", await host, StringComparison.Ordinal);
        Assert.Equal(IPAddress.IPv6Loopback, ((IPEndPoint)handler.GetSnapshot().Origins[0].Connections[0].RemoteEndPoint!).Address);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_name_with_a_dead_address_is_reached_at_the_other(bool refuses)
    {
        await using RawServer server = Answering();

        // Nobody listens at .2; 192.0.2.1 answers nothing at all, or is unreachable (RFC 5737).
        IPAddress dead = refuses ? IPAddress.Parse("127.0.0.2") : IPAddress.Parse("192.0.2.1");
        using var handler =
            new PooledHttpHandler { UseProxy = false, ResolveNames = (_, _) => Task.FromResult<IPAddress[]>([dead, IPAddress.Loopback]) };
        using var client = new HttpClient(handler);

        Assert.Equal("ok", await client.GetStringAsync($"http://two.test:{server.Port}/"));

        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)handler.GetSnapshot().Origins[0].Connections[0].RemoteEndPoint!).Address);
        Assert.Equal(0, handler.GetSnapshot().Origins[0].DialsFailed);
    }

    [Fact]
    public async Task A_refused_connection_fails_at_once_and_the_next_request_after_the_server_came_up_is_clean()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var uri = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");
        listener.Stop();
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler);

        var failures = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => Assert.ThrowsAsync<TransportException>(() => client.GetStringAsync(uri))));

        Assert.All(failures, static e =>
            Assert.Equal(
                (TransportPhase.Connect, HttpRequestError.ConnectionError, RequestSent.No),
                (e.Phase, e.HttpRequestError, e.RequestSent)));
        PoolSnapshot pool = handler.GetSnapshot();
        Assert.Equal((0, 0, 0, 0L), (pool.Open, pool.Dialing, pool.Pending, pool.ConnectionsOpened));
        using var again = new TcpListener(IPAddress.Loopback, uri.Port);
        again.Start();
        Task<string> served = ServeOneAsync(again);
        Assert.Equal("ok", await client.GetStringAsync(uri));
        await served;
    }

    [Fact]
    public async Task A_full_backlog_ends_with_the_connect_timeout_and_later_requests_get_through()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems refuse instead of waiting");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(1);
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var fillers = new List<Socket>();
        for (int i = 0; i < 4; i++)
        {
            // Two fit; those after them wait for ever.
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            fillers.Add(filler);
            Assert.Throws<SocketException>(() => filler.Connect(IPAddress.Loopback, port));
        }

        using var handler = new PooledHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromMilliseconds(300) };
        using var client = new HttpClient(handler);
        var e = await Assert.ThrowsAsync<TransportException>(() => client.GetStringAsync($"http://127.0.0.1:{port}/"));
        Assert.Equal((TransportPhase.Connect, true), (e.Phase, e.IsTimeout));

        fillers.ForEach(static filler => filler.Dispose());
        using var stop = new CancellationTokenSource();
        Task serving = ServeAllAsync(listener, stop.Token);
        Assert.Equal("ok", await client.GetStringAsync($"http://127.0.0.1:{port}/"));
        await stop.CancelAsync();
        await serving;
    }

    private static RawServer Answering() => new(static async (stream, _, token) =>
    {
        await Raw.ReadHeadAsync(stream, token);
        await Raw.SendAsync(stream, Raw.Ok, token);
        await Raw.UntilClosedAsync(stream, token);
    });

    private static async Task<string> ServeOneAsync(TcpListener listener)
    {
        TcpClient client = await listener.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        string head = await Raw.ReadHeadAsync(stream, CancellationToken.None);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Raw.Ok));
        return head;
    }

    private static async Task ServeAllAsync(TcpListener listener, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptSocketAsync(stop);
                _ = Task.Run(
                    async () =>
                    {
                        try
                        {
                            using var stream = new NetworkStream(socket, ownsSocket: true);
                            await Raw.ReadHeadAsync(stream, stop);
                            await Raw.SendAsync(stream, Raw.Ok, stop);
                            await Raw.UntilClosedAsync(stream, stop);
                        }
                        catch (Exception)
                        {
                            // one of the fillers
                        }
                    },
                    CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            // stopped
        }
    }
}
