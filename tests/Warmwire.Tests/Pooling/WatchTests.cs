using System.Net;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>What happens to a connection while it is idle: the server's end, stray bytes, an address that leaves the name.</summary>
public class WatchTests
{
    public static TheoryData<bool> ReadKinds => new(true, false);

    [Theory]
    [MemberData(nameof(ReadKinds))]
    public async Task A_connection_the_server_closes_while_it_is_idle_leaves_the_pool_without_any_request(bool zeroByteReads)
    {
        using var rig = new PoolRig(transport: new MemoryTransportOptions { SupportsZeroByteReads = zeroByteReads });
        ScriptedPeer[] peers = await rig.OpenIdle(3);
        peers[1].Close();
        await rig.Until(snapshot => snapshot.Open == 2);
        peers[2].Reset();
        await rig.Until(snapshot => snapshot.Open == 1);
        rig.AssertClosed((CloseReason.ServerClosed, 2));
        await rig.Exchange(peers[0]);
        Assert.Equal(3, rig.Network.DialCount);
    }

    [Fact]
    public async Task A_connection_with_stray_bytes_never_serves_them_as_an_answer()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        await peer.SendResponseAsync(body: "not asked for");
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.UnsolicitedData, 1));
        await peer.ExpectClosedAsync();
    }

    [Fact]
    public async Task Bytes_behind_the_end_of_a_response_close_the_connection()
    {
        using var rig = new PoolRig();
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
        Assert.Equal("ok", await (await rig.Done(response)).Content.ReadAsStringAsync());
        rig.AssertClosed((CloseReason.UnsolicitedData, 1));
    }

    [Fact]
    public async Task The_watch_reads_once_however_often_the_connection_is_idle()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        for (int i = 0; i < 20; i++)
        {
            Assert.True((await rig.Exchange(peer)).Reused);
            Assert.Equal(1, rig.Snapshot.Idle);
        }

        Assert.Equal(1, rig.Network.DialCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task On_real_sockets_a_server_that_closes_or_resets_an_idle_connection_is_noticed(bool reset)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = LoopbackServers.Answering(async stream =>
        {
            await end.Task;
            if (reset)
            {
                RawServer.Reset(stream);
            }
            else
            {
                stream.Close();
            }
        });
        using PoolRig rig = Real();
        (await rig.Done(rig.Get(server.Uri.ToString()))).Dispose();
        Assert.Equal(1, rig.Snapshot.Idle);
        end.SetResult();
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.ServerClosed, 1));
    }

    [Fact]
    public async Task On_real_sockets_stray_bytes_on_an_idle_connection_are_noticed()
    {
        await using RawServer server = LoopbackServers.Answering(async stream => await stream.WriteAsync("x"u8.ToArray()));
        using PoolRig rig = Real();
        (await rig.Done(rig.Get(server.Uri.ToString()))).Dispose();
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.UnsolicitedData, 1));
    }

    [Fact]
    public async Task On_real_sockets_connections_are_reused()
    {
        await using RawServer server = LoopbackServers.Answering();
        using PoolRig rig = Real();
        for (int i = 0; i < 20; i++)
        {
            (await rig.Done(rig.Get(server.Uri.ToString()))).Dispose();
            rig.Time.Advance(Ms(30)); // long enough for the socket to be asked before the next lease
        }

        Assert.Equal((1, 19L), (server.Accepted, rig.Snapshot.Reused));
    }

    [Fact]
    public async Task Refreshes_of_the_name_retire_only_connections_whose_address_left()
    {
        (TcpListener one, TcpListener two, int port) = TwoAddresses();
        using (one)
        using (two)
        {
            IPAddress[] answer = [IPAddress.Parse("127.0.0.1"), IPAddress.Parse("127.0.0.2")];
            int asked = 0;
            using PoolRig rig = Real((_, _) =>
            {
                Interlocked.Increment(ref asked);
                return Task.FromResult(answer);
            });
            string url = $"http://moving.test:{port}/";
            Task<HttpResponseMessage> first = rig.Get(url);
            using Socket busy = await Accept(one);
            Task<HttpResponseMessage> second = rig.Get(url);
            using Socket staying = await Accept(two);
            Task<HttpResponseMessage> third = rig.Get(url);
            using Socket idle = await Accept(one);
            await Answer(rig, idle, third);
            await Answer(rig, staying, second);
            Assert.Equal((3, 2), (rig.Snapshot.Open, rig.Snapshot.Idle));

            answer = [IPAddress.Parse("127.0.0.2")];
            for (int look = 0; look < 3; look++)
            {
                // One to the address where nothing is under way.
                Task<HttpResponseMessage> used = rig.Get(url);
                await staying.ReceiveAsync(new byte[1000]);
                await Answer(rig, staying, used);
                int before = Volatile.Read(ref asked);
                await Eventually.IsTrue(
                    () =>
                    {
                        rig.Time.Advance(Ms(100));
                        return Volatile.Read(ref asked) > before;
                    },
                    "the name is resolved again");
            }

            await Eventually.IsTrue(
                () =>
                {
                    rig.Time.Advance(Ms(50));
                    return rig.Snapshot.Open == 2;
                },
                "the idle one has closed");
            rig.AssertClosed((CloseReason.AddressRetired, 1));
            rig.Time.Advance(Seconds(10));
            await Answer(rig, busy, first);
            rig.AssertClosed((CloseReason.AddressRetired, 2));
            Assert.Equal(IPAddress.Parse("127.0.0.2"), ((IPEndPoint)rig.Snapshot.Origins[0].Connections[0].RemoteEndPoint!).Address);
        }
    }

    [Theory]
    [InlineData("fails")]
    [InlineData("empty")]
    [InlineData("same")]
    public async Task A_refresh_that_fails_or_says_nothing_new_keeps_all(string outcome)
    {
        await using RawServer server = LoopbackServers.Answering();
        int asked = 0;
        using PoolRig rig = Real((_, _) =>
            Interlocked.Increment(ref asked) == 1 || outcome == "same" ? Task.FromResult<IPAddress[]>([IPAddress.Loopback.MapToIPv6()])
            : outcome == "empty" ? Task.FromResult<IPAddress[]>([])
            : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain)));
        string url = $"http://moving.test:{server.Port}/";
        (await rig.Done(rig.Get(url))).Dispose();
        rig.Time.Advance(Seconds(30));
        await Eventually.IsTrue(() => asked == 2, "the name is resolved again");
        (await rig.Done(rig.Get(url))).Dispose();
        Assert.Equal((1, 1L), (server.Accepted, rig.Snapshot.Reused));
        rig.AssertClosed();
    }

    [Fact]
    public async Task A_name_is_resolved_again_once_per_interval_and_only_while_it_is_used()
    {
        await using RawServer server = LoopbackServers.Answering();
        int asked = 0;
        using PoolRig rig = Real((_, _) =>
        {
            asked++;
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        });
        string url = $"http://moving.test:{server.Port}/";
        (await rig.Done(rig.Get(url))).Dispose();

        // Up to a tenth earlier, so that not all names are resolved together.
        rig.Time.Advance(Seconds(26));
        Assert.Equal(1, asked);
        rig.Time.Advance(Seconds(4));
        await Eventually.IsTrue(() => asked == 2, "the name is resolved again");
        rig.Time.Advance(Seconds(59));
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task A_name_is_resolved_again_for_connections_that_were_opened_beforehand_and_not_used_yet()
    {
        await using RawServer server = LoopbackServers.Answering();
        int asked = 0;
        using PoolRig rig = Real((_, _) =>
        {
            asked++;
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        });
        Assert.Equal(1, await rig.Done(rig.Handler.PrewarmAsync(new Uri($"http://moving.test:{server.Port}/"), 1)));
        rig.Time.Advance(Seconds(30));
        await Eventually.IsTrue(() => asked == 2, "the name is resolved again");
        rig.Time.Advance(Seconds(31));
        await Eventually.IsTrue(() => asked == 3, "the name is resolved once more");
        Assert.Equal(1, rig.Snapshot.Idle);
    }

    private static PoolRig Real(Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) => new(handler =>
    {
        handler.ConnectCallback = null;
        if (resolve is not null)
        {
            handler.ResolveNames = resolve;

            // The clock runs ahead of look-ups, which take real time.
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        }
    });

    private static (TcpListener One, TcpListener Two, int Port) TwoAddresses()
    {
        for (int attempt = 0; ; attempt++)
        {
            var one = new TcpListener(IPAddress.Parse("127.0.0.1"), 0);
            one.Start();
            int port = ((IPEndPoint)one.LocalEndpoint).Port;
            var two = new TcpListener(IPAddress.Parse("127.0.0.2"), port);
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

    /// <summary>Takes the next connection and its request.</summary>
    private static async Task<Socket> Accept(TcpListener listener)
    {
        Socket server = await Guard.Within(listener.AcceptSocketAsync(), () => $"Waited for a connection to {listener.LocalEndpoint}");
        await server.ReceiveAsync(new byte[1000]);
        return server;
    }

    private static async Task Answer(PoolRig rig, Socket server, Task<HttpResponseMessage> response)
    {
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        (await rig.Done(response)).Dispose();
    }
}
