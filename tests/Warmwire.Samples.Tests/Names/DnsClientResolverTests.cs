using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Samples.DnsResolver;
using Xunit;

namespace Warmwire.Samples.Tests.Names;

public sealed class DnsClientResolverTests : IDisposable
{
    private const string Name = "service.test";
    private const string A = "127.0.0.2";
    private const string B = "127.0.0.3";

    private readonly ConcurrentDictionary<string, int> _served = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task Addresses_and_their_time_to_live_are_told()
    {
        await using LoopbackNameServer server = await LoopbackNameServer.StartAsync(Name, A, B);
        var resolver = new DnsClientResolver(server.EndPoint);
        NameAnswer answer = await resolver.ResolveAsync(Name, CancellationToken.None);
        Assert.Equal([A, B], answer.Addresses.Select(static address => address.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(TimeSpan.FromSeconds(1), answer.TimeToLive);
        Assert.Empty((await resolver.ResolveAsync("nowhere.test", CancellationToken.None)).Addresses);
    }

    [Fact]
    public async Task Requests_follow_a_name_that_grows_and_moves_and_go_on_while_the_name_server_is_gone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems have one address on loopback");
        await using LoopbackNameServer names = await LoopbackNameServer.StartAsync(Name, A);
        (TcpListener one, TcpListener two, int port) = Listen();
        using var handler = new PooledHttpHandler
        {
            UseProxy = false,
            NameResolver = new DnsClientResolver(names.EndPoint),
            DnsRefreshInterval = TimeSpan.FromSeconds(1),
        };
        using var client = new HttpClient(handler);
        Task[] serving = [ServeAsync(one, A), ServeAsync(two, B)];
        var url = new Uri($"http://{Name}:{port}/");

        await LoadUntil(() => _served.GetValueOrDefault(A) >= 50);
        Assert.Equal(0, _served.GetValueOrDefault(B));

        await names.SetAsync(Name, A, B);
        await LoadUntil(() => _served.GetValueOrDefault(B) >= 50);

        // Those that moved are opened when they are needed.
        await LoadUntil(() => handler.GetSnapshot().Open == 4);

        await names.SetAsync(Name, B);
        await LoadUntil(() => handler.GetSnapshot().Origins[0].Connections.All(
            static connection => ((IPEndPoint)connection.RemoteEndPoint!).Address.ToString() == B));
        Assert.True(handler.GetSnapshot().Origins[0].ClosedBy[CloseReason.AddressRetired] > 0);

        await names.StopAsync();
        long end = Environment.TickCount64 + 3000;
        await LoadUntil(() => Environment.TickCount64 > end);
        handler.CloseIdleConnections();
        await LoadUntil(() => handler.GetSnapshot().Open == 4);

        await _stop.CancelAsync();
        await Task.WhenAll(serving);

        async Task LoadUntil(Func<bool> condition)
        {
            long limit = Environment.TickCount64 + 60_000;
            do
            {
                Assert.True(Environment.TickCount64 < limit, $"{string.Join(", ", _served)}; {handler.GetSnapshot()}");
                await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.GetStringAsync(url)));

                // Real time: the name server is another process.
                await Task.Delay(20);
            }
            while (!condition());
        }
    }

    private static (TcpListener One, TcpListener Two, int Port) Listen()
    {
        for (int attempt = 0; ; attempt++)
        {
            var one = new TcpListener(IPAddress.Parse(A), 0);
            one.Start();
            int port = ((IPEndPoint)one.LocalEndpoint).Port;
            var two = new TcpListener(IPAddress.Parse(B), port);
            try
            {
                two.Start();
                return (one, two, port);
            }
            catch (SocketException) when (attempt < 20)
            {
                one.Dispose();
                two.Dispose();
            }
        }
    }

    private async Task ServeAsync(TcpListener listener, string address)
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await listener.AcceptSocketAsync(_stop.Token), address);
            }
        }
        catch (OperationCanceledException)
        {
            listener.Dispose();
        }
    }

    private async Task AnswerAsync(Socket socket, string address)
    {
        using (socket)
        {
            byte[] buffer = new byte[4096];
            try
            {
                while (await socket.ReceiveAsync(buffer, _stop.Token) > 0)
                {
                    // A request without a body comes in one piece.
                    _served.AddOrUpdate(address, 1, static (_, count) => count + 1);
                    await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray(), _stop.Token);
                }
            }
            catch (Exception)
            {
                // The client has closed it, or the test is over.
            }
        }
    }
}
