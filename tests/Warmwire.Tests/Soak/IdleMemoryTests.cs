using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>What an idle connection costs, side by side with the handler of .NET.</summary>
[Collection(nameof(Alone))]
public sealed class IdleMemoryTests(ITestOutputHelper output)
{
    private const int Connections = 500;

    private const int Rounds = 5;

    /// <summary>
    /// In a process of its own: what other tests left behind, and pools that shrink meanwhile, would be a part of every figure.
    /// </summary>
    [Fact]
    public Task An_idle_connection_holds_at_most_half_the_memory_of_dotnets() =>
        OwnProcess.RunAsync(typeof(IdleMemoryTests), RunAsync, output);

    private async Task RunAsync()
    {
        // What the server keeps for a connection in this process is measured with bare sockets and taken off. The first round, which is
        // for the code and the pools of arrays, which grow with use and stay, does not count.
        var server = new List<double>();
        var ours = new List<double>();
        var theirs = new List<double>();
        for (int round = 0; round <= Rounds; round++)
        {
            server.Add(await MeasureAsync(SocketsAsync));
            theirs.Add(await MeasureAsync(
                static uri => HandlerAsync(new SocketsHttpHandler { UseProxy = false, UseCookies = false }, uri)));
            ours.Add(await MeasureAsync(
                static uri =>
                HandlerAsync(
                new PooledHttpHandler { UseProxy = false, UseCookies = false, MaxIdleConnectionsPerServer = Connections }, uri)));
        }

        double bare = Median(server), warmwire = Median(ours) - bare, dotnet = Median(theirs) - bare;
        output.WriteLine($"bytes per idle connection, median of {Rounds}: Warmwire {warmwire:0}, SocketsHttpHandler {dotnet:0}, "
            + $"ratio {warmwire / dotnet:0.00} (server's end and bare socket {bare:0}, taken off)");
        output.WriteLine($"rounds, nothing taken off: Warmwire {Text(ours)}; SocketsHttpHandler {Text(theirs)}; bare {Text(server)}");

        // Less than nothing on the event loop is possible: its sockets are smaller than the bare ones that are taken off.
        Assert.True(dotnet > 0, "the handler of .NET keeps something for a connection");
        Assert.InRange(warmwire, -bare, dotnet / 2);
    }

    private static double Median(List<double> rounds) => rounds.Skip(1).Order().ElementAt(Rounds / 2);

    private static string Text(List<double> rounds) => string.Join(' ', rounds.Select(static round => $"{round:0}"));

    /// <summary>Managed bytes that stay per connection while <see cref="Connections"/> of them are idle.</summary>
    private static async Task<double> MeasureAsync(Func<Uri, Task<IDisposable>> open)
    {
        using var all = new CountdownEvent(Connections);
        await using var server = new RawServer(async (stream, _, token) =>
        {
            byte[] request = new byte[512];
            int read = 0;
            while (!request.AsSpan(0, read).EndsWith("\r\n\r\n"u8))
            {
                read += await stream.ReadAsync(request.AsMemory(read), token);
            }

            request = [];

            // All requests at once: each has a connection of its own.
            all.Signal();
            while (!all.IsSet)
            {
                await Task.Delay(5, token);
            }

            await Raw.SendAsync(stream, Raw.Ok, token);
            await stream.Socket.ReceiveAsync(Memory<byte>.Empty, token);
        });
        long before = Memory();
        using IDisposable held = await open(server.Uri);
        Assert.Equal(Connections, server.Accepted);
        await Task.Delay(50);
        long after = Memory();
        return (double)(after - before) / Connections;
    }

    private static async Task<IDisposable> HandlerAsync(HttpMessageHandler handler, Uri uri)
    {
        var client = new HttpMessageInvoker(handler);
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
            Assert.Equal("ok", await response.Content.ReadAsStringAsync());
        }));
        return client;
    }

    private static async Task<IDisposable> SocketsAsync(Uri uri)
    {
        byte[] request = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        var sockets = new Sockets();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            lock (sockets.All)
            {
                sockets.All.Add(socket);
            }

            await socket.ConnectAsync(IPAddress.Loopback, uri.Port);
            await socket.SendAsync(request);
            byte[] answer = new byte[512];
            int read = 0;
            while (read < Raw.Ok.Length)
            {
                read += await socket.ReceiveAsync(answer.AsMemory(read));
            }
        }));
        return sockets;
    }

    private static long Memory()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private sealed class Sockets : IDisposable
    {
        public List<Socket> All { get; } = [];

        public void Dispose() => All.ForEach(static socket => socket.Dispose());
    }
}
