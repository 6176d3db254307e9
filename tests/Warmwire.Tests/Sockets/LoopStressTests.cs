using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>Many sockets, many threads, and everything at once.</summary>
public sealed partial class LoopStressTests : IDisposable
{
    private const int WindowChanged = 28;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();

    public LoopStressTests()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        _listener.Start(5_000);
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Sockets_that_come_and_go_never_get_the_bytes_of_another(int loops)
    {
        using var group = new EventLoopGroup(loops);
        Task serving = ServeEchoAsync();
        int ids = 0, read = 0;
        await Guard.Within(Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 250; i++)
            {
                int id = Interlocked.Increment(ref ids);
                var stream = (SocketStream)await LoopConnector.ConnectAsync(
                    group, (IPEndPoint)_listener.LocalEndpoint, Timeout.InfiniteTimeSpan, CancellationToken.None).ConfigureAwait(false);
                Task talk = TalkAsync(stream, id, random.Next(1, 6));
                if (random.Next(2) == 0)
                {
                    // At any moment: before the bytes, while they come, behind them.
                    for (int spin = random.Next(3); spin > 0; spin--)
                    {
                        await Task.Yield();
                    }

                    stream.Dispose();
                }

                await talk.ConfigureAwait(false);
                stream.Dispose();
            }
        }))), () => $"Waited for the workers, at {ids}");
        Assert.NotEqual(0, read);

        async Task TalkAsync(SocketStream stream, int id, int times)
        {
            byte[] message = new byte[64], answer = new byte[200];
            for (int at = 0; at < message.Length; at += 4)
            {
                BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(at), id);
            }

            try
            {
                for (int i = 0; i < times; i++)
                {
                    await stream.WriteAsync(message).ConfigureAwait(false);
                    for (int got = 0; got < message.Length;)
                    {
                        int count = await stream.ReadAsync(answer.AsMemory(got)).ConfigureAwait(false);
                        Assert.True(
                            count > 0 && message.AsSpan(got, count).SequenceEqual(answer.AsSpan(got, count)),
                            $"stream {id} read what is not its own");
                        got += count;
                        Interlocked.Increment(ref read);
                    }
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // disposed under it
            }
        }
    }

    [Fact]
    public async Task Thousands_of_idle_sockets_all_wake_up()
    {
        const int Count = 2_000;
        Assert.SkipUnless(DescriptorLimit.DefaultMaxConnections > 3 * Count, "Too few descriptors.");
        using var group = new EventLoopGroup(2);
        Task<List<Socket>> accepting = Task.Run(async () =>
        {
            var peers = new List<Socket>();
            while (peers.Count < Count)
            {
                peers.Add(await _listener.AcceptSocketAsync().ConfigureAwait(false));
            }

            return peers;
        });
        var streams = new List<SocketStream>();
        for (int i = 0; i < Count; i++)
        {
            streams.Add(
                (SocketStream)await LoopConnector.ConnectAsync(
                    group, (IPEndPoint)_listener.LocalEndpoint, Timeout.InfiniteTimeSpan, CancellationToken.None));
        }

        List<Socket> peers = await Guard.Within(accepting, () => "Waited for the accepts");
        Assert.Equal(Count, group.Poll.Sockets);
        Task<int>[] reads = [.. streams.Select(static stream => stream.ReadAsync(new byte[8]).AsTask())];
        Assert.DoesNotContain(reads, static read => read.IsCompleted);
        peers.ForEach(static peer => peer.Send("abc"u8));
        Assert.All(await Guard.Within(Task.WhenAll(reads), () => "Waited for the reads"), static count => Assert.Equal(3, count));
        reads = [.. streams.Select(static stream => stream.ReadAsync(new byte[8]).AsTask())];
        peers.ForEach(static peer => peer.Dispose());
        Assert.All(await Guard.Within(Task.WhenAll(reads), () => "Waited for the ends"), static count => Assert.Equal(0, count));
        streams.ForEach(static stream => stream.Dispose());
        Assert.Equal(0, group.Poll.Sockets);
    }

    [Fact]
    public async Task Signals_that_interrupt_the_loops_change_nothing()
    {
        // With a handler, so that the signal interrupts system calls.
        using PosixSignalRegistration registration =
            PosixSignalRegistration.Create((PosixSignal)WindowChanged, static context => context.Cancel = true);
        using var group = new EventLoopGroup(2);
        Task serving = ServeEchoAsync();
        bool stop = false;
        int sent = 0;
        var signals = new Thread(() =>
        {
            int process = Environment.ProcessId;
            while (!Volatile.Read(ref stop))
            {
                foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
                {
                    try
                    {
                        if (File.ReadAllText(Path.Combine(task, "comm")).StartsWith("Warmwire", StringComparison.Ordinal))
                        {
                            _ = SignalThread(
                                process,
                                int.Parse(Path.GetFileName(task), System.Globalization.CultureInfo.InvariantCulture),
                                WindowChanged);
                            sent++;
                        }
                    }
                    catch (IOException)
                    {
                        // that thread has ended
                    }
                }
            }
        });
        signals.Start();
        try
        {
            byte[] large = new byte[300_000];
            new Random(3).NextBytes(large);
            await Guard.Within(Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
            {
                for (int i = 0; i < 10; i++)
                {
                    await using var stream = (SocketStream)await LoopConnector.ConnectAsync(
                        group, (IPEndPoint)_listener.LocalEndpoint, Timeout.InfiniteTimeSpan, CancellationToken.None);
                    byte[] back = new byte[large.Length];
                    Task write = stream.WriteAsync(large).AsTask();
                    await stream.ReadExactlyAsync(back);
                    await write;
                    Assert.True(back.AsSpan().SequenceEqual(large));
                }
            }))), () => $"Waited for the traffic, {sent} signals");
        }
        finally
        {
            Volatile.Write(ref stop, true);
            signals.Join();
        }

        Assert.NotEqual(0, sent);
    }

    [Fact]
    public async Task Descriptors_and_threads_are_given_back()
    {
        for (int round = 0; round < 3; round++)
        {
            var group = new EventLoopGroup(4);
            var pairs = new List<SocketPair>();
            for (int i = 0; i < 8; i++)
            {
                pairs.Add(await SocketPair.OpenAsync(group));
            }

            Assert.Equal(8, group.Poll.Sockets);
            Task<int> read = pairs[0].ReadAsync(1).AsTask();
            group.Dispose();
            await Assert.ThrowsAsync<IOException>(() => Guard.Within(read, () => "Waited for the read"));
            await Eventually.IsTrue(() => group.Threads == 0, "all threads have ended");
            pairs.ForEach(static pair => pair.Dispose());
        }
    }

    private async Task ServeEchoAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_end.Token).ConfigureAwait(false);
                _ = Task.Run(async () =>
                {
                    using (socket)
                    {
                        byte[] buffer = new byte[4096];
                        try
                        {
                            while (await socket.ReceiveAsync(buffer).ConfigureAwait(false) is > 0 and int count)
                            {
                                await socket.SendAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                            }
                        }
                        catch (SocketException)
                        {
                            // the client has gone
                        }
                    }
                });
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    [LibraryImport("libc", EntryPoint = "tgkill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SignalThread(int process, int thread, int signal);
}
