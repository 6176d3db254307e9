using System.Collections.Concurrent;
using System.Net;
using Warmwire.Runtime;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Runtime;

public sealed class LookUpThreadsTests
{
    private static readonly IPAddress[] s_answer = [IPAddress.Loopback];

    [Fact]
    public async Task The_line_is_served_in_order_and_the_urgent_ones_first()
    {
        using var goOn = new ManualResetEventSlim();
        var order = new ConcurrentQueue<string>();
        var threads = new LookUpThreads(
            host =>
            {
                order.Enqueue(host);
                goOn.Wait();
                return s_answer;
            },
            most: 1,
            TimeSpan.FromSeconds(1));
        BlockingLookUp first = threads.Join("0", isUrgent: false);
        await Guard.Within(first.Begin, () => "It does not begin");
        BlockingLookUp[] all =
        [
            threads.Join("1", isUrgent: false), threads.Join("2", isUrgent: false), threads.Join("3", isUrgent: false),
            threads.Join("U1", isUrgent: true), threads.Join("U2", isUrgent: true),
        ];
        Assert.Same(all[1], threads.Join("2", isUrgent: false));
        Assert.Same(first, threads.Join("0", isUrgent: false));
        Assert.Equal((1, 5), threads.Counts);

        // Only the last that waits for it takes it out.
        Assert.True(threads.TryLeave(all[1]));
        Assert.Equal((1, 5), threads.Counts);
        Assert.True(threads.TryLeave(all[2]));
        Assert.Equal((1, 4), threads.Counts);
        Assert.False(threads.TryLeave(first));
        Assert.NotSame(all[2], threads.Join("3", isUrgent: false));
        goOn.Set();
        await Guard.Within(Task.WhenAll(all.Where((_, i) => i != 2).Select(static one => one.Answer)), () => "They are not served");
        await Eventually.IsTrue(() => order.Count == 6, "all are asked");
        Assert.Equal(["0", "U1", "U2", "1", "2", "3"], order);
    }

    [Fact]
    public async Task A_look_up_that_throws_fails_those_that_asked_and_nothing_else()
    {
        var threads = new LookUpThreads(
            static host => host == "bad" ? throw new InvalidOperationException(host) : s_answer, most: 1, TimeSpan.FromSeconds(1));
        Task<IPAddress[]> bad = threads.Join("bad", isUrgent: false).Answer;
        Task<IPAddress[]> good = threads.Join("good", isUrgent: false).Answer;
        Assert.Equal(s_answer, await Guard.Within(good, () => "The thread is gone"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
    }

    [Fact]
    public async Task Threads_serve_again_and_end_when_they_are_spare()
    {
        var seen = new ConcurrentDictionary<int, bool>();
        var threads = new LookUpThreads(
            _ =>
            {
                seen[Environment.CurrentManagedThreadId] = true;
                return s_answer;
            },
            most: 3,
            TimeSpan.FromMilliseconds(300));
        for (int i = 0; i < 100; i++)
        {
            await Guard.Within(threads.Join("a", isUrgent: false).Answer, () => "It is not answered");
        }

        Assert.InRange(seen.Count, 1, 3);
        await Eventually.IsTrue(() => threads.Counts.Threads == 0, "they end");
        Assert.Equal(s_answer, await Guard.Within(threads.Join("a", isUrgent: false).Answer, () => "There is no new one"));
    }

    [Fact]
    public async Task None_is_lost_while_threads_end()
    {
        // Real time: threads that end at once meet look-ups that count on them.
        var threads = new LookUpThreads(static _ => s_answer, most: 2, TimeSpan.Zero);
        for (int i = 0; i < 5_000; i++)
        {
            await Guard.Within(
                Task.WhenAll(threads.Join("a", isUrgent: false).Answer, threads.Join("b", isUrgent: i % 2 == 0).Answer),
                () => $"Round {i}: {threads.Counts}");
        }

        await Eventually.IsTrue(() => threads.Counts == (0, 0), "they end");
    }
}
