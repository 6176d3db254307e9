using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>A callback that blocks its thread holds up nobody else.</summary>
public sealed class TakeoverTests : IDisposable
{
    private readonly EventLoopGroup _group;

    public TakeoverTests()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        _group = new EventLoopGroup(loops: 1);
    }

    public void Dispose() => _group?.Dispose();

    [Fact]
    public async Task A_callback_that_waits_for_another_one_of_its_loop_gets_it()
    {
        using SocketPair first = await SocketPair.OpenAsync(_group), second = await SocketPair.OpenAsync(_group);
        using var came = new ManualResetEventSlim();
        for (int i = 0; i < 10; i++)
        {
            came.Reset();
            Task<bool> waits = WaitAsync();
            Task sets = SetAsync();
            await first.Peer.SendAsync("x"u8.ToArray());
            await second.Peer.SendAsync("x"u8.ToArray());
            await Guard.Within(sets, () => "Waited for the second callback");
            Assert.True(await Guard.Within(waits, () => "Waited for the first callback"));
        }

        Assert.NotEqual(0, _group.Takeovers);
        await Eventually.IsTrue(() => _group.BlockedThreads == 0, "all threads are back");

        async Task<bool> WaitAsync()
        {
            await first.ReadAsync(1).ConfigureAwait(false);
            return came.Wait(Guard.Limit);
        }

        async Task SetAsync()
        {
            await second.ReadAsync(1).ConfigureAwait(false);
            came.Set();
        }
    }

    [Fact]
    public async Task The_rest_of_a_batch_is_not_lost_with_the_thread_that_took_it()
    {
        using var go = new ManualResetEventSlim();
        var pairs = new List<SocketPair>();
        for (int i = 0; i < 20; i++)
        {
            pairs.Add(await SocketPair.OpenAsync(_group));
        }

        // One callback sends to all, so that they come as one batch; each waits for the last one, so that each has a thread of its own.
        using var all = new CountdownEvent(pairs.Count - 1);
        Task[] waits = [.. pairs.Skip(1).Select(async pair =>
        {
            await pair.ReadAsync(1).ConfigureAwait(false);
            all.Signal();
            Assert.True(all.Wait(Guard.Limit));
        })];
        Task sends = SendAsync();
        await pairs[0].Peer.SendAsync("x"u8.ToArray());
        await Guard.Within(Task.WhenAll([sends, .. waits]), () => $"Waited for the callbacks, {all.CurrentCount} are missing");
        pairs.ForEach(static pair => pair.Dispose());

        async Task SendAsync()
        {
            await pairs[0].ReadAsync(1).ConfigureAwait(false);
            foreach (SocketPair pair in pairs.Skip(1))
            {
                pair.Peer.Send("x"u8);
            }
        }
    }

    [Fact]
    public async Task With_too_many_threads_held_up_the_thread_pool_goes_on_until_they_are_back()
    {
        const int Blocking = SocketLimits.BlockedLoopThreads + 3;
        using var go = new ManualResetEventSlim();
        var pairs = new List<SocketPair>();
        for (int i = 0; i < Blocking; i++)
        {
            pairs.Add(await SocketPair.OpenAsync(_group));
        }

        using SocketPair free = await SocketPair.OpenAsync(_group);
        int onPool = 0;
        Task[] waits = [.. pairs.Select(async pair =>
        {
            await pair.ReadAsync(1).ConfigureAwait(false);
            if (Thread.CurrentThread.IsThreadPoolThread)
            {
                Interlocked.Increment(ref onPool);
            }

            Assert.True(go.Wait(Guard.Limit));
        })];
        for (int i = 0; i <= SocketLimits.BlockedLoopThreads; i++)
        {
            await pairs[i].Peer.SendAsync("x"u8.ToArray());
            await Eventually.IsTrue(() => _group.BlockedThreads == i + 1, $"callback {i} is taken over");
        }

        Assert.True(_group.IsCrowded);
        Assert.Equal(0, onPool);
        foreach (SocketPair pair in pairs.Skip(SocketLimits.BlockedLoopThreads + 1))
        {
            await pair.Peer.SendAsync("x"u8.ToArray());
        }

        Assert.True(await IsOnPoolAsync());
        await Eventually.IsTrue(() => onPool == 2, "what came last is on the pool");
        Assert.InRange(_group.BlockedThreads, 1, SocketLimits.BlockedLoopThreads + 1);
        Assert.InRange(_group.Threads, 1, SocketLimits.BlockedLoopThreads + 3);

        go.Set();
        await Guard.Within(Task.WhenAll(waits), () => "Waited for the callbacks");
        await Eventually.IsTrue(() => _group.BlockedThreads == 0, "all threads are back");
        await Eventually.IsTrue(() => _group.Threads <= SocketLimits.SpareLoopThreads + 1, "superfluous threads end");
        Assert.False(await IsOnPoolAsync());
        pairs.ForEach(static pair => pair.Dispose());

        async Task<bool> IsOnPoolAsync()
        {
            Task<bool> read = ReadAsync();
            await free.Peer.SendAsync("x"u8.ToArray());
            return await Guard.Within(read, () => "Waited for the free one");
        }

        async Task<bool> ReadAsync()
        {
            await free.ReadAsync(1).ConfigureAwait(false);
            return Thread.CurrentThread.IsThreadPoolThread;
        }
    }

    [Fact]
    public async Task A_callback_may_read_and_write_its_own_stream_synchronously()
    {
        using SocketPair pair = await SocketPair.OpenAsync(_group);
        Task<int> nested = NestedAsync();
        await pair.Peer.SendAsync("x"u8.ToArray());
        Assert.Equal(1, await pair.Peer.ReceiveAsync(new byte[1]));
        await pair.Peer.SendAsync("y"u8.ToArray());
        Assert.Equal('y', await Guard.Within(nested, () => "Waited for the read in a callback"));

        async Task<int> NestedAsync()
        {
            await pair.ReadAsync(1).ConfigureAwait(false);
            pair.Stream.Write("a"u8);
            return pair.Stream.ReadByte();
        }
    }

    [Fact]
    public async Task A_writes_awaiter_that_waits_for_the_read_of_the_same_event_gets_it()
    {
        using SocketPair pair = await SocketPair.OpenAsync(_group), other = await SocketPair.OpenAsync(_group);
        byte[] large = new byte[32 * 1024 * 1024];
        for (int i = 0; i < 5; i++)
        {
            using var readCame = new ManualResetEventSlim();
            Task read = ReadAsync();
            Task write = WriteAsync();
            Assert.False(write.IsCompleted);
            await pair.Peer.SendAsync("x"u8.ToArray());
            for (int at = 0; at < large.Length;)
            {
                at += await pair.Peer.ReceiveAsync(new byte[1024 * 1024]);
            }

            await Guard.Within(Task.WhenAll(read, write), () => "Waited for both");

            async Task ReadAsync()
            {
                await pair.ReadAsync(1).ConfigureAwait(false);
                readCame.Set();
            }

            async Task WriteAsync()
            {
                await pair.Stream.WriteAsync(large).ConfigureAwait(false);
                Assert.True(readCame.Wait(Guard.Limit));
            }
        }
    }
}
