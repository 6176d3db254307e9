using System.Collections.Concurrent;
using System.Diagnostics;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>Work that is put off: in its order, soon, and never lost.</summary>
public sealed class DeferredWorkTests
{
    private const int Many = 200;

    [Fact]
    public async Task On_a_loop_it_runs_behind_the_callback_in_the_order_it_was_put_off()
    {
        using OnLoop loop = await LoopAsync();

        // A thread that the system puts aside for a millisecond is taken over, and then the rest may be run by two.
        for (int attempt = 0; ; attempt++)
        {
            long takeovers = loop.Group.Takeovers;
            var ran = new ConcurrentQueue<int>();
            using var all = new CountdownEvent(Many);
            bool early = false;
            int thread = 0, others = 0;
            await loop.RunAsync(() =>
            {
                thread = Environment.CurrentManagedThreadId;
                for (int i = 0; i < Many; i++)
                {
                    int id = i;
                    DeferredWork.Run(new Work(() =>
                    {
                        ran.Enqueue(id);
                        others += Environment.CurrentManagedThreadId == thread ? 0 : 1;
                        all.Signal();
                    }));
                }

                early = !ran.IsEmpty;
            });
            Assert.True(all.Wait(Guard.Limit));
            if (loop.Group.Takeovers == takeovers)
            {
                Assert.False(early, "not within the callback");
                Assert.Equal(Enumerable.Range(0, Many), ran);
                Assert.Equal(0, others);
                return;
            }

            Assert.Equal(Enumerable.Range(0, Many), ran.Order());
            Assert.True(attempt < 20, "each time the loop was taken over");
        }
    }

    [Fact]
    public async Task Work_that_is_put_off_by_such_work_comes_behind_what_was_there()
    {
        using OnLoop loop = await LoopAsync();
        for (int attempt = 0; ; attempt++)
        {
            long takeovers = loop.Group.Takeovers;
            var ran = new ConcurrentQueue<string>();
            using var all = new CountdownEvent(3);
            await loop.RunAsync(() =>
            {
                Defer("first", () => Defer("behind", null));
                Defer("second", null);
            });
            Assert.True(all.Wait(Guard.Limit));
            if (loop.Group.Takeovers == takeovers)
            {
                Assert.Equal(["first", "second", "behind"], ran);
                return;
            }

            Assert.True(attempt < 20, "each time the loop was taken over");

            void Defer(string name, Action? more) => DeferredWork.Run(new Work(() =>
            {
                ran.Enqueue(name);
                more?.Invoke();
                all.Signal();
            }));
        }
    }

    [Fact]
    public async Task What_stands_behind_work_that_blocks_is_done_by_another_thread_soon()
    {
        using OnLoop loop = await LoopAsync();
        using var go = new ManualResetEventSlim();
        using var others = new CountdownEvent(Many);
        var blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        long start = 0;
        await loop.RunAsync(() =>
        {
            DeferredWork.Run(new Work(() =>
            {
                start = Stopwatch.GetTimestamp();
                Assert.True(go.Wait(Guard.Limit));
                blocked.SetResult();
            }));
            for (int i = 0; i < Many; i++)
            {
                DeferredWork.Run(new Work(() => others.Signal()));
            }
        });
        Assert.True(others.Wait(Guard.Limit));

        // The bound is for a machine that does much else; it is 1 ms on one that does not.
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.False(blocked.Task.IsCompleted);
        Assert.NotEqual(0, loop.Group.Takeovers);
        go.Set();
        await Guard.Within(blocked.Task, () => "the work that blocked");
        await Eventually.IsTrue(() => loop.Group.BlockedThreads == 0, "all threads are back");
    }

    [Fact]
    public async Task What_a_thread_puts_off_that_leads_no_more_is_run_by_the_thread_pool()
    {
        using OnLoop loop = await LoopAsync();
        bool deferred = true;
        var ran = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await loop.RunAsync(() =>
        {
            Assert.True(SpinWait.SpinUntil(() => loop.Group.BlockedThreads == 1, Guard.Limit), "the callback is taken over");
            deferred = EventLoop.TryDefer(new Work(() => { }));
            DeferredWork.Run(new Work(() => ran.SetResult(Thread.CurrentThread.IsThreadPoolThread)));
        });
        Assert.False(deferred);
        Assert.True(await Guard.Within(ran.Task, () => "the work"));
    }

    [Fact]
    public async Task Nothing_is_lost_or_done_twice_while_the_loop_changes_hands()
    {
        using OnLoop loop = await LoopAsync();
        const int Rounds = 40;
        int[] ran = new int[Rounds * Many];
        using var all = new CountdownEvent(ran.Length);
        var random = new Random(1);
        for (int round = 0; round < Rounds; round++)
        {
            int first = round * Many;
            int pause = random.Next(Many);
            await loop.RunAsync(() =>
            {
                for (int i = 0; i < Many; i++)
                {
                    int id = first + i;
                    DeferredWork.Run(new Work(() =>
                    {
                        Interlocked.Increment(ref ran[id]);
                        if (id % Many == pause)
                        {
                            long takeovers = loop.Group.Takeovers;
                            SpinWait.SpinUntil(() => loop.Group.Takeovers != takeovers, TimeSpan.FromMilliseconds(2));
                        }

                        all.Signal();
                    }));

                    if (i == pause)
                    {
                        // Real time: what follows is put off by a thread that the monitor may depose at any moment of it.
                        Thread.Sleep(1);
                    }
                }
            });
        }

        Assert.True(all.Wait(Guard.Limit), $"{all.CurrentCount} were lost");
        Assert.All(ran, static times => Assert.Equal(1, times));
        Assert.NotEqual(0, loop.Group.Takeovers);
        await Eventually.IsTrue(() => loop.Group.BlockedThreads == 0, "all threads are back");
    }

    [Fact]
    public async Task What_was_put_off_when_the_loop_stops_is_done_first()
    {
        for (int round = 0; round < 20; round++)
        {
            using OnLoop loop = await LoopAsync();
            using var all = new CountdownEvent(Many);
            await loop.RunAsync(() =>
            {
                for (int i = 0; i < Many; i++)
                {
                    DeferredWork.Run(new Work(() => all.Signal()));
                }

                loop.Group.Dispose();
            });
            Assert.True(all.Wait(Guard.Limit), $"{all.CurrentCount} were lost");
        }
    }

    [Fact]
    public async Task Elsewhere_the_thread_pool_runs_it()
    {
        Assert.False(EventLoop.TryDefer(new Work(() => { })));
        var ran = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        DeferredWork.Run(new Work(() => ran.SetResult(Thread.CurrentThread.IsThreadPoolThread)));
        Assert.True(await Guard.Within(ran.Task, () => "the work"));
    }

    [Fact]
    public async Task Work_on_a_loop_leaves_the_next_one_no_context()
    {
        using OnLoop loop = await LoopAsync();
        var local = new AsyncLocal<string>();
        var seen = new TaskCompletionSource<(string?, SynchronizationContext?)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await loop.RunAsync(() =>
        {
            DeferredWork.Run(new Work(() =>
            {
                local.Value = "left behind";
                SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            }));
            DeferredWork.Run(new Work(() => seen.SetResult((local.Value, SynchronizationContext.Current))));
        });
        Assert.Equal((null, null), await Guard.Within(seen.Task, () => "the work"));
    }

    [Fact]
    public async Task With_too_many_threads_held_up_the_thread_pool_runs_it()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        using var group = new EventLoopGroup(loops: 1);
        using var go = new ManualResetEventSlim();
        const int Blocking = SocketLimits.BlockedLoopThreads + 1;
        using SocketPair first = await SocketPair.OpenAsync(group);
        using var ended = new CountdownEvent(Blocking);
        bool onPool = false;
        Task all = DeferAsync();
        await first.Peer.SendAsync("x"u8.ToArray());
        await Guard.Within(all, () => "the callback");
        await Eventually.IsTrue(() => group.BlockedThreads == Blocking, "each that blocks is taken over");

        // By the thread that leads now.
        using SocketPair last = await SocketPair.OpenAsync(group);
        Task<bool> next = NextAsync();
        await last.Peer.SendAsync("x"u8.ToArray());
        Assert.True(await Guard.Within(next, () => "the work"));
        Assert.False(onPool, "those that block had threads of the loop");
        go.Set();
        Assert.True(ended.Wait(Guard.Limit));
        await Eventually.IsTrue(() => group.BlockedThreads == 0, "all threads are back");

        async Task DeferAsync()
        {
            await first.ReadAsync(1).ConfigureAwait(false);
            for (int i = 0; i < Blocking; i++)
            {
                DeferredWork.Run(new Work(() =>
                {
                    onPool |= Thread.CurrentThread.IsThreadPoolThread;
                    go.Wait(Guard.Limit);
                    ended.Signal();
                }));
            }
        }

        async Task<bool> NextAsync()
        {
            await last.ReadAsync(1).ConfigureAwait(false);
            var ran = new TaskCompletionSource<bool>();
            DeferredWork.Run(new Work(() => ran.SetResult(Thread.CurrentThread.IsThreadPoolThread)));
            return await ran.Task.ConfigureAwait(false);
        }
    }

    private static Task<OnLoop> LoopAsync()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        return OnLoop.StartAsync();
    }
}
