using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>What a stream of either back end does.</summary>
public sealed class SocketStreamTests
{
    public static TheoryData<string> BackEnds => [nameof(SocketBackEnd.EventLoop), nameof(SocketBackEnd.Managed)];

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task Bytes_go_both_ways(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        byte[] buffer = new byte[16];
        for (int i = 0; i < 100; i++)
        {
            ValueTask<int> read = pair.Stream.ReadAsync(buffer);
            await pair.Stream.WriteAsync(new byte[] { 1, 2, (byte)i });
            Assert.Equal(3, await pair.Peer.ReceiveAsync(new byte[16]));
            await pair.Peer.SendAsync(new byte[] { 3, (byte)i });
            Assert.Equal(2, await Within(read));
            Assert.Equal(i, buffer[1]);
        }

        Assert.Equal(pair.Peer.LocalEndPoint, pair.Stream.RemoteEndPoint);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task Megabytes_go_both_ways_at_once_past_a_slow_peer(string backEnd)
    {
        const int Size = 8 * 1024 * 1024;
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        byte[] there = Pattern(Size, 1), back = Pattern(Size, 2);

        Task write = pair.Stream.WriteAsync(there).AsTask();
        Assert.False(write.IsCompleted, "the system took all of it at once, so this tests nothing");
        Task send = Task.Run(async () =>
        {
            for (int at = 0; at < Size;)
            {
                at += await pair.Peer.SendAsync(back.AsMemory(at, Math.Min(100_000, Size - at)));
            }
        });
        Task<byte[]> received = Task.Run(async () =>
        {
            byte[] all = new byte[Size];
            for (int at = 0, turn = 0; at < Size; turn++)
            {
                at += await pair.Peer.ReceiveAsync(all.AsMemory(at, Math.Min(65_536, Size - at)));
                if (turn % 20 == 0)
                {
                    // Until the writer is ahead again, or has nothing left.
                    await Eventually.IsTrue(() => pair.Peer.Available > 0 || write.IsCompleted, "the writer is ahead");
                }
            }

            return all;
        });
        byte[] read = new byte[Size];
        await Guard.Within(pair.Stream.ReadExactlyAsync(read).AsTask(), () => "Waited for the bytes");
        await Guard.Within(write, () => "Waited for the write");
        await send;
        byte[] arrived = await received;
        Assert.True(there.AsSpan().SequenceEqual(arrived), "the bytes there");
        Assert.True(back.AsSpan().SequenceEqual(read), "the bytes back");
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_read_of_nothing_waits_for_input_and_takes_nothing(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        for (int i = 0; i < 3; i++)
        {
            ValueTask<int> empty = pair.Stream.ReadAsync(Memory<byte>.Empty);
            Assert.False(empty.IsCompleted);
            Assert.False(pair.Stream.HasInput);
            await pair.Peer.SendAsync("ab"u8.ToArray());
            Assert.Equal(0, await Within(empty));
            Assert.Equal(0, await Within(pair.Stream.ReadAsync(Memory<byte>.Empty)));
            Assert.True(pair.Stream.HasInput);
            Assert.Equal(1, await Within(pair.ReadAsync(1)));
            Assert.Equal(0, await Within(pair.Stream.ReadAsync(Memory<byte>.Empty)));
            Assert.Equal(1, await Within(pair.ReadAsync(8)));
        }

        ValueTask<int> last = pair.Stream.ReadAsync(Memory<byte>.Empty);
        pair.Peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await Within(last));
        Assert.Equal(0, await Within(pair.ReadAsync(1)));
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task The_end_is_read_again_and_again_and_writes_still_go(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        await pair.Peer.SendAsync("abc"u8.ToArray());
        pair.Peer.Shutdown(SocketShutdown.Send);
        await Eventually.IsTrue(() => pair.Stream.HasInput, "input");
        Assert.Equal(2, await Within(pair.ReadAsync(2)));
        Assert.Equal(1, await Within(pair.ReadAsync(100)));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, await Within(pair.ReadAsync(100)));
            Assert.True(pair.Stream.HasInput);
        }

        await pair.Stream.WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await pair.Peer.ReceiveAsync(new byte[2]));
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task The_end_comes_to_a_read_that_waits(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        ValueTask<int> read = pair.ReadAsync(100);
        pair.Peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await Within(read));
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_reset_fails_reads_and_writes(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        Task<int> read = pair.ReadAsync(100).AsTask();
        pair.Reset();
        var failure = await Assert.ThrowsAsync<IOException>(() => Guard.Within(read, () => "Waited for the reset"));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
        Assert.True(pair.Stream.HasInput);

        failure = await Assert.ThrowsAsync<IOException>(() => pair.Stream.WriteAsync(new byte[1]).AsTask());
        Assert.Equal(SocketError.Shutdown, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_reset_fails_a_write_that_waits(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        Task write = pair.Stream.WriteAsync(new byte[32 * 1024 * 1024]).AsTask();
        Assert.False(write.IsCompleted);
        pair.Reset();
        var failure = await Assert.ThrowsAsync<IOException>(() => Guard.Within(write, () => "Waited for the reset"));
        Assert.IsType<SocketException>(failure.InnerException);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_refused_connect_says_so(string backEnd)
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var refused = await Assert.ThrowsAsync<SocketException>(
            () => ConnectAsync(backEnd, new IPEndPoint(IPAddress.Loopback, port), CancellationToken.None));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_connect_to_where_no_way_leads_says_so(string backEnd)
    {
        // No system has a route out of its loopback interface, nor to the limited broadcast address.
        var failure = await Assert.ThrowsAsync<SocketException>(
            () => ConnectAsync(backEnd, new IPEndPoint(IPAddress.Broadcast, 9), CancellationToken.None));
        Assert.Contains(
            failure.SocketErrorCode,
            new[]
            {
                SocketError.NetworkUnreachable, SocketError.HostUnreachable, SocketError.AccessDenied, SocketError.AddressNotAvailable,
            });
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_connect_is_cancelled(string backEnd)
    {
        using FullListener listener = FullListener.Create();
        using var cancellation = new CancellationTokenSource();
        Task<SocketStream> connect = ConnectAsync(backEnd, listener.EndPoint, cancellation.Token);
        Assert.False(connect.IsCompleted);
        await cancellation.CancelAsync();
        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect);
        Assert.Equal(cancellation.Token, canceled.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ConnectAsync(backEnd, listener.EndPoint, cancellation.Token));
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_mapped_and_an_IPv6_address_are_reached(string backEnd)
    {
        if (!Socket.OSSupportsIPv6)
        {
            return;
        }

        foreach (IPAddress address in new[] { IPAddress.IPv6Loopback, IPAddress.Loopback.MapToIPv6() })
        {
            using var listener = new TcpListener(address.IsIPv4MappedToIPv6 ? IPAddress.Loopback : address, 0);
            listener.Start();
            await using SocketStream stream =
                await ConnectAsync(backEnd, new IPEndPoint(address, ((IPEndPoint)listener.LocalEndpoint).Port), CancellationToken.None);
            using Socket peer = await listener.AcceptSocketAsync();
            await peer.SendAsync("x"u8.ToArray());
            Assert.Equal(1, await Within(stream.ReadAsync(new byte[4])));
        }
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task Disposal_fails_what_waits_elsewhere_than_on_the_disposers_stack(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        int disposer = -1;
        bool inside = false;
        async Task<bool> WatchAsync(Func<Task> operation)
        {
            Exception? failure = null;
            try
            {
                await operation().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                failure = e;
            }

            bool onDisposer = Volatile.Read(ref inside) && Environment.CurrentManagedThreadId == disposer;

            // System.Net.Sockets shuts the socket down first, and a read may still see that as the end.
            Assert.True(
                failure is IOException or ObjectDisposedException || (failure is null && backEnd == nameof(SocketBackEnd.Managed)),
                $"{failure}");
            return onDisposer;
        }

        Task<bool> read = WatchAsync(async () => await pair.ReadAsync(10).ConfigureAwait(false));
        Task<bool> write = WatchAsync(async () => await pair.Stream.WriteAsync(new byte[32 * 1024 * 1024]).ConfigureAwait(false));
        Assert.False(read.IsCompleted || write.IsCompleted);
        var thread = new Thread(() =>
        {
            disposer = Environment.CurrentManagedThreadId;
            Volatile.Write(ref inside, true);
            pair.Stream.Dispose();
            pair.Stream.Dispose();
            Volatile.Write(ref inside, false);
        });
        thread.Start();
        thread.Join();
        Assert.False(await Guard.Within(read, () => "Waited for the read"));
        Assert.False(await Guard.Within(write, () => "Waited for the write"));
        Assert.True(pair.Stream.HasInput);
        Assert.False(pair.Stream.CanRead || pair.Stream.CanWrite);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pair.ReadAsync(10));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pair.Stream.WriteAsync(new byte[10]));
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_cancelled_read_leaves_the_stream_usable(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        for (int i = 0; i < 20; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Task<int> read = pair.Stream.ReadAsync(new byte[10], cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            var canceled =
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(read, () => "Waited for the cancelled read"));
            Assert.Equal(cancellation.Token, canceled.CancellationToken);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Stream.ReadAsync(new byte[10], cancellation.Token).AsTask());

            using var unused = new CancellationTokenSource();
            read = pair.Stream.ReadAsync(new byte[10], unused.Token).AsTask();
            await pair.Peer.SendAsync("ab"u8.ToArray());
            Assert.Equal(2, await Guard.Within(read, () => "Waited for the next read"));
        }
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_cancelled_write_ends(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        using var cancellation = new CancellationTokenSource();
        Task write = pair.Stream.WriteAsync(new byte[32 * 1024 * 1024], cancellation.Token).AsTask();
        Assert.False(write.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(write, () => "Waited for the cancelled write"));
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task Cancellation_at_the_moment_of_the_bytes_loses_none(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        byte next = 0;
        byte[] buffer = new byte[4];
        for (int i = 0; i < 300; i++)
        {
            using var cancellation = new CancellationTokenSource();
            ValueTask<int> read = pair.Stream.ReadAsync(buffer, cancellation.Token);
            Task cancel = Task.Run(cancellation.Cancel);
            await pair.Peer.SendAsync(new[] { (byte)i });
            int count;
            try
            {
                count = await Within(read);
            }
            catch (OperationCanceledException)
            {
                count = await Within(pair.Stream.ReadAsync(buffer));
            }

            await cancel;
            Assert.Equal((1, next++), (count, buffer[0]));
        }
    }

    /// <summary>Also while a read of nothing waits: its thread may come later.</summary>
    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_stream_above_that_is_asked_gets_what_is_there_and_does_not_wait(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        bool waits = !pair.Stream.NotifiesInput;
        Task<int>? wait = null;
        for (int i = 0; i < 20; i++)
        {
            if (waits && wait is not { IsCompleted: false })
            {
                wait = pair.ReadAsync(0).AsTask();
            }

            using var above = new Above(pair.Stream, wanted: 3);
            Assert.False(pair.Stream.Ask(above, out _));
            await SendAsync(pair, "ab"u8.ToArray());
            Assert.False(pair.Stream.Ask(above, out _));
            Assert.Equal(2, above.Has);
            await SendAsync(pair, "c"u8.ToArray());
            Assert.True(pair.Stream.Ask(above, out Task<int>? asked) && asked.IsCompletedSuccessfully);
            Assert.Equal((3, false), (above.Has, pair.Stream.HasInput));
        }

        if (wait is not null)
        {
            // The late word of bytes that are gone ends it, or the next bytes do.
            await pair.Peer.SendAsync("d"u8.ToArray());
            await Guard.Within(wait, () => "Waited for the read of nothing");
            Assert.Equal(1, await Within(pair.ReadAsync(1)));
        }

        ValueTask<int> read = pair.ReadAsync(10);
        await pair.Peer.SendAsync("ef"u8.ToArray());
        Assert.Equal(2, await Within(read));
        pair.Peer.Shutdown(SocketShutdown.Send);
        await Eventually.IsTrue(() => pair.Stream.HasInput, "the end");
        using var end = new Above(pair.Stream, wanted: 1);
        Assert.True(pair.Stream.Ask(end, out Task<int>? ended) && ended.IsCompletedSuccessfully);
        pair.Stream.Dispose();
        Assert.True(pair.Stream.Ask(end, out Task<int>? failed) && failed.IsFaulted);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_stream_above_that_is_asked_may_wait_once_it_has_written(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        using var above = new Above(pair.Stream, wanted: 1) { WritesFirst = true };
        Assert.True(pair.Stream.Ask(above, out Task<int>? read));
        Assert.False(read.IsCompleted);
        Assert.Equal(1, await pair.Peer.ReceiveAsync(new byte[2]));
        await pair.Peer.SendAsync("x"u8.ToArray());
        await Guard.Within(read, () => "Waited for the answer");
        Assert.Equal(1, above.Has);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_stream_above_that_is_asked_may_wait_on_another_thread(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        using var above = new Above(pair.Stream, wanted: 1) { Elsewhere = true };
        Assert.True(pair.Stream.Ask(above, out Task<int>? read));
        Assert.False(read.IsCompleted);
        await pair.Peer.SendAsync("x"u8.ToArray());
        await Guard.Within(read, () => "Waited for the answer");
        Assert.Equal(1, above.Has);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task Synchronous_calls_work(string backEnd)
    {
        using SocketPair pair = await SocketPair.OpenAsync(backEnd);
        Task echo = Task.Run(async () =>
        {
            byte[] buffer = new byte[4096];
            for (int left = 3; left > 0;)
            {
                int count = await pair.Peer.ReceiveAsync(buffer);
                await pair.Peer.SendAsync(buffer.AsMemory(0, count));
                left -= count;
            }
        });
        await Guard.Within(Task.Run(() =>
        {
            pair.Stream.Write([1, 2], 0, 2);
            pair.Stream.Write([3]);
            pair.Stream.Flush();
            byte[] read = new byte[3];
            Assert.Equal(1, pair.Stream.Read(read, 0, 1));
            Assert.Equal(2, pair.Stream.ReadAtLeast(read.AsSpan(1), 2));
            Assert.Equal([1, 2, 3], read);
        }), () => "Waited for the synchronous calls");
        await echo;
        Assert.Throws<NotSupportedException>(() => pair.Stream.Position);
    }

    private static async Task<int> Within(ValueTask<int> read) => await Guard.Within(read.AsTask(), () => "Waited for a read");

    private static async Task<SocketStream> ConnectAsync(string backEnd, IPEndPoint endPoint, CancellationToken cancellationToken) =>
        (SocketStream)await SocketConnector.ConnectAsync(
            endPoint, Timeout.InfiniteTimeSpan, Enum.Parse<SocketBackEnd>(backEnd), cancellationToken);

    private static async Task SendAsync(SocketPair pair, byte[] bytes)
    {
        await pair.Peer.SendAsync(bytes);
        await Eventually.IsTrue(() => pair.Stream.HasInput, "the bytes have come");
    }

    private static byte[] Pattern(int size, int seed)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Does as TLS does with the stream below: it waits for input, then reads until it has a whole record.</summary>
    private sealed class Above(Stream below, int wanted) : MemoryStream
    {
        public int Has { get; private set; }

        public bool WritesFirst { get; init; }

        public bool Elsewhere { get; init; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (WritesFirst)
            {
                await below.WriteAsync(new byte[1], cancellationToken);
            }

            return Elsewhere ? await Task.Run(ReadAsync, cancellationToken) : await ReadAsync();
        }

        private async Task<int> ReadAsync()
        {
            int nothing = await below.ReadAsync(Memory<byte>.Empty);
            Assert.Equal(0, nothing);
            while (Has < wanted)
            {
                int read = await below.ReadAsync(new byte[100]);
                if (read == 0)
                {
                    break;
                }

                Has += read;
            }

            return 0;
        }
    }

    /// <summary>A listener whose queue is full, so that connects to it wait.</summary>
    private sealed class FullListener : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> _fillers = [];

        public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

        public static FullListener Create()
        {
            var made = new FullListener();
            made._listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            made._listener.Listen(1);
            long start = Stopwatch.GetTimestamp();
            bool full = false;
            while (!full && Stopwatch.GetElapsedTime(start) < Guard.Limit)
            {
                var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                made._fillers.Add(filler);
                Task connect = filler.ConnectAsync(made.EndPoint);
                full = !connect.Wait(100);

                // Fails when all is over; other tests look for failures that nobody saw.
                _ = connect.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
            }

            Assert.True(full, "the listener takes everything");
            return made;
        }

        public void Dispose()
        {
            _fillers.ForEach(static filler => filler.Dispose());
            _listener.Dispose();
        }
    }
}
