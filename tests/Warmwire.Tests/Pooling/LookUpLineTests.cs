using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Runtime;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>Names that are new while the system's resolver blocks: their look-ups stand in line, and nothing else does.</summary>
public sealed class LookUpLineTests : IDisposable
{
    private static readonly TimeSpan s_spare = TimeSpan.FromSeconds(1);

    private readonly ManualResetEventSlim _recovered = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private int _onThePool;
    private int _running;

    [Fact]
    public async Task Very_many_new_names_block_no_thread_of_the_pool_and_what_needs_no_look_up_goes_on()
    {
        const int Names = 200;
        using NameRig rig = Rig(NameLimits.SystemLookUps, out LookUpThreads threads);
        (await rig.Lease("known.test")).Release();
        Task<HttpConnection>[] asked = [.. Enumerable.Range(0, Names).Select(i => rig.Ask(Host(i)))];
        await Eventually.IsTrue(
            () => _running == NameLimits.SystemLookUps && threads.Counts.Waiting == Names - NameLimits.SystemLookUps, "the line is full");
        Assert.Equal(NameLimits.SystemLookUps, threads.Counts.Threads);
        Assert.Equal(0, _onThePool);

        // None of these would have a thread to run on.
        await Guard.Within(Task.WhenAll(Enumerable.Range(0, 1000).Select(static _ => Task.Run(static () => { }))), () => "The pool waits");

        StubConnection known = await rig.Lease("known.test");
        StubConnection second = await rig.Lease("known.test");
        HttpConnection literal = await Guard.Within(rig.Ask("192.0.2.9"), () => "An address waits in line");
        Assert.All([known, second, literal], static connection => connection.Release());
        Assert.Equal(Names - NameLimits.SystemLookUps, threads.Counts.Waiting);

        string[] begun = [.. _asked.Skip(1)];
        _recovered.Set();
        HttpConnection[] leased = await Guard.Within(Task.WhenAll(asked), () => $"Waited for connections; {rig.Pool.GetSnapshot()}");
        Assert.All(leased, static connection => connection.Release());
        Assert.Equal(Names + 1, _asked.Count);
        Assert.Equal(Names, begun.Union(_asked.Skip(1), StringComparer.Ordinal).Count());
        Assert.Equal(0, _onThePool);
    }

    [Fact]
    public async Task A_dial_whose_time_is_over_in_line_says_so_and_leaves_it()
    {
        using NameRig rig = Rig(2, out LookUpThreads threads);
        Task<HttpConnection>[] asked = [.. Enumerable.Range(0, 3).Select(i => rig.Ask(Host(i)))];
        await Eventually.IsTrue(() => _running == 2 && threads.Counts.Waiting == 1, "the third is in line");
        string inLine = Enumerable.Range(0, 3).Select(Host).Except(_asked).Single();
        rig.Time.Advance(TimeSpan.FromSeconds(10));
        for (int i = 0; i < 3; i++)
        {
            TransportException e = await Assert.ThrowsAsync<TransportException>(
                () => Guard.Within(asked[i], () => $"Waited for the end of the dial; {rig.Pool.GetSnapshot()}"));
            Assert.True(e.IsTimeout);
            Assert.Equal(TransportPhase.Dns, e.Phase);
            Assert.Equal(
                Host(i) == inLine
                    ? $"The name {inLine} could not be resolved within 10 s: its look-up waited for one of the 64 that the process has "
                        + "under way at a time, all with other names; see PooledHttpHandler.ConnectTimeout."
                    : $"The name {Host(i)} could not be resolved within 10 s; see PooledHttpHandler.ConnectTimeout.",
                e.Message);
        }

        await Eventually.IsTrue(() => threads.Counts.Waiting == 0, "nobody waits for the name, so the line is empty");

        // What has begun goes on and serves the next dial; what has left the line is asked for again.
        _recovered.Set();
        await Eventually.IsTrue(() => _running == 0, "the look-ups end");
        for (int i = 0; i < 3; i++)
        {
            (await rig.Lease(Host(i))).Release();
        }

        Assert.Equal(3, _asked.Count);
    }

    [Fact]
    public async Task A_dial_that_comes_while_the_last_one_leaves_the_line_does_not_fail_with_it()
    {
        using NameRig rig = Rig(1, out LookUpThreads threads);
        Task<HttpConnection> first = rig.Ask("first.test");
        await Eventually.IsTrue(() => _running == 1, "the only thread is taken");
        var name = new KnownName("second.test", rig.Settings, CancellationToken.None);
        for (int round = 0; round < 3_000; round++)
        {
            using var leaves = new CancellationTokenSource();
            using var comes = new CancellationTokenSource();
            Task<DatedAnswer> last = name.ForDialAsync(again: false, new DialWait(), leaves.Token).AsTask();
            SpinWait.SpinUntil(() => threads.Counts.Waiting == 1);

            // Real time: two threads meet, one a moment later in each round.
            int delay = round % 100;
            Task leaving = Task.Run(() =>
            {
                Thread.SpinWait(100);
                leaves.Cancel();
            });
            Thread.SpinWait(delay * 20);
            Task<DatedAnswer> next = name.ForDialAsync(again: false, new DialWait(), comes.Token).AsTask();
            await leaving;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => last);
            await Eventually.IsTrue(() => next.IsCompleted || threads.Counts.Waiting == 1, "the next is in line");
            Assert.False(next.IsCompleted, $"round {round}: {next.Exception}{(next.IsCanceled ? "cancelled" : "")}");
            await comes.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
            await Eventually.IsTrue(() => threads.Counts.Waiting == 0, "the line is empty");
        }

        _recovered.Set();
        (await Guard.Within(first, () => "It waits for its look-up")).Release();
    }

    [Fact]
    public async Task A_request_in_line_can_be_cancelled()
    {
        _ = Rig(1, out LookUpThreads threads);
        using var handler = new PooledHttpHandler { UseProxy = false, NameResolver = new SystemResolver(threads) };
        using var invoker = new HttpMessageInvoker(handler);
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage>[] sent =
        [
            .. Enumerable.Range(0, 2).Select(i => invoker.SendAsync(
                new HttpRequestMessage(HttpMethod.Get, $"http://{Host(i)}/"), cancel.Token)),
        ];
        await Eventually.IsTrue(() => _running == 1 && threads.Counts.Waiting == 1, "one is in line");
        await cancel.CancelAsync();
        foreach (Task<HttpResponseMessage> one in sent)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(one, () => "It waits for its look-up"));
        }

        // The dials are the pool's and go on, until it is disposed.
        handler.Dispose();
        await Eventually.IsTrue(() => threads.Counts.Waiting == 0, "the line is empty");
    }

    [Fact]
    public async Task Handlers_that_ask_for_a_name_at_the_same_time_share_the_look_up()
    {
        using NameRig one = Rig(4, out LookUpThreads threads);
        using var other = new NameRig(static _ => [], settings => settings.NameResolver = one.Settings.NameResolver);
        using var direct = new NameRig(
            static _ => [],
            settings =>
            {
                settings.NameResolver = one.Settings.NameResolver;
                settings.DnsRefreshInterval = Timeout.InfiniteTimeSpan;
            });
        Task<HttpConnection>[] asked = [.. new[] { one, other, direct }.SelectMany(static rig => new[] { rig.Ask(), rig.Ask() })];
        await Eventually.IsTrue(() => _running > 0, "a look-up");

        // One for each handler that keeps answers, one for each dial of the one that does not, and this.
        BlockingLookUp lookUp = threads.Join("a.test", isUrgent: false);
        await Eventually.IsTrue(() => lookUp.Waiting == 5, "all wait for the same");
        _recovered.Set();
        await Guard.Within(Task.WhenAll(asked), () => "Waited for connections");
        Assert.Single(_asked);
    }

    public void Dispose()
    {
        _recovered.Set();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _running) == 0, Guard.Limit), "the look-ups end");
        _recovered.Dispose();
    }

    private NameRig Rig(int most, out LookUpThreads threads)
    {
        LookUpThreads made = threads = new LookUpThreads(Resolve, most, s_spare);
        return new NameRig(static _ => [], settings => settings.NameResolver = new SystemResolver(made));
    }

    private IPAddress[] Resolve(string host)
    {
        _asked.Enqueue(host);
        if (Thread.CurrentThread.IsThreadPoolThread)
        {
            Interlocked.Increment(ref _onThePool);
        }

        if (host != "known.test")
        {
            Interlocked.Increment(ref _running);
            _recovered.Wait();
            Interlocked.Decrement(ref _running);
        }

        return NameRig.Addresses(1);
    }

    private static string Host(int number) => string.Create(CultureInfo.InvariantCulture, $"name{number}.test");
}
