using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http2;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Sockets;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>A body between the flow that fills it and the caller who reads: every order of what both may do.</summary>
public class Http2InboxTests
{
    private static readonly Config s_many = Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true);

    public enum Act
    {
        Append,
        Read,
        Withdraw,
        End,
        Fail,
        Drop,

        /// <summary>What was decided is told.</summary>
        Settle,
    }

    public sealed record Step(Act Act, int Count);

    [Fact]
    public void Bytes_come_in_order_and_each_read_gets_its_outcome_once()
    {
        // Readers are told on the thread pool: at any moment of the steps that follow.
        Check.One(s_many, Property(steps => new Run().PlayAsync(steps, settle: Guarded)));

        static async Task Guarded(Task told) => await Guard.Within(told, () => "a reader to be told");
    }

    [Fact]
    public async Task The_same_on_an_event_loop_where_readers_are_told_behind_what_came_in_one_read()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        using OnLoop loop = await OnLoop.StartAsync();
        Check.One(s_many, Property(steps => loop.RunAsync(async () =>
        {
            await new Run().PlayAsync(steps, settle: SettleAsync).ConfigureAwait(false);
            return true;
        })));

        static async Task SettleAsync(Task told)
        {
            await OnLoop.Behind();

            // Behind it there is nothing left to do, but another thread may lead the loop by now.
            await Guard.Within(told, () => "a reader to be told").ConfigureAwait(false);
        }
    }

    [Fact]
    public async Task A_failure_comes_behind_the_bytes_that_a_read_into_an_empty_buffer_has_waited_for()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        using OnLoop loop = await OnLoop.StartAsync();
        var inbox = new Http2Inbox();
        Task<int> read = null!;
        await loop.RunAsync(() =>
        {
            // One read of the connection brings both, so the reader is told when both are here.
            read = inbox.ReadAsync(Memory<byte>.Empty).AsTask();
            inbox.Append("abc"u8);
            inbox.Fail(new IOException("behind"), dropUnread: false);
        });
        Assert.Equal(0, await Guard.Within(read, () => "the read"));
        byte[] bytes = new byte[10];
        Assert.Equal(3, await inbox.ReadAsync(bytes));
        await Assert.ThrowsAsync<IOException>(async () => await inbox.ReadAsync(bytes));
    }

    [Fact]
    public async Task A_read_into_an_empty_buffer_waits_for_bytes_and_takes_none()
    {
        var inbox = new Http2Inbox();
        ValueTask<int> read = inbox.ReadAsync(Memory<byte>.Empty);
        Assert.False(read.IsCompleted);
        inbox.Append("abc"u8);
        Assert.Equal(0, await read);
        Assert.Equal(0, await inbox.ReadAsync(Memory<byte>.Empty));
        byte[] bytes = new byte[3];
        Assert.Equal(3, await inbox.ReadAsync(bytes));
        Assert.Equal("abc"u8.ToArray(), bytes);
    }

    /// <summary>The end, as the flow behind a read brings it.</summary>
    private static void End(Http2Inbox inbox)
    {
        if (inbox.End())
        {
            DeferredWork.Run(inbox);
        }
    }

    [Fact]
    public async Task A_whole_body_is_taken_at_once_if_it_is_here_and_small()
    {
        var inbox = new Http2Inbox();
        inbox.Append("abc"u8);
        Assert.False(inbox.TryTakeWhole(10, out _));
        End(inbox);
        Assert.False(inbox.TryTakeWhole(2, out _));
        Assert.True(inbox.TryTakeWhole(3, out byte[] whole));
        Assert.Equal("abc"u8.ToArray(), whole);
        Assert.False(inbox.HoldsBuffers);
        Assert.True(inbox.IsAtEnd);
        Assert.Equal(0, await inbox.ReadAsync(new byte[1]));
    }

    [Fact]
    public void A_body_that_was_cut_is_never_whole()
    {
        var inbox = new Http2Inbox();
        inbox.Append("abc"u8);
        inbox.Fail(new IOException(), dropUnread: false);
        Assert.False(inbox.TryTakeWhole(10, out _));
        Assert.False(inbox.IsAtEnd);
        inbox.Reset();
    }

    [Fact]
    public async Task Another_body_begins_with_nothing_of_the_one_before()
    {
        var inbox = new Http2Inbox();
        inbox.Append("abc"u8);
        inbox.Fail(new IOException(), dropUnread: false);
        inbox.Reset();
        Assert.False(inbox.HoldsBuffers);
        inbox.Append("x"u8);
        End(inbox);
        byte[] bytes = new byte[10];
        Assert.Equal(1, await inbox.ReadAsync(bytes));
        Assert.Equal((byte)'x', bytes[0]);
        Assert.Equal(0, await inbox.ReadAsync(bytes));
    }

    [Fact]
    public async Task Two_reads_at_once_are_refused()
    {
        var inbox = new Http2Inbox();
        ValueTask<int> first = inbox.ReadAsync(new byte[1]);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await inbox.ReadAsync(new byte[1]));
        inbox.Append("x"u8);
        Assert.Equal(1, await first);
    }

    [Fact]
    public async Task One_fills_while_another_reads_gives_up_and_reads_again()
    {
        const int Length = 200_000;
        var random = new Random(1);
        var inbox = new Http2Inbox();
        Task filling = Task.Run(() =>
        {
            for (int at = 0; at < Length;)
            {
                byte[] piece = [.. Enumerable.Range(at, Math.Min(random.Next(1, 300), Length - at)).Select(ByteAt)];
                inbox.Append(piece);
                at += piece.Length;
            }

            End(inbox);
        });
        var reading = new Random(2);
        int position = 0;
        while (true)
        {
            byte[] bytes = new byte[reading.Next(1, 500)];
            ValueTask<int> read = inbox.ReadAsync(bytes);
            if (reading.Next(4) == 0)
            {
                inbox.Withdraw(new OperationCanceledException());
            }

            int count;
            try
            {
                count = await read;
            }
            catch (OperationCanceledException)
            {
                continue;
            }

            if (count == 0)
            {
                break;
            }

            for (int i = 0; i < count; i++)
            {
                Assert.Equal(ByteAt(position++), bytes[i]);
            }
        }

        await filling;
        Assert.Equal(Length, position);
        Assert.False(inbox.HoldsBuffers);
    }

    private static Property Property(Func<Step[], Task> play)
    {
        Gen<int> counts = Gen.Frequency((1, Gen.Constant(0)), (4, Gen.Choose(1, 8)), (2, Gen.Choose(1, 300)));
        Gen<Step> steps = Gen.Frequency(
            (8, Gen.Constant(Act.Append)), (8, Gen.Constant(Act.Read)), (4, Gen.Constant(Act.Settle)), (2, Gen.Constant(Act.Withdraw)),
            (1, Gen.Elements(Act.End, Act.Fail, Act.Drop))).SelectMany(act => counts.Select(count => new Step(act, count)));
        return Prop.ForAll(
            Arb.From(steps.ListOf().Resize(40).Select(list => list.ToArray()), Shrink), run => play(run).GetAwaiter().GetResult());
    }

    private static IEnumerable<Step[]> Shrink(Step[] steps) =>
        Enumerable.Range(0, steps.Length).Select(skipped => steps.Where((_, index) => index != skipped).ToArray());

    private static byte ByteAt(int position) => (byte)((position * 31 % 251) + 1);

    /// <summary>An inbox, and what somebody who watches both sides knows of it.</summary>
    private sealed class Run
    {
        private const byte Untouched = 0;

        private readonly Http2Inbox _inbox = new();
        private readonly IOException _failure = new("the server broke off");
        private readonly OperationCanceledException _givenUp = new();
        private readonly List<(byte[] Memory, byte[] Content)> _finished = [];
        private int _appended;
        private int _read;
        private bool _ended;
        private bool _endedWell;
        private bool _failed;
        private bool _dropped;
        private byte[] _wanted = [];
        private Task<int>? _pending;
        private bool _told;
        private bool _withdrawn;

        public async Task PlayAsync(Step[] steps, Func<Task, Task> settle)
        {
            foreach (Step step in steps)
            {
                await PlayAsync(step, settle).ConfigureAwait(false);
            }

            await PlayAsync(new Step(Act.End, 0), settle).ConfigureAwait(false);
            await PlayAsync(new Step(Act.Settle, 0), settle).ConfigureAwait(false);
            while (!_dropped && _read < _appended)
            {
                await PlayAsync(new Step(Act.Read, 100), settle).ConfigureAwait(false);
                await PlayAsync(new Step(Act.Settle, 0), settle).ConfigureAwait(false);
            }

            Assert.False(_inbox.HoldsBuffers);

            // Long after: memory of reads that are over is as it was when they ended.
            Assert.All(_finished, static read => Assert.Equal(read.Content, read.Memory));
        }

        private async Task PlayAsync(Step step, Func<Task, Task> settle)
        {
            switch (step.Act)
            {
                case Act.Append when !_ended && step.Count > 0:
                    _inbox.Append([.. Enumerable.Range(_appended, step.Count).Select(ByteAt)]);
                    _appended += step.Count;
                    _told = _pending is not null;
                    break;
                case Act.Read when _pending is null:
                    _wanted = new byte[step.Count];
                    _told = _dropped || _read < _appended || _ended;
                    _pending = _inbox.ReadAsync(_wanted).AsTask();
                    Assert.True(!_told || _pending.IsCompleted, "what is there already is not waited for");
                    if (_told)
                    {
                        Check();
                    }

                    break;
                case Act.Withdraw:
                    // Too late for a read that has its outcome.
                    _withdrawn |= _pending is not null && !_told;
                    _told = _pending is not null;
                    _inbox.Withdraw(_givenUp);
                    break;
                case Act.End:
                    End(_inbox);
                    Finish(failed: false, drop: false);
                    break;
                case Act.Fail:
                    _inbox.Fail(_failure, dropUnread: false);
                    Finish(failed: true, drop: false);
                    break;
                case Act.Drop:
                    _inbox.Fail(_failure, dropUnread: true);
                    Finish(failed: true, drop: true);
                    break;
                case Act.Settle when _pending is not null && _told:
                    await settle(_pending.ContinueWith(static _ => { }, TaskScheduler.Default)).ConfigureAwait(false);
                    Check();
                    break;
                default:
                    break;
            }
        }

        private void Finish(bool failed, bool drop)
        {
            _endedWell |= !_ended && !failed;
            if (!_failed && (!_ended || drop))
            {
                _failed = failed;
                _dropped = drop;
            }

            _ended = true;
            _told = _pending is not null;
        }

        /// <summary>The read that is over did what it should.</summary>
        private void Check()
        {
            Task<int> pending = _pending!;
            _pending = null;
            Assert.True(pending.IsCompleted);
            int count = 0;
            if (_withdrawn)
            {
                _withdrawn = false;
                Assert.Same(_givenUp, ErrorOf(pending));
            }
            else if (pending.Status == TaskStatus.RanToCompletion)
            {
                count = pending.Result;
                Assert.True(count > 0 || _wanted.Length == 0 || (_endedWell && _read == _appended), "the end only where it is");
                Assert.InRange(_read + count, _read, _appended);
                for (int i = 0; i < count; i++)
                {
                    Assert.Equal(ByteAt(_read + i), _wanted[i]);
                }

                _read += count;
            }
            else
            {
                Assert.Same(_failure, ErrorOf(pending));
                Assert.True(_failed && (_dropped || _read == _appended), "a failure only behind the bytes");
            }

            Assert.All(_wanted.AsSpan(count).ToArray(), static left => Assert.Equal(Untouched, left));
            _finished.Add((_wanted, _wanted.ToArray()));
        }

        private static Exception ErrorOf(Task task) => Assert.ThrowsAny<Exception>(() => task.GetAwaiter().GetResult());
    }
}
