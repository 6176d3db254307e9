using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>Work that any loop of a group does.</summary>
public sealed class SharedWorkTests
{
    [Fact]
    public async Task Each_piece_is_done_once_by_threads_of_the_loops()
    {
        using EventLoopGroup group = Make(loops: 2);
        var pieces = new Pieces(4000);
        group.ChangeLoops(atWork: 0, 1);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(part => Task.Run(() => pieces.AddTo(group, part * 1000, 1000))));
        await Guard.Within(pieces.AllDone, () => "the pieces");
        pieces.AssertOnce();
        Assert.All(pieces.Threads, static name => Assert.StartsWith("Warmwire", name, StringComparison.Ordinal));
    }

    /// <summary>Signals that come together are one event: who takes a piece signals again.</summary>
    [Fact]
    public async Task Pieces_that_wait_for_each_other_run_side_by_side()
    {
        using EventLoopGroup group = Make(loops: 4);
        group.ChangeLoops(atWork: 0, 3);
        using var together = new Barrier(4);
        var met = new TaskCompletionSource[4];
        for (int i = 0; i < 4; i++)
        {
            TaskCompletionSource one = met[i] = new TaskCompletionSource();
            group.Work.Add(new Piece(() => Meet(one)));
        }

        await Guard.Within(Task.WhenAll(met.Select(static one => one.Task)), () => "all four at once");

        void Meet(TaskCompletionSource done)
        {
            if (together.SignalAndWait(Guard.Limit))
            {
                done.SetResult();
            }
        }
    }

    /// <summary>
    /// A piece is added at any moment around the one at which a loop takes the last: no signal may be lost between the two, and nothing
    /// else wakes the loops.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task No_piece_is_left_behind_while_all_loops_wait(int adders)
    {
        using EventLoopGroup group = Make(loops: 2);
        group.ChangeLoops(atWork: 0, 1);
        await Task.WhenAll(Enumerable.Range(0, adders).Select(adder => Task.Run(() =>
        {
            using var done = new SemaphoreSlim(0);
            var random = new Random(adder);
            for (int i = 0; i < 5_000; i++)
            {
                group.Work.Add(new Piece(() => done.Release()));
                Thread.SpinWait(random.Next(200));
                Assert.True(done.Wait(Guard.Limit), $"piece {i} of adder {adder} is done");
            }
        })));
    }

    /// <summary>Pieces that block for good hold up as many threads of loops as may be, and what is left goes to the thread pool.</summary>
    [Fact]
    public async Task Pieces_that_block_hold_up_no_more_threads_than_may_be()
    {
        const int Many = SocketLimits.BlockedLoopThreads * 3;
        using EventLoopGroup group = Make(loops: 1);
        using var go = new ManualResetEventSlim();
        int onLoops = 0;
        int onPool = 0;
        using var all = new CountdownEvent(Many);
        for (int i = 0; i < Many; i++)
        {
            group.Work.Add(new Piece(Block));
        }

        await Eventually.IsTrue(() => group.IsCrowded && Volatile.Read(ref onPool) > 0, "the thread pool gets what is left");
        Assert.InRange(Volatile.Read(ref onLoops), 1, SocketLimits.BlockedLoopThreads + 2);
        Assert.InRange(group.BlockedThreads, 1, SocketLimits.BlockedLoopThreads + 1);
        go.Set();
        Assert.True(await Task.Run(() => all.Wait(Guard.Limit)), $"{all.CurrentCount} are missing");
        Assert.Equal(Many, onLoops + onPool);
        await Eventually.IsTrue(() => group.BlockedThreads == 0, "all threads are back");

        void Block()
        {
            ref int where = ref onLoops;
            if (Thread.CurrentThread.IsThreadPoolThread)
            {
                where = ref onPool;
            }

            Interlocked.Increment(ref where);
            go.Wait(Guard.Limit);
            all.Signal();
        }
    }

    /// <summary>The group ends while work is added, and no loop is left for the signal.</summary>
    [Fact]
    public async Task What_is_added_while_the_group_ends_is_done_all_the_same()
    {
        for (int i = 0; i < 50; i++)
        {
            EventLoopGroup group = Make(loops: 1);
            var pieces = new Pieces(200);
            Task adding = Task.Run(() => pieces.AddTo(group, 0, 200));
            await Eventually.IsTrue(() => pieces.Added > i, "some are added");
            group.Dispose();
            await adding;
            await Guard.Within(pieces.AllDone, () => "the pieces");
            pieces.AssertOnce();
        }
    }

    private static EventLoopGroup Make(int loops)
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        return new EventLoopGroup(loops);
    }

    private sealed class Piece(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }

    private sealed class Pieces(int count)
    {
        private readonly int[] _done = new int[count];
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly HashSet<string> _threads = [];
        private int _left = count;
        private int _added;

        public Task AllDone => _all.Task;

        public int Added => Volatile.Read(ref _added);

        public IReadOnlyCollection<string> Threads => _threads;

        public void AddTo(EventLoopGroup group, int from, int pieces)
        {
            for (int i = from; i < from + pieces; i++)
            {
                int index = i;
                group.Work.Add(new Piece(() => Do(index)));
                Interlocked.Increment(ref _added);
            }
        }

        public void AssertOnce() => Assert.All(_done, static times => Assert.Equal(1, times));

        private void Do(int index)
        {
            Interlocked.Increment(ref _done[index]);
            lock (_threads)
            {
                _threads.Add(Thread.CurrentThread.Name ?? "");
            }

            if (Interlocked.Decrement(ref _left) == 0)
            {
                _all.SetResult();
            }
        }
    }
}
