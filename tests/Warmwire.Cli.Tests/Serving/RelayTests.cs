using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Warmwire.Cli.Serving;
using Xunit;

namespace Warmwire.Cli.Tests.Serving;

public sealed class RelayTests
{
    // What is compared lies this far apart, so that a machine with other work to do does not blur it.
    private static readonly TimeSpan s_roundTrip = TimeSpan.FromMilliseconds(500);

    /// <summary>The delay clock wakes at the nearest millisecond, so a delay may be short by half of one, twice.</summary>
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMilliseconds(2);

    [Fact]
    public async Task The_first_exchange_pays_for_the_connect_and_the_next_does_not()
    {
        await using var pair = await Pair.ConnectAsync(s_roundTrip);
        long start = Stopwatch.GetTimestamp();
        TimeSpan first = await pair.EchoAsync();
        TimeSpan second = await pair.EchoAsync();
        Assert.True(first >= (2 * s_roundTrip) - s_tolerance - Stopwatch.GetElapsedTime(pair.ConnectedAt, start), $"{first}");
        Assert.True(second >= s_roundTrip - s_tolerance, $"{second}");
        Assert.True(second < first, $"{second} is not less than {first}");
    }

    [Fact]
    public async Task A_connection_that_was_idle_has_paid_for_its_connect()
    {
        await using var pair = await Pair.ConnectAsync(TimeSpan.FromSeconds(1));

        // Three times half a round trip pass, and nothing is sent from the client.
        for (int i = 0; i < 3; i++)
        {
            await pair.Server.SendAsync(new byte[] { 7 });
            Assert.Equal([7], await Pair.ReceiveExactlyAsync(pair.Client, 1));
        }

        TimeSpan first = await pair.EchoAsync();
        Assert.True(first >= TimeSpan.FromSeconds(1) - s_tolerance, $"{first}");
        Assert.True(first < TimeSpan.FromSeconds(1.9), $"{first}");
    }

    [Fact]
    public async Task Chunks_travel_side_by_side_and_in_order()
    {
        await using var pair = await Pair.ConnectAsync(TimeSpan.FromSeconds(1));
        long start = Stopwatch.GetTimestamp();
        for (byte n = 0; n < 20; n++)
        {
            await pair.Client.SendAsync(new[] { n });
            await Task.Delay(10);
        }

        byte[] received = await Pair.ReceiveExactlyAsync(pair.Server, 20);
        Assert.Equal(Enumerable.Range(0, 20).Select(static n => (byte)n), received);

        // One after the other they would take ten seconds and more.
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Bulk_data_arrives_whole_and_is_not_slowed_down()
    {
        await using var pair = await Pair.ConnectAsync(TimeSpan.FromMilliseconds(50));
        byte[] data = new byte[20_000_000];
        new Random(7).NextBytes(data);
        long start = Stopwatch.GetTimestamp();
        Task sending = SendAllAsync(pair.Server, data);
        byte[] received = await Pair.ReceiveExactlyAsync(pair.Client, data.Length);
        await sending;
        Assert.True(received.AsSpan().SequenceEqual(data));

        // Chunk after chunk it would take fifteen seconds and more.
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task The_end_of_one_direction_leaves_the_other_open()
    {
        await using var pair = await Pair.ConnectAsync(TimeSpan.FromMilliseconds(20));
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await pair.Server.ReceiveAsync(new byte[1]));
        await pair.Server.SendAsync(new byte[] { 42 });
        Assert.Equal([42], await Pair.ReceiveExactlyAsync(pair.Client, 1));
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task What_was_sent_before_a_reset_arrives_before_it()
    {
        await using var pair = await Pair.ConnectAsync(s_roundTrip);
        await pair.Server.SendAsync(new byte[] { 1, 2, 3 });
        await Task.Delay(20);
        pair.Server.Close(timeout: 0);
        Assert.Equal([1, 2, 3], await Pair.ReceiveExactlyAsync(pair.Client, 3));
        await Assert.ThrowsAsync<SocketException>(async () => await pair.Client.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task A_server_that_refuses_shows_as_a_reset()
    {
        using var closed = new Socket(SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: refuses
        await using var relay = Relay.Start("127.0.0.1", ((IPEndPoint)closed.LocalEndPoint!).Port, TimeSpan.FromMilliseconds(10));
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);

        // On a slow machine the reset is here before the connect has been noticed, and the connect tells of it.
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await client.ConnectAsync(IPAddress.Loopback, relay.Port);
            await client.ReceiveAsync(new byte[1]);
        });
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
        {
            data = data[await socket.SendAsync(data)..];
        }
    }

    /// <summary>Two sockets with a relay between them.</summary>
    private sealed class Pair(Relay relay, Socket client, Socket server, long connectedAt) : IAsyncDisposable
    {
        public Socket Client => client;

        public Socket Server => server;

        public long ConnectedAt => connectedAt;

        public static async Task<Pair> ConnectAsync(TimeSpan roundTrip)
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            var relay = Relay.Start("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port, roundTrip);
            var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            long connectedAt = Stopwatch.GetTimestamp();
            await client.ConnectAsync(IPAddress.Loopback, relay.Port);
            Socket server = await listener.AcceptAsync();
            server.NoDelay = true;
            return new Pair(relay, client, server, connectedAt);
        }

        public static async Task<byte[]> ReceiveExactlyAsync(Socket socket, int count)
        {
            byte[] buffer = new byte[count];
            for (int received = 0; received < count;)
            {
                int length = await socket.ReceiveAsync(buffer.AsMemory(received));
                Assert.NotEqual(0, length);
                received += length;
            }

            return buffer;
        }

        /// <summary>One byte there and back.</summary>
        public async Task<TimeSpan> EchoAsync()
        {
            long start = Stopwatch.GetTimestamp();
            await client.SendAsync(new byte[] { 1 });
            await ReceiveExactlyAsync(server, 1);
            await server.SendAsync(new byte[] { 2 });
            await ReceiveExactlyAsync(client, 1);
            return Stopwatch.GetElapsedTime(start);
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            server.Dispose();
            await relay.DisposeAsync();
        }
    }
}
