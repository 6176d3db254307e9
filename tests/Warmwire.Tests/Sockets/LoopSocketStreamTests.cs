using System.Net;
using System.Net.Sockets;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>What only a stream of an event loop does. Each test has loops of its own.</summary>
public sealed class LoopSocketStreamTests : IDisposable
{
    private readonly EventLoopGroup _group;

    public LoopSocketStreamTests()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        _group = new EventLoopGroup(loops: 1);
    }

    public void Dispose() => _group?.Dispose();

    [Fact]
    public async Task What_awaits_a_read_goes_on_on_the_thread_of_the_loop()
    {
        using SocketPair pair = await SocketPair.OpenAsync(_group);
        Assert.True(pair.Stream.NotifiesInput);
        Task<string?> name = ReadAsync();
        await pair.Peer.SendAsync("x"u8.ToArray());
        Assert.Equal("Warmwire loop 0", await Guard.Within(name, () => "Waited for the read"));

        async Task<string?> ReadAsync()
        {
            await pair.ReadAsync(1).ConfigureAwait(false);
            return Thread.CurrentThread.Name;
        }
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("end")]
    [InlineData("reset")]
    public async Task The_watcher_is_told_of_input_nobody_waits_for(string what)
    {
        var watcher = new Watcher();
        using SocketPair pair = await SocketPair.OpenAsync(_group, watcher);

        // Not of input somebody waits for.
        Task<int> read = pair.ReadAsync(10).AsTask();
        await pair.Peer.SendAsync("x"u8.ToArray());
        Assert.Equal(1, await Guard.Within(read, () => "Waited for the read"));
        Assert.Equal(0, watcher.Count);

        Send(pair, what);
        await Guard.Within(watcher.Told, () => "Waited for the watcher");
        Assert.True(pair.Stream.HasInput);
        if (what == "reset")
        {
            await Assert.ThrowsAsync<IOException>(async () => await pair.ReadAsync(10));
        }
        else
        {
            Assert.Equal(what == "bytes" ? 1 : 0, await Guard.Within(pair.ReadAsync(10).AsTask(), () => "Waited for the read"));
        }
    }

    private static void Send(SocketPair pair, string what)
    {
        switch (what)
        {
            case "bytes":
                pair.Peer.Send("x"u8);
                break;
            case "end":
                pair.Peer.Shutdown(SocketShutdown.Send);
                break;
            default:
                pair.Reset();
                break;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_that_comes_in_the_edge_of_the_bytes_is_not_lost(bool waiting)
    {
        // The other stream's continuation runs on the loop, so what it sends comes with one event when the loop looks again.
        using SocketPair other = await SocketPair.OpenAsync(_group);
        for (int i = 0; i < 20; i++)
        {
            using SocketPair pair = await SocketPair.OpenAsync(_group);
            Task<int> read = waiting ? pair.ReadAsync(100).AsTask() : Task.FromResult(0);
            Task send = SendOnLoopAsync();
            await other.Peer.SendAsync("x"u8.ToArray());
            await Guard.Within(send, () => "Waited for the loop");
            if (!waiting)
            {
                read = pair.ReadAsync(100).AsTask();
            }

            Assert.Equal(3, await Guard.Within(read, () => "Waited for the bytes"));
            Assert.Equal(0, await Guard.Within(pair.ReadAsync(100).AsTask(), () => "Waited for the end"));

            async Task SendOnLoopAsync()
            {
                await other.ReadAsync(1).ConfigureAwait(false);
                pair.Peer.Send("abc"u8);
                pair.Peer.Shutdown(SocketShutdown.Send);
            }
        }
    }

    [Fact]
    public async Task A_second_read_or_write_at_the_same_time_is_refused_and_harms_nothing()
    {
        using SocketPair pair = await SocketPair.OpenAsync(_group);
        byte[] buffer = new byte[4];
        Task<int> read = pair.Stream.ReadAsync(buffer).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await pair.ReadAsync(1));
        byte[] large = new byte[32 * 1024 * 1024];
        Task write = pair.Stream.WriteAsync(large).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await pair.Stream.WriteAsync(new byte[1]));
        await pair.Peer.SendAsync("abc"u8.ToArray());
        Assert.Equal(3, await Guard.Within(read, () => "Waited for the read"));
        for (int at = 0; at < large.Length;)
        {
            at += await pair.Peer.ReceiveAsync(new byte[1024 * 1024]);
        }

        await Guard.Within(write, () => "Waited for the write");
        await pair.Stream.WriteAsync(new byte[1]);
        Assert.Equal(1, await pair.Peer.ReceiveAsync(new byte[10]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_is_never_an_end_to_the_read_although_the_write_is_told_too(bool readWaits)
    {
        using SocketPair pair = await SocketPair.OpenAsync(_group);
        Task<int>? read = readWaits ? pair.ReadAsync(100).AsTask() : null;
        Task write = readWaits ? pair.Stream.WriteAsync(new byte[32 * 1024 * 1024]).AsTask() : Task.CompletedTask;
        Assert.Equal(!readWaits, write.IsCompleted);
        pair.Reset();
        if (!readWaits)
        {
            // The system tells of it once, and the write comes first.
            await Eventually.IsTrue(() => pair.Stream.HasInput, "input");
            write = pair.Stream.WriteAsync(new byte[1]).AsTask();
        }

        await Assert.ThrowsAsync<IOException>(() => Guard.Within(write, () => "Waited for the failure of the write"));
        read ??= pair.ReadAsync(100).AsTask();
        var failure = await Assert.ThrowsAsync<IOException>(() => Guard.Within(read, () => "Waited for the reset"));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task A_request_and_its_answer_allocate_nothing()
    {
        using SocketPair pair = await SocketPair.OpenAsync(_group);
        var echo = new Thread(() =>
        {
            byte[] bytes = new byte[100];
            while (pair.Peer.Receive(bytes) is > 0 and int count)
            {
                pair.Peer.Send(bytes.AsSpan(0, count));
            }
        });
        echo.Start();

        // On a busy machine the loop may be taken over in between; the count is then that of another thread.
        long allocated = -1;
        for (int attempt = 0; allocated != 0 && attempt < 20; attempt++)
        {
            allocated = await Guard.Within(PingAsync(), () => "Waited for the answers");
        }

        pair.Peer.Shutdown(SocketShutdown.Both);
        echo.Join();
        Assert.Equal(0, allocated);

        async Task<long> PingAsync()
        {
            byte[] bytes = new byte[100];
            int thread = 0;
            long before = 0;
            for (int i = 0; i < 600; i++)
            {
                if (i == 100)
                {
                    thread = Environment.CurrentManagedThreadId;
                    before = GC.GetAllocatedBytesForCurrentThread();
                }

                await pair.Stream.WriteAsync(bytes.AsMemory(0, 40)).ConfigureAwait(false);
                await pair.Stream.ReadAsync(bytes).ConfigureAwait(false);
            }

            return thread == Environment.CurrentManagedThreadId ? GC.GetAllocatedBytesForCurrentThread() - before : -1;
        }
    }

    [Fact]
    public async Task A_connect_under_way_ends_with_its_group()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var connects = new List<Task<Stream>>();
        while (connects.Count < 100 && connects.TrueForAll(static connect => connect.Wait(50)))
        {
            connects.Add(
                LoopConnector.ConnectAsync(_group, (IPEndPoint)listener.LocalEndPoint!, Timeout.InfiniteTimeSpan, CancellationToken.None));
        }

        _group.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Guard.Within(connects[^1], () => "Waited for the connect"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() =>
            LoopConnector.ConnectAsync(_group, (IPEndPoint)listener.LocalEndPoint!, Timeout.InfiniteTimeSpan, CancellationToken.None));
    }

    [Fact]
    public async Task Nothing_of_one_callback_sticks_to_the_thread_of_the_loop()
    {
        using SocketPair first = await SocketPair.OpenAsync(_group), second = await SocketPair.OpenAsync(_group);
        var local = new AsyncLocal<string>();
        first.Stream.InputWatcher = new Watcher(() =>
        {
            local.Value = "left behind";
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
        });
        (string? Local, bool Context)? found = null;
        var looks = new Watcher(() => found = (local.Value, SynchronizationContext.Current is not null));
        second.Stream.InputWatcher = looks;
        await first.Peer.SendAsync("x"u8.ToArray());
        await Guard.Within(((Watcher)first.Stream.InputWatcher).Told, () => "Waited for the first watcher");
        await second.Peer.SendAsync("x"u8.ToArray());
        await Guard.Within(looks.Told, () => "Waited for the second watcher");
        Assert.Equal((null, false), found);
    }

    private sealed class Watcher(Action? action = null) : IInputWatcher
    {
        private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task Told => _told.Task;

        public int Count => Volatile.Read(ref _count);

        public void InputArrived()
        {
            Interlocked.Increment(ref _count);
            action?.Invoke();
            _told.TrySetResult();
        }
    }
}
